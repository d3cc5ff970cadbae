"""Society for Machinery Failure Prevention Technology: one struct `bearing` with sr, gs, load and rate."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UnreadableFileError
from core.specs import Recording
from core.storage.readers import matfiles
from core.vibration.sampling import check_rate

FIELDS = ("sr", "gs", "load", "rate")
DEFECTS = ("FTF", "BPFO", "BPFI", "BSF")
RATES_HZ = (48_828.0, 97_656.0)  # the two of the source
LABELS = {
    "inner_race": re.compile(r"inner[_ ]?race", re.IGNORECASE),
    "outer_race": re.compile(r"outer[_ ]?race", re.IGNORECASE),
    "healthy": re.compile(r"baseline|normal|healthy", re.IGNORECASE),
}


def recognises(variables: Mapping[str, tuple[int, ...]]) -> bool:
    """Tell by its variables whether a file is of this source."""
    return "bearing" in variables


def read(path: Path, variables: Mapping[str, tuple[int, ...]]) -> list[Recording]:
    """Read a file's one channel, its label from the name; a seeded fault's size is not stated."""
    fault_class = fault_class_of(path)
    loaded = matfiles.load_variables(path, ["bearing", *(name for name in DEFECTS if name in variables)])
    fields = _fields(path, loaded["bearing"])
    samples = matfiles.signal_of(path, "bearing.gs", fields["gs"])
    rate_hz = matfiles.number_of(path, "bearing.sr", fields["sr"])
    rpm = 60 * matfiles.number_of(path, "bearing.rate", fields["rate"])
    check = check_rate(samples, rate_hz, rpm, RATES_HZ)
    defects = {name: matfiles.number_of(path, name, loaded[name]) for name in DEFECTS if name in loaded}
    findings: tuple[str, ...] = ()
    if check.agrees is False:
        said, found = f"{rate_hz:,.0f} Hz", f"{check.rate_hz:,.0f} Hz"
        findings = (f"the file says {said}, the harmonics of the shaft {found}; kept the file's",)
    return [
        Recording(
            record=path.stem,
            channel="accelerometer",
            samples=samples,
            rate_hz=rate_hz,
            fault_class=fault_class,
            severity="nominal" if fault_class == "healthy" else "unknown",
            rpm=rpm,
            load=_text(fields["load"]),
            bearing_id=None,  # the source does not say which runs share a bearing
            machine_id="MFPT",
            source_file=path.name,
            meta_data={"source": "MFPT", "load_unit": "lb", "stated_defect_hz": defects},
            findings=findings,
        )
    ]


def fault_class_of(path: Path) -> str:
    """Read the fault class off a file's name."""
    found = [label for label, pattern in LABELS.items() if pattern.search(path.stem)]
    if len(found) != 1:
        raise UnreadableFileError(
            f"{path.name} holds an MFPT struct, but its name tells {' and '.join(found) or 'no label'}; "
            "name it as the source does, such as InnerRaceFault_vload_1.mat or baseline_1.mat"
        )
    return found[0]


def _fields(path: Path, bearing: NDArray[Any]) -> dict[str, NDArray[Any]]:
    names = bearing.dtype.names or ()
    missing = [name for name in FIELDS if name not in names]
    if missing or bearing.size != 1:
        raise UnreadableFileError(
            f"{path.name}: bearing should be one struct with {', '.join(FIELDS)}, found shape "
            f"{bearing.shape} with {', '.join(names) or 'no'} fields; "
            "check that it is an MFPT file and fetch it again"
        )
    return {name: np.asarray(bearing[name].item()) for name in FIELDS}


def _text(values: NDArray[Any]) -> str | None:
    """Return the load, which the source writes as a number or as its digits."""
    if values.size != 1 or values.dtype.kind not in "fiuU":
        return None
    value = values.item()
    return str(value).strip() or None if isinstance(value, str) else f"{value:g}"
