import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.signal_handle import SignalHandle
from core.queries.signals import SignalRow
from core.storage import arrays


@pytest.fixture
def handle(database):
    """Two seconds of a sine of 100 Hz."""
    samples = np.sin(2 * np.pi * 100 * np.arange(24_000) / 12_000).astype(np.float32)
    blank = dict.fromkeys(SignalRow.__dataclass_fields__)
    facts = {"path": arrays.write(samples).path, "num_samples": 24_000, "rate_hz": 12_000.0, "channel": "DE"}
    return SignalHandle(SignalRow(**blank | facts))


@pytest.mark.parametrize("window", [(1.5, 0.5), (1.0, 1.0), (2.0, None), (float("nan"), 1.0)])
@pytest.mark.parametrize("name", ["spectrum", "window", "cepstrum"])
def test_window_that_does_not_begin_before_it_ends_is_refused(handle, name, window):
    with pytest.raises(InvalidInputError, match=r"s is empty; begin it before it ends .* lasts 2 s"):
        getattr(handle, name)(*window)


def test_choices_of_a_spectrum_are_listed_where_one_is_not_known(handle):
    told = r"^weights is nothing .*: window, averages, averaging, detection, unit are .* is the window\)$"
    with pytest.raises(InvalidInputError, match=told):
        handle.spectrum(weights="hann")
    assert handle.spectrum(0.5, 1.5, window="flattop").largest == pytest.approx((100.0, 1.0), rel=1e-3)
