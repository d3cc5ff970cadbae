"""Combs of a bearing's defect frequencies in the squared envelope spectrum, and whether one stands out.

No band is chosen: the spectrum is whitened, each line divided by the level of its neighbourhood, so that
every resonance has its say and no strong one outshouts the others; the squared envelope of the whole is
looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.bearings import DefectOrders

CombKind = Literal["bpfo", "bpfi", "bsf2", "ftf"]
KINDS: tuple[CombKind, ...] = ("bpfo", "bpfi", "bsf2", "ftf")
TITLES = {"bpfo": "BPFO", "bpfi": "BPFI", "bsf2": "2xBSF", "ftf": "FTF"}
MAX_SLIP = 0.02  # of a defect frequency: what sliding elements and a tachometer read by hand leave
SCORED = 3  # harmonics whose mean is the score: random slip smears the higher ones
LOOKED_AT = 8  # harmonics that are counted
TOP = LOOKED_AT + 0.5  # multiples of BPFI that the spectrum is wanted up to
REACH = 2  # bins to either side in which a harmonic's peak may lie
FOUND_DB = 10.0  # a peak of noise in five bins is that far above the median once in 200
STANDS_OUT_DB = 10.0  # what noise scores once in 100 records of a minute, in 1,000 of ten seconds
MIN_ORDER, MAX_ORDER = 0.01, 1000.0  # no cage is that slow, no bearing strikes that often in a turn
MIN_REVOLUTIONS = 16  # with fewer, the shaft's own lines cover what lies between them


@dataclass(frozen=True, slots=True)
class CombScore:
    """How clearly one defect frequency and its harmonics stand out."""

    kind: CombKind
    order: float  # of the shaft, without slip
    frequency_hz: float  # as found, slip included
    slip: float  # found / expected - 1
    snr_db: float  # mean over the first 3 harmonics of peak over local median; NaN where there is no room
    harmonics_found: int  # of those looked at, the ones 10 dB over the local median
    harmonics_looked_at: int

    def describe(self) -> str:
        """Return it in words: BPFI: 6 of 8 harmonics, 18 dB."""
        found = f"{self.harmonics_found} of {self.harmonics_looked_at} harmonics"
        return f"{TITLES[self.kind]}: {found}, {self.snr_db:.0f} dB"


def score_combs(x: ArrayLike, rate_hz: float, rpm: float, orders: DefectOrders) -> tuple[CombScore, ...]:
    """Score the combs of outer race, inner race, ball (2 x BSF) and cage in one signal.

    In the whitened squared envelope spectrum (`whitened_envelope_spectrum`, over 2 x BPFI), the lines at
    multiples of the shaft speed, 2 bins or 0.1 % to either side, are set aside. A harmonic's
    height is its largest line within 2 bins over the median of the lines less than 0.45 of a shaft order
    away, in dB. One slip, within 2 %, is common to all harmonics of a comb: the one that makes the
    mean height of the first three largest, and that mean is the score.

    Parameters
    ----------
    x : (n,), real
        One channel at constant speed, at least 16 revolutions of the shaft.
    rate_hz : float
        Sampling rate.
    rpm : float
        Shaft speed, revolutions a minute.
    orders : DefectOrders

    Returns
    -------
    tuple of four CombScore
        In the order of `KINDS`, whatever their score; `choose_comb` says which one stands out.

    Raises
    ------
    InvalidInputError
        For a signal that is too short or constant, a speed that is not positive, or orders that no
        bearing has.
    """
    samples = np.asarray(x)
    if not 0 < rpm < np.inf:
        raise InvalidInputError(f"rpm={rpm:g} must be positive; combs are looked for in orders of the shaft")
    if not are_possible(orders):
        raise InvalidInputError(
            f"{orders} must lie between {MIN_ORDER:g} and {MAX_ORDER:g} times a turn; mend the bearing"
        )
    shaft_hz = rpm / 60
    if len(samples) * shaft_hz / rate_hz < MIN_REVOLUTIONS:
        raise InvalidInputError(
            f"{len(samples)} samples are {len(samples) * shaft_hz / rate_hz:.1f} revolutions at {rpm:g} rpm; "
            f"combs want at least {MIN_REVOLUTIONS}"
        )
    if np.ptp(samples) == 0:
        raise InvalidInputError("a constant signal has no combs; give a signal that varies")
    width_hz, max_hz = 2 * orders.bpfi * shaft_hz, TOP * orders.bpfi * shaft_hz
    frequency_hz, amplitude = whitened_envelope_spectrum(samples, rate_hz, width_hz, max_hz)
    return score_spectrum(amplitude, float(frequency_hz[1]), shaft_hz, orders)


def are_possible(orders: DefectOrders) -> bool:
    """Tell whether all four orders are such as bearings have: from 0.01 to 1000."""
    return all(MIN_ORDER <= getattr(orders, kind) <= MAX_ORDER for kind in KINDS)


def choose_comb(scores: Sequence[CombScore]) -> CombScore | None:
    """Return the comb of the highest score, or None where it does not stand out.

    It does when it scores 10 dB and two harmonics of it are found.
    """
    best = max(scores, key=lambda score: np.nan_to_num(score.snr_db, nan=-np.inf))
    return best if best.snr_db >= STANDS_OUT_DB and best.harmonics_found >= 2 else None


def whitened_envelope_spectrum(
    x: ArrayLike, rate_hz: float, width_hz: float, max_hz: float = np.inf
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Hann squared envelope spectrum of the whitened signal.

    Each line of the signal's spectrum is divided by the root of the mean power within width_hz / 2 of it;
    the squared envelope of the whole, relative to its mean, is windowed and transformed.

    Parameters
    ----------
    x : (n,), real
        Worked on in single precision, once its mean is removed; a few samples at its end may be left out,
        for speed.
    rate_hz : float
        Sampling rate.
    width_hz : float
        Wide enough that a comb of sidebands is left standing in it.
    max_hz : float
        Where the spectrum may end; the lines below do not change, they come cheaper.

    Returns
    -------
    frequency_hz : (bins,), float64
        From 0 to max_hz or rate_hz / 2, whichever is less.
    amplitude : (bins,), float64
        Peak amplitude over the mean squared envelope: dimensionless.
    """
    samples = np.asarray(x)
    count = scipy.fft.prev_fast_len(len(samples), real=True)
    centred = samples[:count] - samples[:count].mean(dtype=np.float64)
    lines = scipy.fft.rfft((centred / np.abs(centred).max()).astype(np.float32))
    amplitude = whitened_envelope_spectra(lines[None], count, rate_hz, np.array([width_hz]), max_hz)[0]
    return np.arange(len(amplitude)) * (rate_hz / count), amplitude


def whitened_envelope_spectra(
    lines: NDArray[np.complex64], count: int, rate_hz: float, width_hz: NDArray[np.float64], max_hz: float
) -> NDArray[np.float64]:
    """Return the amplitudes of `whitened_envelope_spectrum`, (batch, bins), a rate_hz / count apart.

    From the lines, (batch, count // 2 + 1), of a batch of signals whose largest magnitude is about 1, the
    rfft of count samples, and a width for each.
    """
    width = np.clip(np.rint(width_hz / rate_hz * count), 3, count).astype(int)  # count: the whole, mirrored
    white = np.stack([_whiten(*given) for given in zip(lines, width, strict=True)])
    # So many samples that what is aliased in the squared envelope stays above the bins that are kept.
    bins = int(min(max_hz / rate_hz, 0.5) * count) + 1
    length = min(scipy.fft.next_fast_len(lines.shape[-1] + bins + 1, real=True), count)
    analytic = scipy.fft.ifft(white, length, axis=-1)
    squared = np.square(np.abs(analytic))
    squared /= squared.mean(axis=-1, keepdims=True)
    squared -= 1
    plain = scipy.fft.rfft(squared, axis=-1)[:, : bins + 1]
    # The periodic Hann window is the convolution of the lines with (-1/4, 1/2, -1/4).
    hann = plain.copy()
    hann[:, 1:-1] -= (plain[:, :-2] + plain[:, 2:]) / 2
    return np.asarray(np.abs(hann[:, :bins]).astype(np.float64) * (2 / length))


def score_spectrum(
    amplitude: NDArray[np.float64], bin_hz: float, shaft_hz: float, orders: DefectOrders
) -> tuple[CombScore, ...]:
    """Score the four combs in a squared envelope spectrum, (bins,), as `score_combs` says."""
    lines = amplitude[: int(TOP * orders.bpfi * shaft_hz / bin_hz) + 1]
    level_db = 20 * np.log10(np.maximum(lines, np.finfo(np.float64).tiny))
    _set_shaft_aside(level_db, shaft_hz / bin_hz)
    return tuple(_score(kind, getattr(orders, kind), level_db, shaft_hz, bin_hz) for kind in KINDS)


def _score(
    kind: CombKind, order: float, level_db: NDArray[np.float64], shaft_hz: float, bin_hz: float
) -> CombScore:
    harmonics = _harmonics_with_room(order * shaft_hz, (len(level_db) - 1) * bin_hz - shaft_hz / 2)
    if len(harmonics) < 2:
        return CombScore(kind, order, order * shaft_hz, 0.0, np.nan, 0, 0)
    centre = harmonics * order * shaft_hz / bin_hz
    background = np.array([_median_near(level_db, place, 0.45 * shaft_hz / bin_hz) for place in centre])
    scored = slice(0, SCORED)
    steps = int(np.ceil(MAX_SLIP * centre[scored][-1]))  # a bin at the highest harmonic that is scored
    slips = np.linspace(-MAX_SLIP, MAX_SLIP, 2 * steps + 1)
    heights = _peaks(level_db, centre[scored], slips) - background[scored, None]
    mean_db = np.maximum(heights, 0.0).mean(axis=0)
    # Slips that reach the same peaks share the largest score; the middle one points at them.
    tied = np.flatnonzero(mean_db >= mean_db.max() - 1e-9)
    best = int(tied[len(tied) // 2])
    found = (_peaks(level_db, centre, slips[best : best + 1])[:, 0] - background) >= FOUND_DB
    return CombScore(
        kind,
        order,
        order * shaft_hz * (1 + float(slips[best])),
        float(slips[best]),
        float(mean_db[best]),
        int(found.sum()),
        len(harmonics),
    )


def _harmonics_with_room(frequency_hz: float, top_hz: float) -> NDArray[np.float64]:
    """Return the numbers of the harmonics to look at, those whose neighbourhood the spectrum holds."""
    return np.arange(1.0, min(LOOKED_AT, int(top_hz / (frequency_hz * (1 + MAX_SLIP)))) + 1)


def _peaks(
    level_db: NDArray[np.float64], centre: NDArray[np.float64], slips: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the largest line within reach of each centre under each slip, (centres, slips)."""
    place = np.rint(centre[:, None] * (1 + slips)).astype(int)[..., None] + np.arange(-REACH, REACH + 1)
    near = level_db[np.clip(place, 0, len(level_db) - 1)]
    return np.asarray(np.fmax.reduce(near, axis=-1, initial=-np.inf))


def _median_near(level_db: NDArray[np.float64], centre: float, reach: float) -> float:
    near = np.sort(level_db[max(int(centre - reach), 0) : int(centre + reach) + 1])  # NaN come last
    known = len(near) - np.count_nonzero(np.isnan(near))
    return float(near[(known - 1) // 2] + near[known // 2]) / 2


def _set_shaft_aside(level_db: NDArray[np.float64], shaft_bins: float) -> None:
    """Have NaN in the bins at 0 Hz and at multiples of the shaft speed."""
    for multiple in range(int(len(level_db) / shaft_bins) + 2):
        centre = multiple * shaft_bins
        reach = max(REACH, 0.001 * centre)
        level_db[max(int(np.ceil(centre - reach)), 0) : int(centre + reach) + 1] = np.nan


def _whiten(lines: NDArray[np.complex64], width: int) -> NDArray[np.complex64]:
    """Return lines over the root of the mean power of so many bins around, 0 at 0 Hz."""
    from scipy.ndimage import uniform_filter1d

    power = np.square(np.abs(lines))
    level = np.sqrt(np.maximum(uniform_filter1d(power, width, mode="reflect"), np.float32(0)))
    white = lines * (1 / np.maximum(level, 1e-7 * level.max()))
    white[0] = 0
    return np.asarray(white)
