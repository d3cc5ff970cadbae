"""Sampling rates: is the one claimed true, and the way from one to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError

HARMONICS = 12  # of the shaft that are looked at
BETWEEN = (-1 / 2, -1 / 3, -1 / 4, 1 / 4, 1 / 3, 1 / 2)  # orders off a harmonic that ought to hold no line
SHARE_MISSED = 0.4  # of the harmonics a clear comb may miss; below a half, so that every second does not do
SPEED_TOLERANCE = 0.004  # of the speed: what a tachometer read by hand and a drifting motor leave
CHECKED_SAMPLES = 1 << 18  # beyond this the speed drifts more than a line is wide
TRUSTED_DB = 4.0  # a comb this clear bears out the claimed rate, or stands clear of it
ALARM_DB = 8.0  # a comb this clear at another rate contradicts it
MAX_FACTOR = 10_000  # largest numerator or denominator of a resampling ratio


@dataclass(frozen=True, slots=True)
class RateCheck:
    """What the shaft comb says of a claimed sampling rate."""

    rate_hz: float  # the claimed rate, or the one found where the comb contradicts it
    scores: Mapping[float, float]  # comb score in dB of each candidate rate in Hz
    agrees: bool | None  # None: no comb is clear enough to say


def check_rate(x: ArrayLike, rate_hz: float, rpm: float, candidates_hz: Sequence[float]) -> RateCheck:
    """Judge a claimed sampling rate by which candidate lines the shaft's harmonics up.

    At each of the first 12 harmonics of the shaft, the largest Hann spectrum line within 0.4 % of it is
    held against the largest one at the halves, thirds and quarters of an order on its two sides, in dB.
    The score of a rate is what 60 % of the harmonics reach. Noise and wrong combs score below 0: the
    fractions catch a rate two to four times too low, whose harmonics all fall on lines too, and the
    60 % a rate twice too high, where every second harmonic does. The claim holds when its score is the
    best and at least 4 dB; it is contradicted when another rate scores at least 8 dB and 4 dB more than
    it; anything else is an abstention.

    Parameters
    ----------
    x : (samples,), real
        One channel; the first 262,144 samples are used.
    rate_hz : float
        The claimed sampling rate.
    rpm : float
        Measured shaft speed, revolutions a minute.
    candidates_hz : sequence of float
        Rates it might be instead; the claimed one is added.

    Returns
    -------
    RateCheck
        A candidate for which a harmonic is not two bins off its neighbours is left unscored.
    """
    samples = np.asarray(x)[:CHECKED_SAMPLES]
    samples = samples[: scipy.fft.prev_fast_len(len(samples), real=True)].astype(np.float64)
    lines = np.abs(scipy.fft.rfft((samples - samples.mean()) * np.hanning(len(samples))))
    level_db = 20 * np.log10(np.maximum(lines, np.finfo(np.float64).tiny))
    scores = {}
    for candidate in dict.fromkeys((rate_hz, *candidates_hz)):
        score = _comb_db(level_db, rpm / 60 / candidate * len(samples))
        if score is not None:
            scores[candidate] = score
    return _judge(rate_hz, scores)


def resample(x: ArrayLike, rate_hz: float, to_hz: float) -> NDArray[np.float32]:
    """Return a signal at another sampling rate, by `scipy.signal.resample_poly` with its Kaiser filter.

    Parameters
    ----------
    x : (..., samples), real
    rate_hz, to_hz : float
        Present and wanted rate; their ratio is taken as the nearest fraction of numbers up to 10,000.

    Returns
    -------
    (..., ceil(samples * to_hz / rate_hz)), float32, in the unit of `x`; filtered in float64.

    Raises
    ------
    InvalidInputError
        Where no such fraction comes within 1e-9 of the ratio.
    """
    from scipy.signal import resample_poly  # half a second, and most imports resample nothing

    ratio = to_hz / rate_hz
    factor = Fraction(ratio).limit_denominator(MAX_FACTOR)
    if not 0 < factor.numerator <= MAX_FACTOR or abs(float(factor) / ratio - 1) > 1e-9:
        raise InvalidInputError(
            f"{rate_hz:g} Hz to {to_hz:g} Hz is no ratio of whole numbers up to {MAX_FACTOR:,}; "
            "choose a rate that is"
        )
    resampled = resample_poly(np.asarray(x, dtype=np.float64), factor.numerator, factor.denominator, axis=-1)
    return np.asarray(resampled, dtype=np.float32)


def _comb_db(level_db: NDArray[np.float64], shaft_bins: float) -> float | None:
    """Return the comb score for a shaft line `shaft_bins` bins from 0 Hz, or None if it has no room."""
    harmonics = range(1, min(HARMONICS, int(len(level_db) / shaft_bins) - 1) + 1)
    if shaft_bins < 16 or len(harmonics) < HARMONICS // 2:
        return None
    clear = [
        _peak(level_db, h * shaft_bins) - max(_peak(level_db, (h + off) * shaft_bins) for off in BETWEEN)
        for h in harmonics
    ]
    return float(np.quantile(clear, SHARE_MISSED))


def _peak(level_db: NDArray[np.float64], centre: float) -> float:
    reach = max(SPEED_TOLERANCE * centre, 2.0)
    return float(level_db[int(np.ceil(centre - reach)) : int(centre + reach) + 1].max())


def _judge(rate_hz: float, scores: Mapping[float, float]) -> RateCheck:
    claimed = scores.get(rate_hz)
    if claimed is None:
        return RateCheck(rate_hz, scores, None)
    best = max(scores, key=lambda candidate: scores[candidate])
    if best == rate_hz:
        return RateCheck(rate_hz, scores, True if claimed >= TRUSTED_DB else None)
    contradicted = scores[best] >= ALARM_DB and scores[best] - claimed >= TRUSTED_DB
    return RateCheck(best if contradicted else rate_hz, scores, False if contradicted else None)
