from types import SimpleNamespace

import numpy as np
import pytest
from panel.pane import Audio

from app.components.signal.sound import PEAK, Sound


def played(samples: np.ndarray, rate_hz: float = 12_000.0) -> Audio:
    sound = Sound(lambda: SimpleNamespace(samples=samples.astype(np.float32), rate_hz=rate_hz))
    assert sound.__panel__().select(Audio) == []
    sound.button._handle_msg({})
    (player,) = sound.__panel__().select(Audio)
    return player


def test_nothing_is_read_before_it_is_asked_for() -> None:
    Sound(lambda: pytest.fail("read"))


def test_window_is_played_at_its_own_rate_as_loud_as_fits() -> None:
    player = played(3 + 0.01 * np.sin(np.arange(1200)), 11_999.7)
    assert player.sample_rate == 12_000
    assert player.object.dtype == np.int16
    assert np.abs(player.object).max() == pytest.approx(PEAK, rel=0.02)
    assert abs(int(player.object.mean())) < 0.02 * PEAK


def test_constant_window_is_silence() -> None:
    assert not played(np.full(1200, 3.0)).object.any()
