"""What a stretch must be to be analysed at all; the message is shown where the picture would be."""

import numpy as np

from core.errors import InvalidInputError
from core.queries.waveforms import Stretch

LEAST_SAMPLES = 32


def check_stretch(stretch: Stretch, least: int = LEAST_SAMPLES) -> None:
    """Refuse too few samples, and samples that are all alike."""
    count = len(stretch.samples)
    if count < least:
        is_whole = stretch.signal.num_samples <= count
        way = "the record holds no more" if is_whole else "zoom out"
        raise InvalidInputError(f"{count} samples are in view; this needs at least {least:,}: {way}")
    if not np.isfinite(stretch.samples).all():
        raise InvalidInputError("samples in view are not finite (NaN or infinite); zoom past the gap")
    if float(np.ptp(stretch.samples)) == 0.0:
        value = float(stretch.samples[0])
        raise InvalidInputError(
            f"all {count:,} samples in view are {value:g}: nothing varies; choose another window or channel"
        )
