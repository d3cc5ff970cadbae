"""The features that every stored record carries."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.vibration.spectrum import dominant_frequency
from core.vibration.statistics import kurtosis, rms


class Features(NamedTuple):
    """Of one channel; None where a feature is undefined."""

    rms: float | None
    kurtosis: float | None
    dominant_frequency: float | None


def measure(samples: NDArray[np.float32], rate_hz: float) -> Features:
    """Measure rms, Pearson kurtosis and dominant frequency (Hz) of one channel, (num_samples,)."""
    return Features(
        _finite(rms(samples)), _finite(kurtosis(samples)), _finite(dominant_frequency(samples, rate_hz))
    )


def _finite(value: NDArray[np.float64] | float) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
