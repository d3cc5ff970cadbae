import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.kurtograms import view_kurtogram
from tests.core.queries.analyses.conftest import RATE_HZ

RESONANCE_HZ = 3300.0


@pytest.fixture
def found(whole):
    """The kurtogram of impacts that ring at 3.3 kHz in noise."""
    time_s = np.arange(round(2 * RATE_HZ)) / RATE_HZ
    since_s = time_s % (1 / 37)
    ringing = 4 * np.exp(-900 * since_s) * np.sin(2 * np.pi * RESONANCE_HZ * since_s)
    return view_kurtogram(whole(ringing + np.random.default_rng(2).standard_normal(len(time_s))))


def test_band_holds_the_planted_resonance(found):
    low_hz, high_hz = found.band_hz
    assert low_hz < RESONANCE_HZ < high_hz
    assert high_hz - low_hz < 2000


def test_frame_holds_the_picture_and_its_largest_value_lies_in_the_band(found):
    frame = found.frame()
    np.testing.assert_array_equal(
        frame.pivot_table(index="level", columns="low_hz", values="kurtosis", dropna=False).to_numpy(),
        found.picture,
    )
    best = frame.loc[frame["kurtosis"].idxmax()]
    assert found.band_hz[0] <= best["low_hz"] < best["high_hz"] <= found.band_hz[1] + 1e-6
    assert 2 ** best["level"] == pytest.approx(found.end_hz / (found.band_hz[1] - found.band_hz[0]))
    assert frame["high_hz"].max() == RATE_HZ / 2


def test_rows_are_named_by_the_width_of_their_bands(found):
    assert found.row_names[0] == "6,000"
    assert len(found.row_names) == len(found.levels) == found.picture.shape[0]
    assert found.extent == (0.0, RATE_HZ / 2, 0.0, float(len(found.levels)))
    low, high = found.limits
    assert (low, high) == (0.0, np.nanmax(found.picture))


def test_band_is_as_wide_as_what_is_looked_for_needs(whole):
    stretch = whole(np.random.default_rng(2).standard_normal(24_000))
    low_hz, high_hz = view_kurtogram(stretch, 1500.0).band_hz
    assert high_hz - low_hz >= 1500 - 1e-6
    with pytest.raises(InvalidInputError, match=r"rate_hz/2 = 6,000; lower it"):
        view_kurtogram(stretch, 7000.0)
