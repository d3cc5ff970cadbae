"""Features of the spectrum: its shape, its share in bands, and the harmonics of the shaft."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from core.vibration.feature_kinds import Feature

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
    samples: NDArray[np.float64], rate_hz: float, shaft_hz: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), of samples (batch, n) at shaft_hz (batch,).

    NaN where a signal is constant or shorter than 16 samples; harmonics also without a speed, beyond
    rate_hz / 2, and where the record is shorter than 16 revolutions.
    """
    varies = np.ptp(samples, axis=-1) > 0
    if samples.shape[-1] < 16:
        return {feature.name: np.full(len(samples), np.nan) for feature in FEATURES}
    frequency_hz = scipy.fft.rfftfreq(samples.shape[-1], 1 / rate_hz)
    power = _hann_power(samples)
    found = _shape(frequency_hz[1:-1], power[:, 1:-1]) | _harmonics(power, frequency_hz[1], shaft_hz)
    return {name: np.where(varies, values, np.nan) for name, values in found.items()}


def _hann_power(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared one-sided Hann amplitude spectrum, in single precision but for its scale.

    The periodic Hann window is the convolution of the lines with (-1/4, 1/2, -1/4). Its two ends, 0 Hz and
    rate_hz / 2, are set to 0.
    """
    centred = samples - samples.mean(axis=-1, keepdims=True)
    largest = np.maximum(np.abs(centred).max(axis=-1, keepdims=True), np.finfo(np.float64).tiny)
    lines = scipy.fft.rfft((centred / largest).astype(np.float32), axis=-1)
    hann = lines[:, 1:-1] - (lines[:, :-2] + lines[:, 2:]) / 2
    power = np.zeros(lines.shape)
    power[:, 1:-1] = np.square(hann.real) + np.square(hann.imag)
    power *= np.square(2 / samples.shape[-1] * largest)
    return power


def _shape(frequency_hz: NDArray[np.float64], power: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    power = np.maximum(power, np.finfo(np.float64).tiny)  # a constant signal's is 0
    total = power.sum(axis=-1)
    # By einsum: a product of matrices wakes the threads of BLAS, which cost more than they bring here.
    centroid = np.einsum("bi,i->b", power, frequency_hz) / total
    squared = np.einsum("bi,i->b", power, np.square(frequency_hz)) / total - np.square(centroid)
    logarithm = np.log(power)
    bits = np.log(total) - np.einsum("bi,bi->b", power, logarithm) / total
    edges = np.linspace(0, power.shape[-1], BANDS + 1).astype(int)[:-1]
    shares = np.add.reduceat(power, edges, axis=-1) / total[:, None]
    return {
        "spectral_centroid_hz": centroid,
        "spectral_spread_hz": np.sqrt(np.maximum(squared, 0.0)),
        "spectral_entropy": bits / np.log(power.shape[-1]),
        "spectral_flatness": np.exp(logarithm.mean(axis=-1)) * power.shape[-1] / total,
    } | {f"band_energy_{band + 1}": shares[:, band] for band in range(BANDS)}


def _harmonics(
    power: NDArray[np.float64], bin_hz: float, shaft_hz: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    return {
        _name(order): np.array(
            [_line(row, order, speed / bin_hz) for row, speed in zip(power, shaft_hz, strict=True)]
        )
        for order in ORDERS
    }


def _line(power: NDArray[np.float64], order: float, shaft_bins: float) -> float:
    """Return the amplitude of the line at an order of the shaft, whatever its place between two bins."""
    reach = max(SPEED_TOLERANCE * order * shaft_bins, 2.0)
    if not shaft_bins >= MIN_REVOLUTIONS or order * shaft_bins + reach + 3 >= len(power):
        return float("nan")
    first = int(np.ceil(order * shaft_bins - reach))
    peak = first + int(power[first : int(order * shaft_bins + reach) + 1].argmax())
    return float(np.sqrt(power[peak - 2 : peak + 3].sum() / HANN_BINS))
