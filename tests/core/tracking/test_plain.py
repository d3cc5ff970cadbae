"""What people hand in as hyperparameters becomes JSON that either database stores."""

import json

import numpy as np
import pytest

from core.tracking.plain import to_plain


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (10**400, hex(10**400)),
        (-(10**5000), hex(-(10**5000))),
        (2**64, 2**64),
        (float("nan"), "nan"),
        ("a\0b\ud800", "a\\x00b\\ud800"),
        ({"a\0": [np.float32(0.5), {"b": (1, True, None)}]}, {"a\\x00": [0.5, {"b": [1, True, None]}]}),
        (np.arange(2), [0, 1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_hyperparameter_is_json_that_is_stored(value, stored):
    assert to_plain(value) == stored
    assert "\\u0000" not in json.dumps(to_plain(value), allow_nan=False)
    json.dumps(to_plain(value), ensure_ascii=False).encode()
