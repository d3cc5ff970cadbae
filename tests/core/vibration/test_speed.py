import numpy as np
import pytest
import scipy.io

from core.errors import InvalidInputError
from core.vibration.speed import estimate_speed

RATE_HZ = 12_000.0
TIME_S = np.arange(60_000) / RATE_HZ
NOISE = np.random.default_rng(1).standard_normal(len(TIME_S))
SPEEDS = {
    "steady": 30 * TIME_S,
    "up": 27 * TIME_S + 0.6 * TIME_S**2,
    "wave": 30 * TIME_S + np.sin(2 * np.pi * 0.4 * TIME_S),
}


@pytest.mark.parametrize("order", [1.0, 3.0])
@pytest.mark.parametrize("name", SPEEDS)
def test_line_in_noise_gives_the_angle_to_a_few_hundredths(name, order):
    revolutions = SPEEDS[name]
    x = np.cos(2 * np.pi * order * revolutions + 0.7) + 0.4 * np.cos(10.3 * np.pi * revolutions) + NOISE
    shaft = estimate_speed(x, RATE_HZ, 30.5, order=order)
    assert (shaft.start, shaft.stop) == (0, len(x))
    error = shaft.revolutions - revolutions
    assert np.abs(error - np.median(error)).max() < 0.05
    assert np.abs(error - np.median(error))[6000:-6000].max() < 0.02
    true_hz = np.gradient(revolutions) * RATE_HZ
    np.testing.assert_allclose(shaft.speed_hz[6000:-6000], true_hz[6000:-6000], rtol=0.02)


@pytest.mark.parametrize("number", [105, 169, 209])
def test_speed_of_a_real_record_is_the_tachometers(number, shared_data):
    (path,) = (shared_data / "cwru").glob(f"12k_Drive_End_*_{number}.mat")
    recorded = scipy.io.loadmat(path)
    shaft_hz = float(recorded[f"X{number}RPM"].item()) / 60
    shaft = estimate_speed(recorded[f"X{number}_DE_time"][:, 0], RATE_HZ, shaft_hz * 1.02, within=0.1)
    assert shaft.speed_hz.mean() == pytest.approx(shaft_hz, rel=1e-3)


def test_stronger_line_outside_the_reach_is_not_followed():
    x = np.cos(2 * np.pi * SPEEDS["up"]) + 5 * np.cos(2 * np.pi * 50 * TIME_S) + 0.1 * NOISE
    shaft = estimate_speed(x, RATE_HZ, 30.0)
    assert np.ptp(shaft.revolutions) == pytest.approx(np.ptp(SPEEDS["up"]), abs=0.3)


@pytest.mark.parametrize("seed", range(5))
def test_noise_holds_no_line_to_follow(seed):
    noise = np.random.default_rng(seed).standard_normal(60_000)
    with pytest.raises(InvalidInputError, match="times above what is about it"):
        estimate_speed(noise, RATE_HZ, 30.0)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"near_hz": 5100.0}, "must lie below rate_hz/2 = 6,000"),
        ({"near_hz": 0.0}, "near_hz=0, order=1"),
        ({"near_hz": np.nan}, "must be above 0"),
        ({"within": 1.0}, "within=1 between 0 and 1"),
        ({"x": NOISE[:2000]}, "2,000 samples are too few"),
        ({"x": np.ones(60_000)}, "all 60,000 samples"),
        ({"x": np.full(60_000, np.nan)}, "NaN or infinite"),
        ({"x": np.stack([NOISE, NOISE])}, "are several"),
        ({"rate_hz": None}, "rate_hz=None"),
    ],
)
def test_what_cannot_be_followed_is_refused(choice, message):
    with pytest.raises(InvalidInputError, match=message):
        estimate_speed(**{"x": NOISE, "rate_hz": RATE_HZ, "near_hz": 30.0, **choice})
