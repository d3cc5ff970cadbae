"""Features of the envelope: how impulsive the most impulsive band is, and the combs of the bearing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.vibration.bearings import DefectOrders
from core.vibration.combs import KINDS, MIN_REVOLUTIONS, TITLES, score_combs
from core.vibration.envelope import squared_envelope
from core.vibration.feature_kinds import Feature
from core.vibration.kurtogram import MIN_SAMPLES, choose_band, fast_kurtogram
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
            "envelope spectrum of the whitened signal, at the best slip within 2 %; noise stays below 10 dB.",
            "envelope",
        )
        for kind in KINDS
    ),
)


def measure_envelope_features(
    samples: NDArray[np.float64],
    rate_hz: float,
    shaft_hz: NDArray[np.float64],
    orders: Sequence[DefectOrders | None],
) -> dict[str, NDArray[np.float64]]:
    """Return the features of this module by name, each (batch,), of samples (batch, n).

    NaN where a signal is constant or shorter than 768 samples; combs also without speed or bearing and
    where the record is shorter than 16 revolutions.
    """
    found = {feature.name: np.full(len(samples), np.nan) for feature in FEATURES}
    varying = [record for record, span in enumerate(np.ptp(samples, axis=-1)) if span > 0]
    if not varying or samples.shape[-1] < 12 * MIN_SAMPLES:
        return found
    bands = choose_band(fast_kurtogram(samples[varying], rate_hz, MAX_LEVEL))
    for record, (low_hz, high_hz) in zip(varying, bands, strict=True):
        squared, _ = squared_envelope(
            samples[record].astype(np.float32), rate_hz, (float(low_hz), float(high_hz))
        )
        found["envelope_band_low_hz"][record] = low_hz
        found["envelope_band_high_hz"][record] = high_hz
        found["envelope_rms"][record] = np.sqrt(squared.mean(dtype=np.float64))
        found["envelope_kurtosis"][record] = kurtosis(np.sqrt(squared))
        bearing, speed_hz = orders[record], shaft_hz[record]
        if bearing is not None and samples.shape[-1] * speed_hz / rate_hz >= MIN_REVOLUTIONS:
            for score in score_combs(samples[record], rate_hz, float(60 * speed_hz), bearing):
                found[f"{score.kind}_snr_db"][record] = score.snr_db
    return found
