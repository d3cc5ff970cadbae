import numpy as np
import pytest

from core.errors import InvalidInputError
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
