import numpy as np
import pytest
from scipy.signal import lfilter

from core.vibration.bearings import SKF_6205_2RS, defect_orders
from core.vibration.envelope import envelope
from core.vibration.envelope_features import FEATURES, measure_envelope_features
from core.vibration.prepared import prepare
from core.vibration.statistics import kurtosis, rms

RATE_HZ = 12_000.0
ORDERS = defect_orders(SKF_6205_2RS)
SHAFT_HZ = 29.5


def noise(samples: int = 60_000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(samples)


def struck() -> np.ndarray:
    """An outer race's impacts that ring 3 kHz, in noise."""
    place = (np.arange(1, 500) * RATE_HZ / (ORDERS.bpfo * SHAFT_HZ)).astype(int)
    force = np.zeros(60_000)
    force[place[place < 60_000]] = 8.0
    return noise() + lfilter([1.0], [1.0, 0.0, 0.9], force)


def test_impacts_show_their_band_their_kurtosis_and_their_comb():
    x = np.stack([struck(), noise()])
    found = measure_envelope_features(prepare(x), RATE_HZ, np.full(2, SHAFT_HZ), [ORDERS, ORDERS])
    assert set(found) == {feature.name for feature in FEATURES}
    assert found["envelope_band_low_hz"][0] < 3_000 < found["envelope_band_high_hz"][0]
    assert found["envelope_kurtosis"][0] > 4
    assert found["bpfo_snr_db"][0] > 20
    assert found["bpfo_snr_db"][1] < 10
    assert max(found[f"{kind}_snr_db"][0] for kind in ("bpfi", "bsf2", "ftf")) < 20


def test_envelope_features_are_those_of_the_band():
    x = struck()
    found = measure_envelope_features(prepare(x[None]), RATE_HZ, np.array([np.nan]), [None])
    band_hz = found["envelope_band_low_hz"][0], found["envelope_band_high_hz"][0]
    whole = envelope(x, RATE_HZ, band_hz)
    assert found["envelope_rms"][0] == pytest.approx(rms(whole), rel=1e-5)
    assert found["envelope_kurtosis"][0] == pytest.approx(kurtosis(whole), rel=0.01)


def test_combs_want_a_speed_a_bearing_and_revolutions():
    x = np.stack([struck()] * 3)
    found = measure_envelope_features(
        prepare(x), RATE_HZ, np.array([np.nan, SHAFT_HZ, 1.0]), [ORDERS, None, ORDERS]
    )
    assert np.isfinite(found["envelope_rms"]).all()
    assert np.isnan(found["bpfo_snr_db"]).all()


def test_short_record_has_no_envelope_features():
    found = measure_envelope_features(prepare(noise(700)[None]), RATE_HZ, np.array([SHAFT_HZ]), [ORDERS])
    assert all(np.isnan(values).all() for values in found.values())
