"""Features of the envelope: how impulsive the most impulsive band is, and the combs of the bearing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.vibration.bearings import DefectOrders
from core.vibration.combs import (
    KINDS,
    MIN_REVOLUTIONS,
    TITLES,
    TOP,
    are_possible,
    score_spectrum,
    whitened_envelope_spectra,
)
from core.vibration.envelope import squared_envelope_of_lines
from core.vibration.feature_kinds import Feature
from core.vibration.kurtogram import MIN_SAMPLES, choose_band, fast_kurtogram
from core.vibration.prepared import Prepared
from core.vibration.statistics import kurtosis

MAX_LEVEL = 5  # 32 bands: in narrower ones the finest combs have no room

FEATURES = (
    *(
        Feature(name, title, unit, definition, "envelope")
        for name, title, unit, definition in (
            (
                "envelope_band_low_hz",
                "Low edge of the envelope's band",
                "Hz",
                "Low edge of the band of the largest spectral kurtosis in the fast kurtogram, to 1/32.",
            ),
            ("envelope_band_high_hz", "High edge of the envelope's band", "Hz", "High edge of that band."),
            (
                "envelope_rms",
                "Envelope RMS",
                "signal",
                "sqrt(mean(|a|^2)) of the analytic signal a in that band: sqrt(2) times the band's own RMS.",
            ),
            (
                "envelope_kurtosis",
                "Envelope kurtosis (Pearson)",
                "",
                "Pearson kurtosis of |a| in that band, sampled at twice its width: 3.25 for Gaussian noise.",
            ),
        )
    ),
    *(
        Feature(
            f"{kind}_snr_db",
            f"{TITLES[kind]} comb",
            "dB",
            f"Mean over the first 3 harmonics of {TITLES[kind]} of peak over local median in the squared "
            "envelope spectrum of the whole signal, whitened: no band is chosen, lines of the shaft are set "
            "aside. At the best slip within 2 %; noise stays below 10 dB.",
            "envelope",
        )
        for kind in KINDS
    ),
)


def measure_envelope_features(
    prepared: Prepared,
    rate_hz: float,
    shaft_hz: NDArray[np.float64],
    orders: Sequence[DefectOrders | None],
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,).

    NaN where signals are shorter than 768 samples; combs also without speed or bearing, at orders that no
    bearing has (`combs.are_possible`), and where the record is shorter than 16 revolutions.
    """
    found = {feature.name: np.full(len(prepared), np.nan) for feature in FEATURES}
    if prepared.count < 12 * MIN_SAMPLES:
        return found
    bands = choose_band(fast_kurtogram(prepared.centred, rate_hz, MAX_LEVEL))
    found["envelope_band_low_hz"], found["envelope_band_high_hz"] = bands.T
    for low_hz, high_hz in np.unique(bands, axis=0):  # FFTs of a few records at once cost less
        alike = np.flatnonzero((bands == (low_hz, high_hz)).all(axis=-1))
        squared, _ = squared_envelope_of_lines(
            prepared.lines[alike], prepared.count, rate_hz, (float(low_hz), float(high_hz))
        )
        mean = squared.mean(axis=-1, dtype=np.float64)
        found["envelope_rms"][alike] = np.sqrt(mean) * prepared.scale[alike]
        found["envelope_kurtosis"][alike] = kurtosis(np.sqrt(squared))
    revolutions = prepared.count * shaft_hz / rate_hz
    scored = [
        n
        for n, one in enumerate(orders)
        if one is not None and are_possible(one) and revolutions[n] >= MIN_REVOLUTIONS
    ]
    for name, values in _combs(prepared, rate_hz, shaft_hz, orders, scored).items():
        found[name][scored] = values
    return found


def _combs(
    prepared: Prepared,
    rate_hz: float,
    shaft_hz: NDArray[np.float64],
    orders: Sequence[DefectOrders | None],
    records: Sequence[int],
) -> dict[str, list[float]]:
    """Return the combs' scores of the records that have a speed and a bearing."""
    found: dict[str, list[float]] = {f"{kind}_snr_db": [] for kind in KINDS}
    bearings = [bearing for bearing in (orders[record] for record in records) if bearing is not None]
    if not bearings:
        return found
    inner_hz = shaft_hz[records] * [bearing.bpfi for bearing in bearings]
    spectra = whitened_envelope_spectra(
        prepared.lines[records], prepared.count, rate_hz, 2 * inner_hz, TOP * inner_hz.max()
    )
    bin_hz = rate_hz / prepared.count
    for spectrum, speed_hz, bearing in zip(spectra, shaft_hz[records], bearings, strict=True):
        for score in score_spectrum(spectrum, bin_hz, float(speed_hz), bearing):
            found[f"{score.kind}_snr_db"].append(score.snr_db)
    return found
