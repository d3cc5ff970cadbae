import io

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.storage.readers.files import read_file
from core.vibration import feature_set
from core.vibration.bearings import SKF_6205_2RS, defect_orders
from core.vibration.feature_set import FEATURES, FEATURES_BY_NAME, measure_features

RATE_HZ = 12_000.0
ORDERS = defect_orders(SKF_6205_2RS)


def test_features_come_in_the_order_of_their_definitions():
    found = measure_features(np.random.default_rng(0).standard_normal((2, 4096)), RATE_HZ)
    assert list(found) == [feature.name for feature in FEATURES] == list(FEATURES_BY_NAME)
    assert all(values.shape == (2,) and values.dtype == np.float64 for values in found.values())


def test_every_definition_is_a_sentence_and_every_name_an_identifier():
    assert len(FEATURES_BY_NAME) == len(FEATURES)
    for feature in FEATURES:
        assert feature.definition.endswith("."), feature
        assert feature.name.isidentifier()
        assert feature.name == feature.name.lower()
        assert feature.unit in {"signal", "Hz", "dB", "s", ""}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"samples": np.zeros((2, 3, 4))}, "are no batch"),
        ({"samples": []}, "are no batch"),
        ({"samples": [0.0, np.nan]}, "NaN or infinity"),
        ({"rate_hz": 0.0}, "must be positive"),
        ({"rpm": [1.0, 2.0]}, "for 1 records"),
        ({"rpm": -1.0}, "must be positive"),
        ({"orders": [ORDERS, None]}, "2 bearings for 1 records"),
    ],
)
def test_what_does_not_fit_is_refused(changed, message):
    given = {"samples": np.zeros(100), "rate_hz": RATE_HZ, "rpm": None, "orders": None} | changed
    with pytest.raises(InvalidInputError, match=message):
        measure_features(**given)


def test_blocks_rows_and_batches_measure_the_same(monkeypatch):
    x = np.random.default_rng(0).standard_normal((3, 8192))
    rpm = np.array([1770.0, np.nan, 3000.0])
    together = measure_features(x, RATE_HZ, rpm=rpm, orders=[ORDERS, ORDERS, None])
    monkeypatch.setattr(feature_set, "BLOCK_SAMPLES", 1)
    for one, bearing in enumerate([ORDERS, ORDERS, None]):
        alone = measure_features(x[one], RATE_HZ, rpm=rpm[one], orders=bearing)
        for name, values in together.items():
            np.testing.assert_allclose(values[one : one + 1], alone[name], rtol=1e-5, atol=1e-9, err_msg=name)


def test_all_features_are_defined_for_a_record_of_seconds():
    x = np.random.default_rng(0).standard_normal(36_000)
    found = measure_features(x, RATE_HZ, rpm=1770, orders=ORDERS)
    assert [name for name, values in found.items() if not np.isfinite(values).all()] == []


def test_features_that_are_no_level_do_not_know_the_gain():
    x = np.random.default_rng(0).standard_normal(36_000)
    once, thrice = (measure_features(gain * x, RATE_HZ, rpm=1770, orders=ORDERS) for gain in (1, 3))
    for feature in FEATURES:
        gain = 3 if feature.unit == "signal" else 1
        np.testing.assert_allclose(
            thrice[feature.name], gain * once[feature.name], rtol=1e-3, atol=1e-9, err_msg=feature.name
        )


def test_constant_short_and_unknown_is_nan_and_never_an_error():
    for x in (np.full(36_000, 0.1), np.zeros(36_000), np.arange(3.0), np.ones(1)):
        found = measure_features(x, RATE_HZ, rpm=1770, orders=ORDERS)
        assert np.isnan(found["spectral_centroid_hz"][0])
        assert np.isfinite(found["rms"][0])


def test_constant_record_beside_others_is_undefined_alone():
    x = np.random.default_rng(0).standard_normal((3, 36_000))
    alone = measure_features(x[2], RATE_HZ, rpm=3000, orders=ORDERS)
    x[1] = 0.1
    found = measure_features(x, RATE_HZ, rpm=[1770, 1770, 3000], orders=ORDERS)
    for feature in FEATURES:
        first, constant, last = found[feature.name]
        assert np.isfinite(first)
        assert np.isfinite(constant) == (feature.domain == "time" and feature.unit == "signal")
        assert last == pytest.approx(alone[feature.name][0], rel=1e-4, abs=1e-9), feature.name


def test_whole_set_is_measured_on_real_recordings(shared_data):
    files = sorted((shared_data / "cwru").glob("12k_Drive_End_[IO]R007*_0_*"))
    channels = [read_file(io.BytesIO(path.read_bytes()), path.name)[0] for path in files]
    count = min(len(channel.samples) for channel in channels)
    found = measure_features(
        np.stack([channel.samples[:count] for channel in channels]),
        RATE_HZ,
        rpm=[channel.rpm for channel in channels],
        orders=ORDERS,
    )
    assert all(np.isfinite(values).all() for values in found.values())
    assert [channel.fault_class for channel in channels] == ["inner_race", "outer_race"]
    assert found["bpfi_snr_db"][0] > 30 > found["bpfo_snr_db"][0]
    assert found["bpfo_snr_db"][1] > 30 > found["bpfi_snr_db"][1]


@pytest.mark.parametrize(("rate_hz", "rpm"), [(0.001, 1797.0), (1.0, 1797.0), (12_000.0, 1e9), (4e9, 0.2)])
def test_speeds_far_from_the_rate_are_undefined_and_cost_nothing(rate_hz, rpm):
    x = np.random.default_rng(0).standard_normal(6000)
    found = measure_features(x, rate_hz, rpm=rpm, orders=defect_orders(SKF_6205_2RS))
    assert np.isnan(found["bpfi_snr_db"]).all()
    assert np.isnan(found["bicoherence_1x_1x"]).all()
    assert np.isfinite(found["rms"]).all()
