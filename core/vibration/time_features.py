"""Features of the samples themselves: moments, peaks and the factors between them."""

import numpy as np
from numpy.typing import NDArray

from core.vibration.feature_kinds import Feature

BLOCK_SAMPLES = 1 << 13  # of each signal in one pass: a few signals' stay in the processor's cache

FEATURES = tuple(
    Feature(name, title, unit, definition, "time")
    for name, title, unit, definition in (
        ("mean", "Mean", "signal", "Arithmetic mean of the samples."),
        ("rms", "RMS", "signal", "sqrt(mean(x^2)), the mean not removed."),
        (
            "standard_deviation",
            "Standard deviation",
            "signal",
            "sqrt(mean((x - mean)^2)), the biased estimate (divided by n).",
        ),
        ("mean_absolute", "Mean of the absolute value", "signal", "mean(|x|), the mean not removed."),
        ("peak", "Peak", "signal", "max(|x|), the mean not removed."),
        ("peak_to_peak", "Peak to peak", "signal", "max(x) - min(x)."),
        ("skewness", "Skewness", "", "m3 / m2^1.5 with the biased central moments; 0 for a Gaussian."),
        (
            "kurtosis",
            "Kurtosis (Pearson)",
            "",
            "m4 / m2^2 with the biased central moments; 3 for a Gaussian.",
        ),
        ("crest_factor", "Crest factor", "", "max(|x|) / rms; sqrt(2) for a sine."),
        ("shape_factor", "Shape factor", "", "rms / mean(|x|); pi / (2 sqrt(2)) for a sine."),
        ("impulse_factor", "Impulse factor", "", "max(|x|) / mean(|x|); pi / 2 for a sine."),
        ("clearance_factor", "Clearance factor", "", "max(|x|) / mean(sqrt(|x|))^2."),
        (
            "zero_crossing_rate_hz",
            "Zero-crossing rate",
            "Hz",
            "Changes of the sign of x - mean per second; twice the frequency of a sine.",
        ),
    )
)


def measure_time_features(samples: NDArray[np.float64], rate_hz: float) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), of samples (batch, n).

    Raises nothing: the ratios of a constant signal are NaN, for a level is no vibration.
    """
    count = samples.shape[-1]
    high, low = samples.max(axis=-1), samples.min(axis=-1)
    mean = samples.mean(axis=-1)
    mean_absolute, mean_root, mean_square = _magnitudes(samples) / count
    rms = np.sqrt(mean_square)
    peak = np.maximum(high, -low)
    varies = high > low
    return {
        "mean": mean,
        "rms": rms,
        "mean_absolute": mean_absolute,
        "peak": peak,
        "peak_to_peak": high - low,
        **_central(samples, mean, varies, rate_hz),
        "crest_factor": _ratio(peak, rms, varies),
        "shape_factor": _ratio(rms, mean_absolute, varies),
        "impulse_factor": _ratio(peak, mean_absolute, varies),
        "clearance_factor": _ratio(peak, mean_root**2, varies),
    }


def _magnitudes(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of |x|, sqrt(|x|) and x^2, (3, batch)."""
    total = np.zeros((3, len(samples)))
    for first in range(0, samples.shape[-1], BLOCK_SAMPLES):
        block = samples[:, first : first + BLOCK_SAMPLES]
        total[2] += np.einsum("bi,bi->b", block, block)
        magnitude = np.abs(block)
        total[0] += magnitude.sum(axis=-1)
        total[1] += np.sqrt(magnitude, out=magnitude).sum(axis=-1)
    return total


def _central(
    samples: NDArray[np.float64], mean: NDArray[np.float64], varies: NDArray[np.bool_], rate_hz: float
) -> dict[str, NDArray[np.float64]]:
    count = samples.shape[-1]
    moments = np.zeros((3, len(samples)))
    negative = np.empty(samples.shape, dtype=np.bool_)
    for first in range(0, count, BLOCK_SAMPLES):
        part = slice(first, first + BLOCK_SAMPLES)
        centred = samples[:, part] - mean[:, None]
        np.signbit(centred, out=negative[:, part])
        square = np.square(centred)
        moments[0] += square.sum(axis=-1)
        moments[1] += np.einsum("bi,bi->b", square, centred)
        moments[2] += np.einsum("bi,bi->b", square, square)
    second, third, fourth = moments / count
    crossings = np.count_nonzero(negative[:, 1:] != negative[:, :-1], axis=-1)
    return {
        "standard_deviation": np.sqrt(second),
        "skewness": _ratio(third, second**1.5, varies),
        "kurtosis": _ratio(fourth, second**2, varies),
        "zero_crossing_rate_hz": _ratio(crossings * rate_hz, np.full(len(crossings), float(count)), varies),
    }


def _ratio(
    over: NDArray[np.float64], under: NDArray[np.float64], defined: NDArray[np.bool_]
) -> NDArray[np.float64]:
    defined = defined & (under > 0)
    return np.where(defined, over / np.where(defined, under, 1.0), np.nan)
