"""A signal cut into overlapping segments, and the spectra of these: what averages and maps are made of."""

from collections.abc import Iterator

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.errors import InvalidInputError
from core.vibration.inputs import Real
from core.vibration.windows import window_weights

BLOCK_SAMPLES = 1 << 18  # transformed at a time: a few megabytes whatever the signal's length
SHORTEST_SEGMENT = 16


def hop_samples(num_samples: int, segment: int, overlap: float) -> int:
    """Return by how many samples one segment starts after another, or refuse what cannot be cut so.

    Parameters
    ----------
    num_samples, segment : int
        Of the signal, and of each segment of it.
    overlap : float
        Share of a segment that the next one covers again, 0 to below 1.

    Raises
    ------
    InvalidInputError
        Where a segment is shorter than 16 samples or longer than the signal, or the overlap is no share.
    """
    if not SHORTEST_SEGMENT <= segment <= num_samples:
        raise InvalidInputError(
            f"segment={segment:,} samples must lie between {SHORTEST_SEGMENT} and the signal's "
            f"{num_samples:,}; change it or take a longer window"
        )
    if not 0 <= overlap < 1:
        raise InvalidInputError(f"overlap={overlap:g} must be 0 or more and below 1; 0.5 is usual")
    return max(segment - round(overlap * segment), 1)


def count_segments(num_samples: int, segment: int, hop: int) -> int:
    """Return how many whole segments the signal holds; samples after the last are left out."""
    return (num_samples - segment) // hop + 1


def segment_spectra(
    samples: Real, segment: int, hop: int, window: str
) -> Iterator[NDArray[np.complexfloating]]:
    """Yield the spectra of consecutive segments, block by block.

    Each segment's mean is removed and the window applied; the transform is not scaled.

    Parameters
    ----------
    samples : (..., samples), float64 or float32

    Yields
    ------
    (..., segments, segment // 2 + 1), complex128 or complex64
    """
    weights = window_weights(window, segment, samples.dtype)
    segments = sliding_window_view(samples, segment, axis=-1)[..., ::hop, :]
    signals = max(samples.size // samples.shape[-1], 1)
    together = max(BLOCK_SAMPLES // (segment * signals), 1)
    for first in range(0, segments.shape[-2], together):
        block = segments[..., first : first + together, :]
        windowed = block - block.mean(axis=-1, keepdims=True)
        windowed *= weights
        yield scipy.fft.rfft(windowed, axis=-1, overwrite_x=True)
