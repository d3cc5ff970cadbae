"""The level of a signal in one number: RMS, peak or peak-to-peak."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.vibration.inputs import check_samples
from core.vibration.spectrum import Detection, detection_gain
from core.vibration.statistics import rms


def signal_level(x: ArrayLike, detection: Detection = "rms") -> NDArray[np.float64]:
    """Return the level of a signal as it is: the mean is not removed.

    Parameters
    ----------
    x : (..., samples), real
        One signal or a batch of them.
    detection : "rms", "peak" or "peak-to-peak"
        sqrt(mean(x^2)), max(|x|) or max(x) - min(x): the true peaks of the samples, not sqrt(2) times
        the RMS.

    Returns
    -------
    (...), float64, in the unit of `x`; 0-d for one signal.

    Raises
    ------
    InvalidInputError
        Where there are no samples, one is NaN or infinite, or the detection is not known.
    """
    detection_gain(detection)
    samples = check_samples(x, 1, may_be_constant=True)
    if detection == "rms":
        return rms(samples)
    low, high = samples.min(axis=-1).astype(np.float64), samples.max(axis=-1).astype(np.float64)
    return np.asarray(high - low if detection == "peak-to-peak" else np.maximum(-low, high))
