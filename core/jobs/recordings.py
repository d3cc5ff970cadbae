"""Store one recording: samples to disk first, features beside, metadata for the row."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from core.services.datasets import StoredRecording
from core.specs import Recording
from core.storage import arrays
from core.vibration.features import Features, measure

NO_SAMPLES = np.empty(0, dtype=np.float32)


def store_recording(recording: Recording) -> StoredRecording:
    """Write the samples and measure rms, kurtosis and dominant frequency; undefined values become None."""
    stored = arrays.write(recording.samples)
    return _describe(recording, stored, measure(recording.samples, recording.rate_hz))


def store_stream(
    recording: Recording, features: Features, chunks: Iterable[arrays.Samples], num_samples: int
) -> StoredRecording:
    """Write samples that come in pieces, measured where they come from; `recording` has none of its own."""
    return _describe(recording, arrays.write_stream(chunks, num_samples), features)


def _describe(recording: Recording, stored: arrays.StoredArray, features: Features) -> StoredRecording:
    return StoredRecording(
        recording=replace(recording, samples=NO_SAMPLES),
        path=stored.path,
        checksum=stored.checksum,
        num_samples=stored.num_samples,
        **features._asdict(),
    )
