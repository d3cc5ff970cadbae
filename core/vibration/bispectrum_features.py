"""Features of the bispectrum: phase coupling at large, and between the harmonics of the shaft."""

import numpy as np
from numpy.typing import NDArray

from core.vibration.bispectrum import bicoherence, harmonic_bicoherence
from core.vibration.feature_kinds import Feature

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
    samples: NDArray[np.float64], rate_hz: float, shaft_hz: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), of samples (batch, n) at shaft_hz (batch,).

    NaN where a signal is constant or shorter than 512 samples; those of the shaft also without a
    speed, where three times it is beyond rate_hz / 2, and below 64 revolutions.
    """
    found = {feature.name: np.full(len(samples), np.nan) for feature in FEATURES}
    varies = np.ptp(samples, axis=-1) > 0
    if samples.shape[-1] >= 8 * SEGMENT_SAMPLES and varies.any():
        _, squared = bicoherence(samples[varies], rate_hz, SEGMENT_SAMPLES)
        found["mean_bicoherence"][varies] = np.nanmean(squared, axis=(-2, -1))
    for record in np.flatnonzero(varies & (shaft_hz > 0)):
        values = harmonic_bicoherence(samples[record], rate_hz, float(shaft_hz[record]), PAIRS)
        for (one, two), value in zip(PAIRS, values, strict=True):
            found[f"bicoherence_{one}x_{two}x"][record] = value
    return found
