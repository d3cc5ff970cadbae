import re

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.mountings import Mounting
from core.queries.analyses.order_spectra import view_orders
from core.queries.waveforms import read_stretch
from tests.core.queries.analyses.conftest import RATE_HZ, sine

DURATION_S = 4.0


def run_up(from_hz, to_hz, rate_hz=RATE_HZ):
    """The shaft's revolutions at each sample of a linear run-up."""
    time_s = np.arange(round(DURATION_S * rate_hz)) / rate_hz
    return from_hz * time_s + (to_hz - from_hz) * time_s**2 / (2 * DURATION_S)


def vibration(turned, order=3.6):
    noise = np.random.default_rng(1).standard_normal(len(turned))
    return 3 * np.sin(2 * np.pi * turned) + np.sin(2 * np.pi * order * turned) + 0.2 * noise


def pulses(turned):
    return (turned % 1 < 0.1).astype(float)


def test_run_up_by_a_tachometer_stands_at_its_orders_without_a_stated_speed(whole):
    turned = run_up(10, 40)
    tacho = whole(pulses(turned), channel="TACHO")
    lines = view_orders(whole(vibration(turned)), Mounting(None, None, ""), tacho)
    assert lines.read(1.0, 0.1) == pytest.approx((1.0, 3.0), rel=0.02)
    assert lines.read(3.6, 0.1) == pytest.approx((3.6, 1.0), rel=0.05)
    assert lines.axis == "order"
    low_rpm, high_rpm = re.search(r"speed by TACHO: ([\d,]+) to ([\d,]+) rpm", lines.words).groups()
    assert 600 <= int(low_rpm) < 660  # at the first pulse
    assert 2340 < int(high_rpm.replace(",", "")) <= 2400


def test_run_up_without_a_tachometer_is_followed_by_the_shafts_own_line(whole):
    turned = run_up(23.5, 26.5)
    lines = view_orders(whole(vibration(turned)), Mounting(1500.0, None, ""))
    assert lines.read(1.0, 0.1) == pytest.approx((1.0, 3.0), rel=0.05)
    assert lines.read(3.6, 0.1) == pytest.approx((3.6, 1.0), rel=0.1)
    assert "own line: 1,4" in lines.words


def test_where_no_line_stands_out_the_stated_speed_counts_and_that_is_said(whole):
    noise = np.random.default_rng(5).standard_normal(48_000)
    lines = view_orders(whole(noise + sine(125, 0.5, DURATION_S)), Mounting(1500.0, None, ""))
    assert lines.read(5.0, 0.1) == pytest.approx((5.0, 0.5), rel=0.05)
    assert "no shaft line to follow, stated speed: 1,500 to 1,500 rpm" in lines.words


def test_stretch_inside_a_record_goes_by_the_pulses_of_the_same_stretch(store):
    turned = run_up(10, 40)
    tacho, row = store(pulses(turned), channel="TACHO"), store(vibration(turned))
    part, ticks = read_stretch(row, 1.0, 3.0), read_stretch(tacho, 1.0, 3.0)
    lines = view_orders(part, Mounting(None, None, ""), ticks)
    assert lines.read(1.0, 0.1) == pytest.approx((1.0, 3.0), rel=0.05)
    assert (lines.start_s, lines.stop_s) == (1.0, 3.0)


def test_orders_reach_no_farther_than_the_resampling_is_flat(whole):
    lines = view_orders(whole(vibration(run_up(25, 25.01))), Mounting(1500.0, None, ""))
    assert lines.end == pytest.approx(0.4 * 256, rel=0.01)


def test_tachometer_of_another_rate_is_refused_with_both_rates(whole):
    tacho = whole(pulses(run_up(10, 40, 6000)), channel="TACHO", rate_hz=6000.0)
    with pytest.raises(InvalidInputError, match=r"TACHO \(6,000 Hz\) and DE \(12,000 Hz\)"):
        view_orders(whole(vibration(run_up(10, 40))), Mounting(None, None, ""), tacho)


def test_tachometer_of_another_rate_does_not_hide_the_orders_by_the_stated_speed(whole):
    tacho = whole(pulses(run_up(10, 40, 6000)), channel="TACHO", rate_hz=6000.0)
    lines = view_orders(whole(vibration(run_up(23.5, 26.5))), Mounting(1500.0, None, ""), tacho)
    assert lines.read(1.0, 0.1) == pytest.approx((1.0, 3.0), rel=0.05)
    assert "TACHO (6,000 Hz) and DE (12,000 Hz) were not sampled together" in lines.words
    assert "speed by the shaft’s own line: 1,4" in lines.words


@pytest.mark.parametrize(("samples_per_rev", "highest"), [(2.6, 1.04), (4, 1.6), (5, 2.0), (9, 3.2)])
def test_fast_shaft_is_seen_as_far_as_the_record_goes(whole, samples_per_rev, highest):
    rpm = 60 * RATE_HZ / samples_per_rev
    noise = 0.1 * np.random.default_rng(5).standard_normal(24_000)
    lines = view_orders(whole(noise + sine(rpm / 60, 2.0, 2.0)), Mounting(rpm, None, ""))
    assert lines.end == pytest.approx(highest, abs=0.01)
    assert lines.read(1.0, 0.02) == pytest.approx((1.0, 2.0), rel=0.02)


@pytest.mark.parametrize(("rate_hz", "rpm"), [(1.0, 1e4), (RATE_HZ, 1e6), (RATE_HZ, 300_000.0)])
def test_shaft_faster_than_the_record_tells_is_refused_at_once(whole, rate_hz, rpm):
    noise = np.random.default_rng(5).standard_normal(24_000)
    with pytest.raises(
        InvalidInputError, match=rf"\({rpm:,.0f} rpm\) must lie below 0.4 .*; check the speed"
    ):
        view_orders(whole(noise, rate_hz=rate_hz), Mounting(rpm, None, ""))


def test_without_speed_and_tachometer_the_next_step_is_told(whole):
    with pytest.raises(InvalidInputError, match=r"no shaft speed: state one in the field Speed"):
        view_orders(whole(sine(100)), Mounting(None, None, ""))
