import numpy as np
import pytest
import scipy.signal

from core.errors import InvalidInputError
from core.vibration.comparison import coherence, spectrum_difference

RATE_HZ = 12_000.0
RNG = np.random.default_rng(1)
X = RNG.standard_normal((2, 300_000))
Y = 0.5 * X + RNG.standard_normal((2, 300_000))
BOTH = (RATE_HZ, RATE_HZ)


@pytest.mark.parametrize(("segment", "overlap"), [(256, 0.5), (1001, 0.0)])
def test_coherence_is_that_of_scipy(segment, overlap):
    expected_hz, expected = scipy.signal.coherence(
        X, Y, RATE_HZ, nperseg=segment, noverlap=round(overlap * segment)
    )
    found = coherence(X, Y, BOTH, segment, overlap=overlap)
    np.testing.assert_allclose(found.frequency_hz, expected_hz)
    np.testing.assert_allclose(found.coherence[:, 1:], expected[:, 1:], rtol=1e-9)


def test_coherence_is_the_share_of_power_in_common():
    found = coherence(X, Y, BOTH, 256)
    assert found.coherence[:, 1:].mean() == pytest.approx(0.25 / 1.25, abs=0.01)
    assert coherence(X, -3 * X, BOTH, 256).coherence[:, 1:].min() == pytest.approx(1.0)
    unrelated = coherence(X[0], X[1], BOTH, 256, overlap=0.0)
    assert unrelated.coherence[1:].mean() == pytest.approx(1 / unrelated.num_averages, rel=0.2)


def test_change_is_the_ratio_of_two_spectra_in_db():
    time_s = np.arange(24_000) / RATE_HZ
    first, second = (a * np.sin(2 * np.pi * 1500 * time_s) + 0.01 * X[0, :24_000] for a in (1.0, 2.0))
    found = spectrum_difference(first, second[:20_000], BOTH, 1200)
    line = found.first.argmax()
    assert found.frequency_hz[line] == 1500
    assert found.change_db[line] == pytest.approx(6.02, abs=0.01)
    assert np.abs(found.change_db[300:]).max() < 6
    silent = spectrum_difference(first, np.sin(2 * np.pi * 1500 * time_s), BOTH, 1200)
    assert np.isfinite(silent.change_db).all()


@pytest.mark.parametrize("compare", [coherence, spectrum_difference])
@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"rates_hz": (12_000.0, 48_000.0)}, "sampled at 12,000 and 48,000 Hz.*resample one"),
        ({"rates_hz": (12_000.0, None)}, "rate_hz=None"),
        ({"y": np.ones(300_000)}, "all 300,000 samples"),
        ({"y": np.full(300_000, np.nan)}, "NaN or infinite"),
        ({"segment": 400_000}, "segment=400,000"),
        ({"overlap": -0.1}, "overlap=-0.1"),
        ({"window": "hat"}, "window='hat' is not known"),
    ],
)
def test_records_that_cannot_be_compared_are_refused(compare, choice, message):
    with pytest.raises(InvalidInputError, match=message):
        compare(**{"x": X[0], "y": Y[0], "rates_hz": BOTH, "segment": 1000, **choice})


def test_coherence_of_one_segment_or_of_unlike_shapes_is_refused():
    with pytest.raises(InvalidInputError, match="hold 1 segment of 1,000, coherence needs at least 2"):
        coherence(X[0, :1200], Y[0, :1200], BOTH, 1000)
    with pytest.raises(InvalidInputError, match="must be alike; take the same window"):
        coherence(X[0, :-1], Y[0], BOTH, 1000)
