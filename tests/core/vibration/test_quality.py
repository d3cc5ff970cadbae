import numpy as np
import pytest

from core.vibration.quality import clipped_share, content_anchors, offset_ratio, vibration_rms


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal((2, 200_000)).astype(np.float32)


def test_only_the_clipped_signal_of_a_batch_stands_still_at_its_extremes(noise):
    noise[1] = np.clip(noise[1], -2.0, 2.0)
    whole, clipped = clipped_share(noise)
    assert whole == 0.0
    # Two in a row beyond two standard deviations: at least one neighbour of a clipped sample is clipped
    # on the same side, which of independent samples is rare.
    beyond = 0.02275
    assert clipped == pytest.approx(2 * beyond * (1 - (1 - beyond) ** 2), rel=0.1)


def test_constant_signal_is_dead_and_not_clipped():
    assert np.isnan(clipped_share(np.full(100, 3.0)))
    assert np.isnan(offset_ratio(np.full(100, 3.0)))
    assert vibration_rms(np.full(100, 3.0)) == 0.0


def test_offset_is_measured_in_standard_deviations(noise):
    assert offset_ratio(noise + 2.0) == pytest.approx([2.0, 2.0], abs=0.02)
    assert vibration_rms(noise + 2.0) == pytest.approx(noise.std(axis=-1), rel=1e-5)


@pytest.mark.parametrize("place", [0, 1, 4097, 120_001])
def test_stretch_is_found_in_a_copy_wherever_it_lies(noise, place):
    first, second = noise
    second[place : place + 60_000] = first[50_000:110_000]
    shared = np.intersect1d(content_anchors(first), content_anchors(second))
    assert len(shared) == pytest.approx(60_000 / 4096, abs=12)
    assert len(shared) >= 2


def test_signals_of_their_own_share_no_anchor_and_silence_has_none(noise):
    assert len(np.intersect1d(*map(content_anchors, noise))) == 0
    assert len(content_anchors(noise[0])) == pytest.approx(200_000 / 4096, rel=0.5)
    assert len(content_anchors(np.zeros(100_000, np.float32))) == 0
    assert len(content_anchors(noise[0, :63])) == 0
