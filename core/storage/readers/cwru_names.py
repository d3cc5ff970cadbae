"""What a CWRU file's name says of its record.

Fault names are those of the source's tables: B ball, IR inner race, OR outer race, the diameter in mils,
`@` the clock position of an outer-race fault, the load in horsepower, the record's number. The NumPy edition
(github.com/srigas/CWRU_Bearing_NumPy) names the nominal speed, the fault, the diameter without its zeros,
and the end with the rate in kHz.
"""

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from core.errors import UnreadableFileError

FAULT_NAME = re.compile(
    r"(?:(?P<rate>12|48)k_)?(?:(?P<end>Drive|Fan)_End_)?(?P<fault>B|IR|OR)(?P<mils>\d{3})"
    r"(?:@(?P<clock>3|6|12))?_(?P<load>[0-3])(?:_(?P<number>\d{1,9}))?",
    re.IGNORECASE | re.ASCII,
)
NORMAL_NAME = re.compile(
    r"(?:(?P<rate>12|48)k_)?normal(?:_baseline)?_(?P<load>[0-3])(?:_(?P<number>\d{1,9}))?",
    re.IGNORECASE | re.ASCII,
)
NUMPY_NAME = re.compile(
    r"(?P<rpm>17\d\d)_(?:Normal|(?P<fault>B|IR|OR)(?:@(?P<clock>3|6|12))?_(?P<mils>\d{1,2})_(?P<end>DE12|DE48|FE))",
    re.ASCII,
)
NOMINAL_LOADS = {"1797": "0", "1772": "1", "1750": "2", "1730": "3"}
FAULT_CLASSES = {"B": "ball", "IR": "inner_race", "OR": "outer_race"}
SEVERITIES = {"007": "incipient", "014": "moderate", "021": "severe", "028": "severe"}
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
    nominal_rpm: float | None = None


def get_label(file: str) -> Label:
    """Read the label off a file's name, or off the source's table where the name is a number."""
    label = find_label(file)
    if label is None:
        raise UnreadableFileError(
            f"{file} holds CWRU variables, but its name tells no label; name it as the "
            "source's tables do, such as 12k_Drive_End_IR007_0_105.mat, normal_0_97.mat or 105.mat"
        )
    return label


def find_label(file: str) -> Label | None:
    """Read the label off a file's name; None where it tells none."""
    stem = PurePosixPath(file).stem
    name = NUMBERS.get(int(stem), stem) if re.fullmatch(r"[0-9]{1,9}", stem) else stem
    if normal := NORMAL_NAME.fullmatch(name):
        return Label("healthy", "nominal", "normal", "drive", normal["load"], *_rate_and_number(normal))
    if edition := NUMPY_NAME.fullmatch(name):
        return _label_of_edition(edition)
    if fault := FAULT_NAME.fullmatch(name):
        rate_hz, number = _rate_and_number(fault)
        end = (fault["end"] or "drive").lower()
        label = _fault_label(fault, fault["mils"], end, fault["load"], rate_hz)
        return label and replace(label, number=number)
    return None


def _label_of_edition(match: re.Match[str]) -> Label | None:
    load, rpm = NOMINAL_LOADS.get(match["rpm"]), float(match["rpm"])
    if load is None:
        return None
    if match["fault"] is None:
        return Label("healthy", "nominal", "normal", "drive", load, 12_000.0, None, nominal_rpm=rpm)
    end, rate_hz = (
        "fan" if match["end"] == "FE" else "drive",
        48_000.0 if match["end"] == "DE48" else 12_000.0,
    )
    label = _fault_label(match, match["mils"].zfill(3), end, load, rate_hz)
    return label and replace(label, nominal_rpm=rpm)


def _fault_label(match: re.Match[str], mils: str, end: str, load: str, rate_hz: float) -> Label | None:
    if mils not in SEVERITIES:
        return None
    kind = match["fault"].upper()
    clock = f"@{match['clock']}" if match["clock"] else ""
    return Label(
        FAULT_CLASSES[kind],
        SEVERITIES[mils],
        f"{'FE ' if end == 'fan' else ''}{kind}{mils}{clock}",
        end,
        load,
        rate_hz,
        None,
        fault_size=f"0.{mils} in",
        clock_position=int(match["clock"]) if match["clock"] else None,
    )


def _rate_and_number(match: re.Match[str]) -> tuple[float, int | None]:
    rate_hz = 1000.0 * int(match["rate"] or 12)
    return rate_hz, int(match["number"]) if match["number"] else None
