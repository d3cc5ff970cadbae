import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.angular import resample_to_angle, synchronous_average
from core.vibration.shaft import ShaftAngle, speed_from_tacho

RATE_HZ = 12_000.0
TIME_S = np.arange(60_000) / RATE_HZ
RUN_UP = 27 * TIME_S + 0.6 * TIME_S**2 + 0.2
SHAFT = ShaftAngle(0, RUN_UP, RATE_HZ)
STEADY = ShaftAngle(0, 30.0 * TIME_S, RATE_HZ)


@pytest.mark.parametrize(("order", "error"), [(1.0, 5e-5), (3.5848, 5e-5), (25.0, 1e-4)])
@pytest.mark.parametrize("samples_per_rev", [64, 100, 512])
def test_line_at_an_order_is_a_sine_of_the_angle(samples_per_rev, order, error):
    x = np.stack([np.cos(2 * np.pi * order * RUN_UP + 0.3), np.sin(2 * np.pi * order * RUN_UP)])
    revolutions, found = resample_to_angle(x, SHAFT, samples_per_rev)
    np.testing.assert_allclose(revolutions * samples_per_rev, np.round(revolutions * samples_per_rev))
    inner = slice(60, -60)
    angle = 2 * np.pi * order * revolutions
    np.testing.assert_allclose(
        found[:, inner], [np.cos(angle + 0.3)[inner], np.sin(angle)[inner]], atol=error
    )


@pytest.mark.parametrize("order", [33.0, 40.0, 63.5, 149.0])
def test_orders_beyond_the_band_do_not_come_back_as_lower_ones(order):
    _, found = resample_to_angle(np.cos(2 * np.pi * order * RUN_UP), SHAFT, 64)
    assert np.abs(found[60:-60]).max() < 1e-3


def test_angles_of_a_part_of_the_record_read_that_part():
    part = ShaftAngle(12_000, RUN_UP[12_000:36_000], RATE_HZ)
    revolutions, found = resample_to_angle(np.cos(2 * np.pi * RUN_UP), part, 64)
    assert RUN_UP[12_000] <= revolutions[0] < revolutions[-1] <= RUN_UP[36_000]
    np.testing.assert_allclose(found[60:-60], np.cos(2 * np.pi * revolutions)[60:-60], atol=5e-5)


def test_noise_falls_by_the_root_of_the_revolutions_and_the_lines_stay():
    repeating = np.cos(2 * np.pi * RUN_UP) + 0.5 * np.cos(2 * np.pi * 5 * RUN_UP)
    noise = np.random.default_rng(1).standard_normal((4, len(TIME_S)))
    found = synchronous_average(repeating + noise, SHAFT, 64)
    assert found.num_revolutions == 149
    expected = np.cos(2 * np.pi * found.angle) + 0.5 * np.cos(10 * np.pi * found.angle)
    _, alone = resample_to_angle(noise, SHAFT, 64)
    left = np.sqrt(np.mean((found.average - expected) ** 2))
    assert left == pytest.approx(alone.std() / np.sqrt(149), rel=0.15)
    assert found.residual.std() == pytest.approx(alone.std(), rel=0.02)
    assert found.residual.shape == (4, 149 * 64)


def test_residual_keeps_what_does_not_turn_with_the_shaft():
    x = np.cos(2 * np.pi * 30 * TIME_S) + 0.5 * np.cos(2 * np.pi * 107.544 * TIME_S)
    found = synchronous_average(x, STEADY, 64)
    assert np.ptp(found.average) == pytest.approx(2.0, rel=0.02)
    assert found.residual.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_average_begins_at_the_mark_of_the_tachometer():
    tacho = (np.mod(RUN_UP + 0.37, 1) < 0.05).astype(float)
    mark = -0.37
    found = synchronous_average(np.cos(2 * np.pi * (RUN_UP - mark)), speed_from_tacho(tacho, RATE_HZ), 64)
    np.testing.assert_allclose(found.average, np.cos(2 * np.pi * found.angle), atol=0.02)


@pytest.mark.parametrize(
    ("x", "shaft", "samples_per_rev", "message"),
    [
        (TIME_S[:1000], SHAFT, 64, "1,000 samples are too few, this needs at least 60,000"),
        (np.ones(60_000), SHAFT, 64, "all 60,000 samples"),
        (np.full(60_000, np.nan), SHAFT, 64, "NaN or infinite"),
        (TIME_S, SHAFT, 4, "samples_per_rev=4 must be at least 8"),
        (TIME_S, ShaftAngle(0, RUN_UP[::-1], RATE_HZ), 64, "must rise from sample to sample"),
        (TIME_S, ShaftAngle(0, RUN_UP[:300], RATE_HZ), 64, "0.67 revolutions, which must be 1 and more"),
        (TIME_S, ShaftAngle(0, RUN_UP * 1e4, RATE_HZ), 64, "which may be 33,554,432 at most; take a shorter"),
        (TIME_S, ShaftAngle(0, TIME_S**2 + 0.1 * TIME_S, RATE_HZ), 64, "may change by 16 times at most"),
    ],
)
def test_what_cannot_be_read_at_angles_is_refused(x, shaft, samples_per_rev, message):
    with pytest.raises(InvalidInputError, match=message):
        resample_to_angle(x, shaft, samples_per_rev)


def test_single_revolution_has_no_average():
    with pytest.raises(InvalidInputError, match="1 whole revolutions are too few"):
        synchronous_average(TIME_S, ShaftAngle(0, RUN_UP[:900], RATE_HZ), 64)
