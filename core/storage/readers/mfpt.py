"""Society for Machinery Failure Prevention Technology: one struct `bearing` with sr, gs, load and rate."""

import re
from pathlib import PurePosixPath

from core.errors import UnreadableFileError
from core.specs import Recording, StatedFacts
from core.storage.readers.containers import Array, Container, number_of, samples_of, text_of
from core.vibration.sampling import check_rate

FIELDS = ("sr", "gs", "load", "rate")
DEFECTS = ("FTF", "BPFO", "BPFI", "BSF")
RATES_HZ = (48_828.0, 97_656.0)  # the two of the source
LABELS = {
    "inner_race": re.compile(r"inner[_ ]?race", re.IGNORECASE),
    "outer_race": re.compile(r"outer[_ ]?race", re.IGNORECASE),
    "healthy": re.compile(r"baseline|normal|healthy", re.IGNORECASE),
}


def recognises(container: Container) -> bool:
    """Tell by its variables whether a file is of this source."""
    return "bearing" in container.shapes


def read(container: Container, _stated: StatedFacts) -> list[Recording]:
    """Read a file's one channel, its label from the name; a seeded fault's size is not stated."""
    file = container.file
    fault_class = fault_class_of(file)
    fields = _load_fields(container)
    loaded = container.load(name for name in DEFECTS if name in container.shapes)
    samples = samples_of(file, "bearing.gs", fields["gs"])
    rate_hz = number_of(file, "bearing.sr", fields["sr"])
    rpm = 60 * number_of(file, "bearing.rate", fields["rate"])
    check = check_rate(samples, rate_hz, rpm, RATES_HZ)
    defects = {name: number_of(file, name, values) for name, values in loaded.items()}
    findings: tuple[str, ...] = ()
    if check.agrees is False:
        said, found = f"{rate_hz:,.0f} Hz", f"{check.rate_hz:,.0f} Hz"
        findings = (f"the file says {said}, the harmonics of the shaft {found}; kept the file's",)
    return [
        Recording(
            record=PurePosixPath(file).stem,
            channel="accelerometer",
            samples=samples,
            rate_hz=rate_hz,
            fault_class=fault_class,
            severity="nominal" if fault_class == "healthy" else "unknown",
            rpm=rpm,
            load=text_of(fields["load"]),
            bearing_id=None,  # the source does not say which runs share a bearing
            machine_id="MFPT",
            source_file=PurePosixPath(file).name,
            meta_data={"source": "MFPT", "load_unit": "lb", "stated_defect_hz": defects},
            findings=findings,
        )
    ]


def fault_class_of(file: str) -> str:
    """Read the fault class off a file's name."""
    found = [label for label, pattern in LABELS.items() if pattern.search(PurePosixPath(file).stem)]
    if len(found) != 1:
        raise UnreadableFileError(
            f"{file} holds an MFPT struct, but its name tells {' and '.join(found) or 'no label'}; "
            "name it as the source does, such as InnerRaceFault_vload_1.mat or baseline_1.mat"
        )
    return found[0]


def _load_fields(container: Container) -> dict[str, Array]:
    fields = container.load_struct("bearing")
    if set(FIELDS) - set(fields):
        raise UnreadableFileError(
            f"{container.file}: bearing should be one struct with {', '.join(FIELDS)}, found shape "
            f"{container.shapes['bearing']} with {', '.join(fields) or 'no'} fields; "
            "check that it is an MFPT file and fetch it again"
        )
    return fields
