import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.shaft import speed_from_tacho

RATE_HZ = 12_000.0
TIME_S = np.arange(60_000) / RATE_HZ


def run_up() -> np.ndarray:
    """Revolutions of a shaft that goes from 27 to 33 Hz in 5 s."""
    return 27 * TIME_S + 0.6 * TIME_S**2


def pulses(revolutions: np.ndarray, per_rev: float = 1.0, duty: float = 0.1) -> np.ndarray:
    return 5.0 * (np.mod(revolutions * per_rev, 1) < duty) - 1.0


@pytest.mark.parametrize("per_rev", [1, 4, 0.5])
@pytest.mark.parametrize("duty", [0.02, 0.5])
def test_angle_follows_the_pulses_to_a_sample(per_rev, duty):
    revolutions = run_up()
    shaft = speed_from_tacho(pulses(revolutions, per_rev, duty), RATE_HZ, per_rev)
    error = shaft.revolutions - revolutions[shaft.start : shaft.stop]
    assert np.ptp(error) < 33 / RATE_HZ * 1.5
    assert np.median(np.abs(shaft.speed_hz - (27 + 1.2 * TIME_S)[shaft.start : shaft.stop])) < 0.2


def test_smooth_pulses_are_timed_between_the_samples():
    revolutions = run_up()
    shaft = speed_from_tacho(np.sin(2 * np.pi * revolutions), RATE_HZ)
    assert np.ptp(shaft.revolutions - revolutions[shaft.start : shaft.stop]) < 1e-5


def test_noise_smaller_than_the_hysteresis_makes_no_pulse():
    revolutions = run_up()
    noisy = np.sin(2 * np.pi * revolutions) + np.random.default_rng(1).uniform(-0.09, 0.09, len(TIME_S))
    shaft = speed_from_tacho(noisy, RATE_HZ)
    assert np.ptp(shaft.revolutions) == pytest.approx(np.ptp(revolutions), abs=2.1)


def test_only_what_lies_between_pulses_is_covered():
    tacho = np.where((TIME_S > 1) & (TIME_S < 3), pulses(run_up()), -1.0)
    shaft = speed_from_tacho(tacho, RATE_HZ)
    assert shaft.start >= RATE_HZ
    assert shaft.stop <= 3 * RATE_HZ + 1


def without_one(tacho: np.ndarray) -> np.ndarray:
    return np.where((TIME_S > 2.01) & (TIME_S < 2.04), -1.0, tacho)


@pytest.mark.parametrize(
    ("tacho", "choice", "message"),
    [
        (pulses(run_up())[:1200], {}, "2 pulses in 0.1 s are too few, a speed needs at least 4"),
        (without_one(pulses(run_up())), {}, "a pulse is missing or false"),
        (np.ones(1000), {}, "all 1,000 samples"),
        (np.full(1000, np.nan), {}, "NaN or infinite"),
        (np.ones((2, 1000)) * TIME_S[:1000], {}, "are several"),
        (pulses(run_up()), {"rate_hz": 0.0}, "rate_hz=0"),
        (pulses(run_up()), {"pulses_per_rev": 0}, "pulses_per_rev=0 must be above 0"),
    ],
)
def test_channel_that_gives_no_speed_is_refused(tacho, choice, message):
    with pytest.raises(InvalidInputError, match=message):
        speed_from_tacho(tacho, **{"rate_hz": RATE_HZ, **choice})
