"""A record beside another: how their spectra differ, and how far one follows the other."""

from core.errors import InvalidInputError
from core.queries.analyses.checks import check_stretch
from core.queries.analyses.lines import Lines, Reals
from core.queries.waveforms import Stretch
from core.vibration.comparison import coherence, spectrum_difference

AVERAGES = 16  # half-overlapping segments, at least
MOST_SEGMENT = 4096  # samples: no more lines than a figure shows one by one
LEAST_SAMPLES = 1024


def view_difference(first: Stretch, second: Stretch) -> Lines:
    """Return how much higher each line of the second record is, in dB."""
    if first.signal.unit != second.signal.unit:
        units = " and ".join(each.signal.unit or "an unknown unit" for each in (first, second))
        raise InvalidInputError(f"the records are in {units}, and lines are compared in one: choose another")
    _check(first, second)
    found = spectrum_difference(
        first.samples, second.samples, (first.rate_hz, second.rate_hz), _segment(first, second)
    )
    averages = 2 * len(second.samples) // _segment(first, second) - 1
    return _lines(found.change_db, float(found.frequency_hz[1]), "dB", first, averages)


def view_coherence(first: Stretch, second: Stretch) -> Lines:
    """Return the magnitude-squared coherence of two channels of one record, 0 to 1."""
    if (first.signal.dataset_id, first.signal.record) != (second.signal.dataset_id, second.signal.record):
        raise InvalidInputError(
            f"{first.signal.record} and {second.signal.record} were not measured together; coherence is of "
            "two channels of one record: choose another channel of this one beside it"
        )
    _check(first, second)
    found = coherence(first.samples, second.samples, (first.rate_hz, second.rate_hz), _segment(first, second))
    return _lines(found.coherence, float(found.frequency_hz[1]), "0 to 1", first, found.num_averages)


def _check(first: Stretch, second: Stretch) -> None:
    for each in (first, second):
        check_stretch(each, LEAST_SAMPLES)


def _segment(first: Stretch, second: Stretch) -> int:
    return min(2 * min(len(first.samples), len(second.samples)) // (AVERAGES + 1), MOST_SEGMENT)


def _lines(values: Reals, step: float, unit: str, stretch: Stretch, averages: int) -> Lines:
    return Lines(
        amplitude=values,
        step=step,
        axis="frequency_hz",
        unit=unit,
        words=f"{stretch.words()} · Hann · {averages} averages",
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
    )
