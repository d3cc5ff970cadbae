"""What a stretch must be to be analysed at all; the message is shown where the picture would be."""

import numpy as np

from core.errors import InvalidInputError
from core.queries.waveforms import Stretch
from core.vibration.inputs import LARGEST

LEAST_SAMPLES = 32
SMALLEST = 1e-15  # from lowest to highest: squares of less leave single precision


def check_stretch(stretch: Stretch, least: int = LEAST_SAMPLES) -> None:
    """Refuse too few samples, and samples that are all alike."""
    count = len(stretch.samples)
    if count < least:
        is_whole = stretch.signal.num_samples <= count
        way = "the record holds no more" if is_whole else "zoom out"
        raise InvalidInputError(f"{count} samples are in view; this needs at least {least:,}: {way}")
    if not np.isfinite(stretch.samples).all():
        raise InvalidInputError("samples in view are not finite (NaN or infinite); zoom past the gap")
    low, high = float(stretch.samples.min()), float(stretch.samples.max())
    if low == high:
        raise InvalidInputError(
            f"all {count:,} samples in view are {low:g}: nothing varies; choose another window or channel"
        )
    if high - low < SMALLEST or max(-low, high) > LARGEST:
        raise InvalidInputError(
            f"samples in view from {low:.3g} to {high:.3g} are no measurement, which varies by {SMALLEST:g} "
            f"and more and stays within ±{LARGEST:g}; rescale the record and import it again"
        )
