"""Features of the discrete wavelet transform: where in scale the energy is."""

import numpy as np
from numpy.typing import NDArray

from core.vibration.feature_kinds import Feature
from core.vibration.prepared import Prepared

WAVELET = "db4"
LEVELS = 6

FEATURES = (
    *(
        Feature(
            f"wavelet_energy_{level}",
            f"Wavelet energy, detail {level}",
            "",
            f"Share of the sum of squared coefficients in detail {level} of the Daubechies-4 transform with "
            f"periodic ends, mean removed: about rate_hz / {2 ** (level + 1)} to rate_hz / {2**level}.",
            "wavelet",
        )
        for level in range(1, LEVELS + 1)
    ),
    Feature(
        "wavelet_energy_approximation",
        "Wavelet energy, approximation",
        "",
        f"Share of that sum in approximation {LEVELS}: 0 to about rate_hz / {2 ** (LEVELS + 1)}.",
        "wavelet",
    ),
    Feature(
        "wavelet_entropy",
        "Wavelet entropy",
        "",
        f"-sum(e ln e) / ln({LEVELS + 1}) over the {LEVELS + 1} shares e: 0 for one scale, 1 for all alike.",
        "wavelet",
    ),
)


def measure_wavelet_features(prepared: Prepared) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,).

    NaN where signals are shorter than 512 samples.
    """
    if prepared.centred.shape[-1] < 8 << LEVELS:
        return {feature.name: np.full(len(prepared), np.nan) for feature in FEATURES}
    import pywt

    parts = pywt.wavedec(prepared.centred, WAVELET, mode="periodization", level=LEVELS, axis=-1)
    energy = np.stack([np.square(part).sum(axis=-1, dtype=np.float64) for part in parts])
    shares = energy / energy.sum(axis=0)  # approximation, detail 6 ... 1
    logarithm = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
    return {
        **{f"wavelet_energy_{level}": shares[-level] for level in range(1, LEVELS + 1)},
        "wavelet_energy_approximation": shares[0],
        "wavelet_entropy": -(shares * logarithm).sum(axis=0) / np.log(LEVELS + 1),
    }
