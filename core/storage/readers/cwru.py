"""Case Western Reserve University Bearing Data Center: `X<nnn>_DE_time`, `_FE_time`, `_BA_time`, `X<nnn>RPM`.

The NumPy edition of its files calls them `DE`, `FE`, `BA` and `RPM`. The files do not state their sampling
rate or unit; `cwru_names` says what their names tell.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import UnreadableFileError
from core.specs import Recording, StatedFacts
from core.storage.readers.containers import Container, number_of, samples_of
from core.storage.readers.cwru_names import Label, find_label, get_label
from core.vibration.sampling import RateCheck, check_rate

VARIABLE = re.compile(r"X([0-9]{3,4})_(DE|FE|BA)_time")
CHANNELS = ("DE", "FE", "BA")
RATES_HZ = (12_000.0, 48_000.0)
BEARING_MODELS = {"drive": "SKF 6205-2RS", "fan": "SKF 6203-2RS"}


class RecordSet(NamedTuple):
    """The variables of one record."""

    number: int | None
    channels: Mapping[str, str]  # variable by channel
    rpm: str  # variable of the speed, where it is there
    findings: tuple[str, ...] = ()


def recognises(container: Container) -> bool:
    """Tell by its variables whether a file is of this source; those of common names need its label too."""
    if any(VARIABLE.fullmatch(name) for name in container.shapes):
        return True
    return bool(set(CHANNELS) & set(container.shapes)) and find_label(container.file) is not None


def read(container: Container, _stated: StatedFacts) -> list[Recording]:
    """Read a file's channels, their label from its name and their rate checked against the shaft comb."""
    label = get_label(container.file)
    chosen = _choose_set(container, label.number)
    has_rpm = chosen.rpm in container.shapes
    loaded = container.load([*chosen.channels.values(), *([chosen.rpm] if has_rpm else [])])
    channels = {
        channel: samples_of(container.file, name, loaded.pop(name))
        for channel, name in chosen.channels.items()
    }
    rpm = number_of(container.file, chosen.rpm, loaded[chosen.rpm]) if has_rpm else None
    check, found = _check_channels(channels, label.rate_hz, rpm or label.nominal_rpm)
    return [
        Recording(
            record=PurePosixPath(container.file).stem,
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
            source_file=PurePosixPath(container.file).name,
            meta_data=_meta_data(label, chosen.number, check),
            findings=(*chosen.findings, *found),
        )
        for channel, samples in channels.items()
    ]


def _choose_set(container: Container, number: int | None) -> RecordSet:
    """Choose the X<nnn> set that is the file's own; some files hold a neighbour's as well."""
    shapes = container.shapes
    sets = sorted({found[1] for name in shapes if (found := VARIABLE.fullmatch(name))})
    if not sets:
        return RecordSet(number, {channel: channel for channel in CHANNELS if channel in shapes}, "RPM")
    own = [digits for digits in sets if int(digits) == number] or (sets if len(sets) == 1 else [])
    if not own:
        raise UnreadableFileError(
            f"{container.file} holds the sets {', '.join('X' + digits for digits in sets)}, and its name "
            f"says {f'number {number}' if number else 'no number'}; end the name in the number of that set"
        )
    findings = []
    if others := [digits for digits in sets if digits != own[0]]:
        findings.append(f"took X{own[0]}, the file's own number; left out X{', X'.join(others)}")
    if number is not None and int(own[0]) != number:
        findings.append(f"the name says number {number}, the variables {int(own[0])}")
    names = {channel: f"X{own[0]}_{channel}_time" for channel in CHANNELS}
    present = {channel: name for channel, name in names.items() if name in shapes}
    return RecordSet(int(own[0]), present, f"X{own[0]}RPM", tuple(findings))


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


def _meta_data(label: Label, number: int | None, check: RateCheck | None) -> dict[str, Any]:
    meta_data: dict[str, Any] = {"source": "CWRU", "load_unit": "hp"}
    if number is not None:
        meta_data["cwru_number"] = number
    if label.nominal_rpm:
        meta_data["nominal_rpm"] = label.nominal_rpm
    if label.fault_size:
        meta_data["fault_size"] = label.fault_size
        meta_data["fault_end"] = label.end
    if label.clock_position:
        meta_data["clock_position"] = label.clock_position
    if check:
        scores = {f"{rate_hz:g}": round(score, 2) for rate_hz, score in check.scores.items()}
        meta_data["rate_check"] = {"claimed_hz": label.rate_hz, "agrees": check.agrees, "score_db": scores}
    return meta_data
