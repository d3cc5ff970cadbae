"""What the checks of a data set's recordings mean, in words: the thresholds stand with each."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Check(NamedTuple):
    """One thing that recordings are looked at for."""

    title: str
    definition: str


CHECKS = {
    "unreadable": Check(
        "Unreadable",
        "the recording's file is gone, cut short or damaged, so nothing of it is measured: import or "
        "generate it again",
    ),
    "clipping": Check(
        "Clipped",
        "more than 0.1 % of the samples lie in runs of two or more at the signal's largest or smallest value",
    ),
    "offset": Check("Offset", "the mean is more than half the standard deviation away from zero"),
    "dead": Check(
        "Dead", "no vibration at all, or less than 1 % of the median RMS of the channel's other signals"
    ),
    "copy": Check("Copy", "the same samples as another signal, bit for bit"),
    "stretch": Check(
        "Shared stretch", "a stretch of several thousand samples that another signal holds too, bit for bit"
    ),
    "rate": Check("Other rate", "another sampling rate than most signals of the data set"),
    "no_rpm": Check("Speed not stated", "no shaft speed: orders and defect frequencies have no scale"),
    "no_unit": Check("Unit not stated", "no unit of the samples: levels compare within the data set only"),
    "no_bearing_id": Check(
        "Bearing not stated", "which bearing it was is not said, so no split can keep bearings apart for sure"
    ),
}


def tell_finding(finding: Mapping[str, Any]) -> str:
    """Return one finding of a measurement's results as a line."""
    _, name, what = finding["signals"][0]
    more = f"; {name}: {what}" if what else ""
    count = "1 signal" if finding["count"] == 1 else f"{finding['count']:,} signals"
    return f"{CHECKS[finding['kind']].title}, {count}{more}"
