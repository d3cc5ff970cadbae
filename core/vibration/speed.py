"""The shaft's speed without a tachometer: a line of the spectrum followed through time."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.framing import segment_spectra
from core.vibration.inputs import check_rate_hz, check_samples
from core.vibration.lines import between_bins
from core.vibration.shaft import ShaftAngle

CYCLES = 8  # of the line in a segment, at least
OVERLAP = 8  # segments that a sample lies in
STANDS_OUT = 3.0  # times the median of what is about it: of noise alone the followed line reaches 2
STEP_COST = 1e-3  # of moving by one bin, so that a tie stays where it is
REFINEMENTS = 2
THINNED = 8.0  # times the line's highest frequency: the rate that is worked at, where the record's is higher
SLEWS_PER_S = (1 / 60, 1 / 15, 1 / 4, 1.0)  # of the speed, tried where none is given


@dataclass(frozen=True, slots=True)
class _Search:
    """Where a line is looked for, and how."""

    centre_hz: float
    reach_hz: float
    slew_hz_per_s: float
    rate_hz: float

    @property
    def segment(self) -> int:
        """Samples in which the line stays within about one bin, but for some cycles at least."""
        return int(np.rint(max(CYCLES / self.centre_hz, self.slew_hz_per_s**-0.5) * self.rate_hz))

    @property
    def hop(self) -> int:
        return max(self.segment // OVERLAP, 1)


def estimate_speed(
    x: ArrayLike,
    rate_hz: float,
    near_hz: float,
    *,
    order: float = 1.0,
    within: float = 0.2,
    max_slew_hz_per_s: float | None = None,
) -> ShaftAngle:
    """Return the shaft's angle from a line of its own in a vibration signal.

    The signal is first thinned to 8 times the line's highest frequency. Of the Hann spectra of overlapping
    segments the path of the largest sum of log amplitudes is taken whose steps keep to the greatest slew
    (dynamic programming), read between the bins; then the signal is shifted to 0 Hz along it, smoothed
    over a segment, and what phase is left corrects the angle, twice. Angle 0 is the record's first sample,
    not a mark on the shaft.

    Parameters
    ----------
    x : (samples,), real
    rate_hz : float
        Sampling rate.
    near_hz : float
        About how fast the shaft turns, revolutions a second.
    order : float
        Of the line that is followed: 1 for 1X, or a gear's tooth count where that stands out better.
    within : float
        How far the speed may be from `near_hz`, as a share of it, 0 to below 1.
    max_slew_hz_per_s : float
        Greatest change of speed: the lower, the longer the segments, and the less is left of the noise.
        Unless given, a 60th, a 15th, a quarter and the whole of `near_hz` a second are tried, and the one
        is kept with which the line stands out most.

    Returns
    -------
    ShaftAngle
        Over the whole record; in the first and last half segment the speed is led on in a straight line.

    Raises
    ------
    InvalidInputError
        Where no line stands out 3 times above the median about it, the line may leave the spectrum, the
        signal is shorter than two segments, constant, NaN or infinite, or the rate is none.
    """
    rate_hz = check_rate_hz(rate_hz)
    slews = [max_slew_hz_per_s] if max_slew_hz_per_s is not None else [near_hz * part for part in SLEWS_PER_S]
    shortest = _search(rate_hz, near_hz, order, within, slews[-1])
    samples = check_samples(x, int(2.1 * shortest.segment) + 1).astype(np.float64, copy=False)
    if samples.ndim != 1:
        raise InvalidInputError(f"signals of shape {samples.shape} are several; a shaft's speed needs one")
    thinner = max(int(rate_hz / (THINNED * (shortest.centre_hz + shortest.reach_hz))), 1)
    searches = [_search(rate_hz / thinner, near_hz, order, within, slew) for slew in slews]
    cycles = _cycles(_thin(samples - samples.mean(), thinner), searches)
    cycles = _between(cycles, thinner, len(samples))
    if not (np.diff(cycles) > 0).all():
        raise InvalidInputError(
            f"noise turns the line near {shortest.centre_hz:g} Hz back at times, which a shaft does not do; "
            "give another order or a lower max_slew_hz_per_s"
        )
    return ShaftAngle(0, (cycles - cycles[0]) / order, rate_hz)


def _cycles(samples: NDArray[np.float64], searches: list[_Search]) -> NDArray[np.float64]:
    """Return the cycles of the clearest line from the first sample on, (samples,)."""
    search, line_hz = _clearest(samples, searches)
    centre = np.asarray(np.arange(len(line_hz)) * search.hop + (search.segment - 1) / 2, dtype=np.float64)
    turned = np.cumsum(_led_on(centre, line_hz, len(samples))) / search.rate_hz
    cycles = np.concatenate([[0.0], turned[:-1]])
    for _ in range(REFINEMENTS):
        cycles = cycles + _phase_left(samples, cycles, search.segment)
    return np.asarray(cycles)


def _thin(samples: NDArray[np.float64], thinner: int) -> NDArray[np.float64]:
    from scipy.signal import resample_poly  # half a second that a page's start must not wait for

    return np.asarray(resample_poly(samples, 1, thinner)) if thinner > 1 else samples


def _between(cycles: NDArray[np.float64], thinner: int, count: int) -> NDArray[np.float64]:
    """Return the cycles at each of the record's own samples, (count,)."""
    from scipy.interpolate import CubicSpline  # slow to load too

    if thinner == 1:
        return cycles
    return np.asarray(CubicSpline(np.arange(len(cycles)) * thinner, cycles)(np.arange(count)))


def _search(rate_hz: float, near_hz: float, order: float, within: float, slew: float) -> _Search:
    if not (near_hz > 0 and order > 0 and 0 < within < 1 and slew > 0):
        raise InvalidInputError(
            f"near_hz={near_hz:g}, order={order:g} and max_slew_hz_per_s={slew:g} must be above 0 and "
            f"within={within:g} between 0 and 1; change them"
        )
    if not order * near_hz * (1 + within) < rate_hz / 2:
        raise InvalidInputError(
            f"the line near {order * near_hz:g} Hz may reach {order * near_hz * (1 + within):g} Hz, which "
            f"must lie below rate_hz/2 = {rate_hz / 2:,g}; follow a lower order"
        )
    return _Search(order * near_hz, order * near_hz * within, order * slew, rate_hz)


def _clearest(samples: NDArray[np.float64], searches: list[_Search]) -> tuple[_Search, NDArray[np.float64]]:
    """Return the search whose line stands out most, and the line's frequency in each of its segments."""
    found = [(search, *_follow(samples, search)) for search in searches if 2 * search.segment <= len(samples)]
    search, line_hz, clear = max(found, key=lambda each: each[2])
    if clear < STANDS_OUT:
        raise InvalidInputError(
            f"the largest line within {search.reach_hz:g} Hz of {search.centre_hz:g} Hz stands "
            f"{clear:.1f} times above what is about it, and following it needs {STANDS_OUT:g}; "
            "give another near_hz or order"
        )
    return search, line_hz


def _follow(samples: NDArray[np.float64], search: _Search) -> tuple[NDArray[np.float64], float]:
    """Return the line's frequency in each segment, in Hz, (segments,), and how far it stands out."""
    bin_hz = search.rate_hz / search.segment
    last_bin = search.segment // 2 - 1
    first = max(int((search.centre_hz - search.reach_hz) / bin_hz), 1)
    last = min(int(np.ceil((search.centre_hz + search.reach_hz) / bin_hz)), last_bin)
    around = slice(max(first - 20, 0), last + 21)
    spectra = segment_spectra(samples, search.segment, search.hop, "hann")
    amplitude = np.concatenate([np.abs(block[:, : around.stop]) for block in spectra])
    slew_bins = search.slew_hz_per_s * search.hop / search.rate_hz / bin_hz
    floor = np.finfo(np.float64).tiny
    path = first + _ridge(np.log(np.maximum(amplitude[:, first : last + 1], floor)), int(np.ceil(slew_bins)))
    rows = np.arange(len(path))
    below, height, above = (amplitude[rows, path + k] for k in (-1, 0, 1))
    clear = float(np.median(height / np.maximum(np.median(amplitude[:, around], axis=1), floor)))
    offset, _ = between_bins("hann", below, height, above)
    return np.asarray((path + offset) * bin_hz), clear


def _ridge(level: NDArray[np.float64], reach: int) -> NDArray[np.intp]:
    """Return the bin, row by row, on the path of the largest sum that moves at most `reach` a row."""
    cost = STEP_COST * np.abs(np.arange(-reach, reach + 1))
    bins, came = np.arange(level.shape[1]), []
    padded = np.full(len(bins) + 2 * reach, -np.inf)
    best, reachable = padded[reach : reach + len(bins)], sliding_window_view(padded, 2 * reach + 1)
    best[:] = level[0]
    for row in level[1:]:
        reached = reachable - cost
        step = reached.argmax(axis=1)
        came.append(bins + step - reach)
        best[:] = row + reached[bins, step]
    path = [int(best.argmax())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    return np.array(path[::-1])


def _led_on(centre: NDArray[np.float64], line_hz: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the frequency at every sample, led on in a straight line at both ends, (count,)."""
    slopes = np.gradient(line_hz, centre)
    ends = np.array([0.0, count - 1.0])
    outer = line_hz[[0, -1]] + slopes[[0, -1]] * (ends - centre[[0, -1]])
    known = np.concatenate([ends[:1], centre, ends[1:]])
    frequency_hz = np.concatenate([outer[:1], line_hz, outer[1:]])
    return np.asarray(np.interp(np.arange(count), known, frequency_hz))


def _phase_left(
    samples: NDArray[np.float64], cycles: NDArray[np.float64], segment: int
) -> NDArray[np.float64]:
    """Return by how many cycles the line leads `cycles`, smoothed over a segment, (samples,)."""
    from scipy.signal import oaconvolve  # half a second that a page's start must not wait for

    at_rest = samples * np.exp(-2j * np.pi * cycles)
    smooth = oaconvolve(at_rest, np.hanning(segment), mode="same")
    return np.asarray(np.unwrap(np.angle(smooth)) / (2 * np.pi))
