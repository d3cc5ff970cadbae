"""Case Western Reserve University Bearing Data Center: `X<nnn>_DE_time`, `_FE_time`, `_BA_time`, `X<nnn>RPM`.

The files do not state their sampling rate or unit. Fault names are those of the source's tables:
B ball, IR inner race, OR outer race, the diameter in mils, `@` the clock position of an outer-race fault,
the load in horsepower, the record's number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnreadableFileError
from core.specs import Recording
from core.storage.readers import matfiles
from core.vibration.sampling import RateCheck, check_rate

VARIABLE = re.compile(r"X(\d{3,4})_(DE|FE|BA)_time")
FAULT_NAME = re.compile(
    r"(?:(?P<rate>12|48)k_)?(?:(?P<end>Drive|Fan)_End_)?(?P<fault>B|IR|OR)(?P<mils>\d{3})"
    r"(?:@(?P<clock>3|6|12))?_(?P<load>[0-3])(?:_(?P<number>\d+))?",
    re.IGNORECASE,
)
NORMAL_NAME = re.compile(
    r"(?:(?P<rate>12|48)k_)?normal(?:_baseline)?_(?P<load>[0-3])(?:_(?P<number>\d+))?", re.IGNORECASE
)
FAULT_CLASSES = {"B": "ball", "IR": "inner_race", "OR": "outer_race"}
SEVERITIES = {"007": "incipient", "014": "moderate", "021": "severe", "028": "severe"}
CHANNELS = ("DE", "FE", "BA")
RATES_HZ = (12_000.0, 48_000.0)
BEARING_MODELS = {"drive": "SKF 6205-2RS", "fan": "SKF 6203-2RS"}
# The names of the 12 kHz drive-end and the normal records that go by their number alone, loads 0 to 3.
NUMBERS = {
    number: f"{name}_{load}_{number}"
    for name, numbers in {
        "normal": (97, 98, 99, 100),
        "IR007": (105, 106, 107, 108),
        "B007": (118, 119, 120, 121),
        "OR007@6": (130, 131, 132, 133),
        "OR007@3": (144, 145, 146, 147),
        "OR007@12": (156, 158, 159, 160),
        "IR014": (169, 170, 171, 172),
        "B014": (185, 186, 187, 188),
        "OR014@6": (197, 198, 199, 200),
        "IR021": (209, 210, 211, 212),
        "B021": (222, 223, 224, 225),
        "OR021@6": (234, 235, 236, 237),
        "OR021@3": (246, 247, 248, 249),
        "OR021@12": (258, 259, 260, 261),
        "IR028": (3001, 3002, 3003, 3004),
        "B028": (3005, 3006, 3007, 3008),
    }.items()
    for load, number in enumerate(numbers)
}


@dataclass(frozen=True, slots=True)
class Label:
    """What a file's name says of its record."""

    fault_class: str
    severity: str
    bearing_id: str
    end: str
    load: str
    rate_hz: float
    number: int | None
    fault_size: str | None = None
    clock_position: int | None = None


def recognises(variables: Mapping[str, tuple[int, ...]]) -> bool:
    """Tell by its variables whether a file is of this source."""
    return any(VARIABLE.fullmatch(name) for name in variables)


def read(path: Path, variables: Mapping[str, tuple[int, ...]]) -> list[Recording]:
    """Read a file's channels, their label from its name and their rate checked against the shaft comb."""
    label = label_of(path)
    number, findings = _choose_set(path, label.number, variables)
    names = {channel: f"X{number}_{channel}_time" for channel in CHANNELS}
    names = {channel: name for channel, name in names.items() if name in variables}
    rpm_name = f"X{number}RPM"
    loaded = matfiles.load_variables(path, [*names.values(), *([rpm_name] if rpm_name in variables else [])])
    channels = {channel: matfiles.signal_of(path, name, loaded[name]) for channel, name in names.items()}
    rpm = matfiles.number_of(path, rpm_name, loaded[rpm_name]) if rpm_name in loaded else None
    check, found = _check_channels(channels, label.rate_hz, rpm)
    return [
        Recording(
            record=path.stem,
            channel=channel,
            samples=samples,
            rate_hz=check.rate_hz if check else label.rate_hz,
            fault_class=label.fault_class,
            severity=label.severity,
            rpm=rpm,
            load=label.load,
            bearing_model=BEARING_MODELS[label.end],
            bearing_id=label.bearing_id,
            machine_id="CWRU",
            source_file=path.name,
            meta_data=_meta_data(label, int(number), check),
            findings=(*findings, *found),
        )
        for channel, samples in channels.items()
    ]


def label_of(path: Path) -> Label:
    """Read the label off a file's name, or off the source's table where the name is a number."""
    stem = path.stem
    name = NUMBERS.get(int(stem), stem) if stem.isdecimal() else stem
    if normal := NORMAL_NAME.fullmatch(name):
        return Label("healthy", "nominal", "normal", "drive", normal["load"], *_rate_and_number(normal))
    fault = FAULT_NAME.fullmatch(name)
    if not fault or fault["mils"] not in SEVERITIES:
        raise UnreadableFileError(
            f"{path.name} holds CWRU variables, but its name tells no label; name it as the "
            "source's tables do, such as 12k_Drive_End_IR007_0_105.mat, normal_0_97.mat or 105.mat"
        )
    kind, end = fault["fault"].upper(), (fault["end"] or "drive").lower()
    clock = f"@{fault['clock']}" if fault["clock"] else ""
    return Label(
        FAULT_CLASSES[kind],
        SEVERITIES[fault["mils"]],
        f"{'FE ' if end == 'fan' else ''}{kind}{fault['mils']}{clock}",
        end,
        fault["load"],
        *_rate_and_number(fault),
        fault_size=f"0.{fault['mils']} in",
        clock_position=int(fault["clock"]) if fault["clock"] else None,
    )


def _rate_and_number(match: re.Match[str]) -> tuple[float, int | None]:
    rate_hz = 1000.0 * int(match["rate"] or 12)
    return rate_hz, int(match["number"]) if match["number"] else None


def _choose_set(
    path: Path, number: int | None, variables: Mapping[str, tuple[int, ...]]
) -> tuple[str, tuple[str, ...]]:
    """Choose the X<nnn> set that is the file's own; some files hold a neighbour's as well."""
    sets = sorted({found[1] for name in variables if (found := VARIABLE.fullmatch(name))})
    own = [digits for digits in sets if int(digits) == number] or (sets if len(sets) == 1 else [])
    if not own:
        raise UnreadableFileError(
            f"{path.name} holds the sets {', '.join('X' + digits for digits in sets)}, and its name says "
            f"{f'number {number}' if number else 'no number'}; end the name in the number of the set meant"
        )
    findings = []
    if others := [digits for digits in sets if digits != own[0]]:
        findings.append(f"took X{own[0]}, the file's own number; left out X{', X'.join(others)}")
    if number is not None and int(own[0]) != number:
        findings.append(f"the name says number {number}, the variables {int(own[0])}")
    return own[0], tuple(findings)


def _check_channels(
    channels: Mapping[str, NDArray[np.float32]], rate_hz: float, rpm: float | None
) -> tuple[RateCheck | None, tuple[str, ...]]:
    """Check the record's rate on its channels in turn, until one has a comb clear enough."""
    if rpm is None:
        return None, (f"no measured rpm: the sampling rate is taken as {rate_hz:,.0f} Hz, unchecked",)
    for channel, samples in channels.items():
        check = check_rate(samples, rate_hz, rpm, RATES_HZ)
        if check.agrees is False:
            finding = (
                f"sampled at {check.rate_hz:,.0f} Hz, not at {rate_hz:,.0f}: on {channel} the harmonics of "
                f"the shaft stand out by {check.scores[check.rate_hz]:.1f} dB there, by "
                f"{check.scores[rate_hz]:.1f} dB at {rate_hz:,.0f} Hz"
            )
            return check, (finding,)
        if check.agrees:
            break
    return check, ()


def _meta_data(label: Label, number: int, check: RateCheck | None) -> dict[str, Any]:
    meta_data: dict[str, Any] = {"source": "CWRU", "cwru_number": number, "load_unit": "hp"}
    if label.fault_size:
        meta_data["fault_size"] = label.fault_size
        meta_data["fault_end"] = label.end
    if label.clock_position:
        meta_data["clock_position"] = label.clock_position
    if check:
        scores = {f"{rate_hz:g}": round(score, 2) for rate_hz, score in check.scores.items()}
        meta_data["rate_check"] = {"claimed_hz": label.rate_hz, "agrees": check.agrees, "score_db": scores}
    return meta_data
