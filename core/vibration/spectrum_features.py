"""Features of the spectrum: its shape, its share in bands, and the harmonics of the shaft."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from core.vibration.feature_kinds import Feature
from core.vibration.prepared import Prepared

BANDS = 8
ORDERS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)
SPEED_TOLERANCE = 0.004  # of the speed: what a tachometer read by hand leaves
MIN_REVOLUTIONS = 16  # with fewer, half orders are not told apart
HANN_BINS = 1.5  # equivalent noise bandwidth of the Hann window


def _name(order: float) -> str:
    return f"harmonic_{order:g}x".replace(".", "_")


FEATURES = (
    *(
        Feature(name, title, unit, definition, "spectrum")
        for name, title, unit, definition in (
            (
                "spectral_centroid_hz",
                "Spectral centroid",
                "Hz",
                "sum(f P) / sum(P) over the Hann power spectrum P of the mean-removed signal, ends left out.",
            ),
            (
                "spectral_spread_hz",
                "Spectral spread",
                "Hz",
                "sqrt(sum((f - centroid)^2 P) / sum(P)), P as for the centroid.",
            ),
            (
                "spectral_entropy",
                "Spectral entropy",
                "",
                "-sum(p ln p) / ln(bins) with p = P / sum(P): 0 for one line, about 0.96 for white noise.",
            ),
            (
                "spectral_flatness",
                "Spectral flatness",
                "",
                "Geometric over arithmetic mean of P, not averaged: 0.56 for white noise, 0 for lines.",
            ),
        )
    ),
    *(
        Feature(
            f"band_energy_{band}",
            f"Energy in band {band} of {BANDS}",
            "",
            f"Share of sum(P) between {band - 1}/{BANDS} and {band}/{BANDS} of rate_hz / 2.",
            "spectrum",
        )
        for band in range(1, BANDS + 1)
    ),
    *(
        Feature(
            _name(order),
            f"Amplitude at {order:g}X",
            "signal",
            f"Peak amplitude of the largest line within 0.4 % (at least 2 bins) of {order:g} times the shaft "
            "speed, from the power of the five Hann lines around it.",
            "spectrum",
        )
        for order in ORDERS
    ),
)


def measure_spectrum_features(
    prepared: Prepared, rate_hz: float, shaft_hz: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), at shaft_hz (batch,).

    NaN where signals are shorter than 16 samples; harmonics also without a speed, beyond rate_hz / 2, and
    where the record is shorter than 16 revolutions.
    """
    if prepared.count < 16:
        return {feature.name: np.full(len(prepared), np.nan) for feature in FEATURES}
    frequency_hz = scipy.fft.rfftfreq(prepared.count, 1 / rate_hz)[1:-1]
    found = []
    # One after the other, that the passes over one's lines find them in the processor's cache.
    for lines, scale, speed_hz in zip(prepared.lines, prepared.scale, shaft_hz, strict=True):
        power = _hann_power(lines)
        amplitudes = _harmonics(power, speed_hz * prepared.count / rate_hz) * (2 * scale / prepared.count)
        found.append([*_shape(frequency_hz, power[1:-1]), *amplitudes])
    return {feature.name: values for feature, values in zip(FEATURES, np.array(found).T, strict=True)}


def _hann_power(lines: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Return the squared magnitude of the Hann spectrum, (bins,), 0 at 0 Hz and rate_hz / 2.

    The periodic Hann window is the convolution of the lines with (-1/4, 1/2, -1/4); here of twice that,
    for the mean of the window is 1/2.
    """
    hann = lines[:-2] + lines[2:]
    hann *= np.float32(-0.5)
    hann += lines[1:-1]
    power = np.zeros(lines.shape)
    np.square(np.abs(hann), out=power[1:-1])
    return power


def _shape(frequency_hz: NDArray[np.float64], power: NDArray[np.float64]) -> list[float]:
    """Return centroid, spread, entropy, flatness and the share of each band."""
    power = np.maximum(power, np.finfo(np.float64).tiny)
    total = power.sum()
    # By einsum: a product of matrices wakes the threads of BLAS, which cost more than they bring here.
    centroid = np.einsum("i,i", power, frequency_hz) / total
    squared = np.einsum("i,i,i", power, frequency_hz, frequency_hz) / total - np.square(centroid)
    logarithm = np.log(power)
    entropy = np.log(total) - np.einsum("i,i", power, logarithm) / total
    edges = np.linspace(0, len(power), BANDS + 1).astype(int)[:-1]
    return [
        centroid,
        np.sqrt(np.maximum(squared, 0.0)),
        entropy / np.log(len(power)),
        np.exp(logarithm.mean()) * len(power) / total,
        *(np.add.reduceat(power, edges) / total),
    ]


def _harmonics(power: NDArray[np.float64], shaft_bins: float) -> NDArray[np.float64]:
    """Return the height of the line at each order of the shaft, half an amplitude times the bins."""
    return np.array([_line(power, order, shaft_bins) for order in ORDERS])


def _line(power: NDArray[np.float64], order: float, shaft_bins: float) -> float:
    """Return the height of the line at an order of the shaft, whatever its place between two bins."""
    reach = max(SPEED_TOLERANCE * order * shaft_bins, 2.0)
    if not shaft_bins >= MIN_REVOLUTIONS or order * shaft_bins + reach + 3 >= len(power):
        return float("nan")
    first = int(np.ceil(order * shaft_bins - reach))
    peak = first + int(power[first : int(order * shaft_bins + reach) + 1].argmax())
    return float(np.sqrt(power[peak - 2 : peak + 3].sum() / HANN_BINS))
