"""Features of the bispectrum: phase coupling at large, and between the harmonics of the shaft."""

import numpy as np
from numpy.typing import NDArray

from core.vibration.bispectrum import bicoherence, harmonic_bicoherence
from core.vibration.feature_kinds import Feature
from core.vibration.prepared import Prepared

SEGMENT_SAMPLES = 64  # 32 lines are enough for a mean
PAIRS = ((1, 1), (1, 2))

FEATURES = (
    Feature(
        "mean_bicoherence",
        "Mean bicoherence",
        "",
        f"Mean squared bicoherence over all pairs of frequencies, in segments of {SEGMENT_SAMPLES} samples: "
        "one over the number of segments for Gaussian noise.",
        "bispectrum",
    ),
    *(
        Feature(
            f"bicoherence_{one}x_{two}x",
            f"Bicoherence of {one}X and {two}X",
            "",
            f"Squared bicoherence of {one}X, {two}X and {one + two}X over segments of 8 revolutions: "
            "1 where their phases are locked.",
            "bispectrum",
        )
        for one, two in PAIRS
    ),
)


def measure_bispectrum_features(
    prepared: Prepared, rate_hz: float, shaft_hz: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), at shaft_hz (batch,).

    NaN where signals are shorter than 512 samples; those of the shaft also without a speed, where three
    times it is beyond rate_hz / 2, and below 64 revolutions.
    """
    found = {feature.name: np.full(len(prepared), np.nan) for feature in FEATURES}
    if prepared.centred.shape[-1] >= 8 * SEGMENT_SAMPLES:
        _, squared = bicoherence(prepared.centred, rate_hz, SEGMENT_SAMPLES)
        found["mean_bicoherence"] = np.nanmean(squared, axis=(-2, -1))
    for record in np.flatnonzero(shaft_hz > 0):
        values = harmonic_bicoherence(prepared.centred[record], rate_hz, float(shaft_hz[record]), PAIRS)
        for (one, two), value in zip(PAIRS, values, strict=True):
            found[f"bicoherence_{one}x_{two}x"][record] = value
    return found
