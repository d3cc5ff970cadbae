"""Recordings of no known source: each one-dimensional variable is a channel, facts stand beside."""

import math
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from core.errors import UnreadableFileError
from core.specs import Recording, StatedFacts
from core.storage.readers import limits
from core.storage.readers.containers import FACTS, Container, samples_of, text_of

UNKNOWN = "unknown"
NEEDED = ("rate_hz", "fault_class")
OPTIONS = {name: f"--{name.replace('_', '-')}" for name in FACTS}


def recognises(container: Container) -> bool:
    """Tell whether a file holds any variable that can be a channel."""
    return bool(_list_channels(container))


def read(container: Container, stated: StatedFacts) -> list[Recording]:
    """Read each one-dimensional variable as a channel of one record."""
    channels = _list_channels(container)
    of_file = {**container.attributes, **_load_facts(container)}
    left_out = sorted(set(container.shapes) - set(channels) - set(FACTS))
    finding = f"left out {', '.join(left_out[:8])}: no one-dimensional numbers"
    recordings = []
    for channel in channels:
        limits.check_name(container.file, "a variable", channel)
        facts = _settle(container, channel, of_file, stated)
        recordings.append(
            Recording(
                record=PurePosixPath(container.file).stem,
                channel=channel,
                samples=samples_of(container.file, channel, container.load([channel])[channel]),
                source_file=PurePosixPath(container.file).name,
                meta_data={"source": "plain"},
                findings=(finding,) if left_out else (),
                **facts,
            )
        )
    return recordings


def _list_channels(container: Container) -> list[str]:
    return [
        name
        for name, shape in container.shapes.items()
        if name not in FACTS and math.prod(shape) > 1 and math.prod(shape) == max(shape, default=0)
    ]


def _load_facts(container: Container) -> dict[str, str | float]:
    """Load the variables that tell a fact, each one number or one text."""
    facts: dict[str, str | float] = {}
    for name, values in container.load(name for name in FACTS if name in container.shapes).items():
        is_number = values.size == 1 and values.dtype.kind in "fiu"
        value = float(values.item()) if is_number else text_of(values)
        if value is None:
            raise UnreadableFileError(
                f"{container.file}: {name} should be one number or one text, found {values.dtype} of shape "
                f"{values.shape}; mend it in the source and export again"
            )
        facts[name] = value
    return facts


def _settle(
    container: Container, channel: str, of_file: Mapping[str, str | float], stated: StatedFacts
) -> dict[str, Any]:
    """Bring together what the channel, the file and the person say; two of them may not differ."""
    of_channel = container.variable_attributes.get(channel, {})
    found = {name: value for name, value in {**of_file, **of_channel}.items() if name in FACTS}
    try:
        in_file = StatedFacts.model_validate(
            {
                name: f"{value:g}" if name == "load" and isinstance(value, float) else value
                for name, value in found.items()
            }
        ).model_dump(exclude_none=True)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(map(str, problem["loc"]))
        raise UnreadableFileError(
            f"{container.file}: {name} is {found.get(name)!r} ({problem['msg']}); mend it in the source and "
            "export again"
        ) from error
    told = stated.model_dump(exclude_none=True)
    if differing := [name for name in told if in_file.get(name, told[name]) != told[name]]:
        name = differing[0]
        raise UnreadableFileError(
            f"{container.file} says {name} {in_file[name]!r} of {channel}, and {OPTIONS[name]} says "
            f"{told[name]!r}; leave the option out or mend the file"
        )
    facts = {**in_file, **told}
    if missing := [name for name in NEEDED if name not in facts]:
        raise UnreadableFileError(
            f"{container.file} is of no known source and does not say its {' and '.join(missing)}: give it "
            f"with {' and '.join(OPTIONS[name] for name in missing)}, among the facts of the import panel, "
            "or store it in the file as a variable or attribute of that name; a class not known yet is "
            "called unknown"
        )
    facts.setdefault("severity", "nominal" if facts["fault_class"] == "healthy" else UNKNOWN)
    return facts
