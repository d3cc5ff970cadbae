import numpy as np
import pytest

from core.queries.analyses.cepstra import LIFTER_S, view_cepstrum
from tests.core.queries.analyses.conftest import RATE_HZ


def test_harmonics_stand_at_one_over_their_frequency(whole):
    since_s = (np.arange(24_000) / RATE_HZ) % (1 / 125.3)
    ringing = np.exp(-600 * since_s) * np.sin(2 * np.pi * 3000 * since_s)
    lines = view_cepstrum(whole(ringing + 0.01 * np.random.default_rng(1).standard_normal(24_000)))
    assert lines.largest[0] == pytest.approx(1 / 125.3, abs=1 / RATE_HZ)
    assert lines.read(2 / 125.3, 2 / RATE_HZ)[0] == pytest.approx(2 / 125.3, abs=1 / RATE_HZ)
    assert lines.axis == "quefrency_s"
    assert lines.end == pytest.approx(1.0)


def test_echo_of_half_the_size_shows_a_quarter_at_its_delay(whole):
    sound = np.random.default_rng(2).standard_normal(24_000)
    lines = view_cepstrum(whole(sound + 0.5 * np.roll(sound, 360)))
    assert lines.largest == pytest.approx((360 / RATE_HZ, 0.25), rel=0.08)


def test_slow_shape_of_the_spectrum_is_left_out(whole):
    lines = view_cepstrum(whole(np.convolve(np.random.default_rng(3).standard_normal(24_000), np.ones(6))))
    assert not lines.amplitude[lines.position < LIFTER_S].any()
    assert lines.amplitude[lines.position >= LIFTER_S].any()
    assert "above 1 ms" in lines.words
