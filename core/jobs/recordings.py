"""Store one recording: samples to disk first, features beside, metadata for the row."""

import math
from dataclasses import replace

import numpy as np

from core.services.datasets import StoredRecording
from core.specs import Recording
from core.storage import arrays
from core.vibration.spectrum import dominant_frequency
from core.vibration.statistics import kurtosis, rms

NO_SAMPLES = np.empty(0, dtype=np.float32)


def store_recording(recording: Recording) -> StoredRecording:
    """Write the samples and measure rms, kurtosis and dominant frequency; undefined values become None."""
    array = arrays.write(recording.samples)
    return StoredRecording(
        recording=replace(recording, samples=NO_SAMPLES),
        path=array.path,
        checksum=array.checksum,
        num_samples=array.num_samples,
        rms=_finite(rms(recording.samples)),
        kurtosis=_finite(kurtosis(recording.samples)),
        dominant_frequency=_finite(dominant_frequency(recording.samples, recording.rate_hz)),
    )


def _finite(value: np.ndarray | float) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
