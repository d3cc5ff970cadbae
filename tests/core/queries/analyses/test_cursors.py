import numpy as np
import pytest

from core.queries.analyses.cursors import HARMONICS, SIDEBANDS, read_cursor, snap
from core.queries.analyses.lines import Lines

STEP = 0.5


@pytest.fixture
def lines():
    """A family at 50, 100 and 150 Hz, and sidebands 7 Hz beside the second."""
    amplitude = np.zeros(1001)
    for frequency_hz, height in ((50, 8.0), (100, 6.0), (150, 4.0), (93, 2.0), (107, 1.0)):
        place = round(frequency_hz / STEP)
        amplitude[place - 1 : place + 2] = height / 2, height, height / 2
    return Lines(
        amplitude=amplitude, step=STEP, axis="frequency_hz", unit=None, words="", start_s=0.0, stop_s=2.0
    )


def read(lines, *cursor):
    return {line.name: (line.position, line.amplitude) for line in read_cursor(lines, *cursor)}


def test_base_reads_the_line_that_it_stands_beside(lines):
    assert read(lines, "base", 50.4, None) == {"base": pytest.approx((50.0, 8.0))}


def test_harmonics_are_named_by_their_number_and_absent_ones_have_no_amplitude(lines):
    found = read(lines, "harmonic", 50.0, None)
    assert list(found) == [f"{k}×" for k in range(1, HARMONICS)]  # the tenth is the last line, at 500 Hz
    assert [found[f"{k}×"] for k in (1, 2, 3)] == [pytest.approx(p) for p in ((50, 8), (100, 6), (150, 4))]
    assert [found[f"{k}×"] for k in (4, 9)] == [(200.0, None), (450.0, None)]


def test_harmonics_end_where_the_lines_end(lines):
    assert list(read(lines, "harmonic", 200.0, None)) == ["1×", "2×"]


def test_sidebands_stand_to_both_sides_of_their_centre(lines):
    found = read(lines, "sideband", 100.0, 7.0)
    sides = [*range(-SIDEBANDS, 0), *range(1, SIDEBANDS + 1)]
    assert set(found) == {"centre", *(f"{k:+d}" for k in sides)}
    assert found["centre"] == pytest.approx((100.0, 6.0))
    assert found["-1"] == pytest.approx((93.0, 2.0))
    assert found["+1"] == pytest.approx((107.0, 1.0))
    assert found["+2"] == (114.0, None)


def test_sidebands_below_zero_are_left_out_and_without_a_spacing_only_the_centre_is_read(lines):
    assert list(read(lines, "sideband", 50.0, 20.0)) == ["-2", "-1", "centre", "+1", "+2", "+3", "+4"]
    assert list(read(lines, "sideband", 100.0, None)) == ["centre"]


def test_tap_snaps_to_the_largest_line_within_reach_and_else_stays(lines):
    assert snap(lines, 96.0, 5.0) == pytest.approx(100.0)
    assert snap(lines, 96.0, 3.5) == pytest.approx(93.0)
    assert snap(lines, 300.0, 5.0) == 300.0


def test_line_of_noise_has_no_amplitude_and_one_above_four_times_what_is_about_it_has():
    amplitude = np.random.default_rng(2).uniform(0.5, 1.0, 1001)
    amplitude[300] = 6.0
    noise = Lines(
        amplitude=amplitude, step=STEP, axis="frequency_hz", unit=None, words="", start_s=0.0, stop_s=2.0
    )
    found = read(noise, "harmonic", 50.0, None)
    assert [name for name, (_, height) in found.items() if height is not None] == ["3×"]
    assert found["3×"][1] > 5


def test_tap_keeps_no_more_decimals_than_the_lines_tell(lines):
    lines.amplitude[201] = 5.0
    at = snap(lines, 100.0, 3.0)
    assert at == round(at, 4)
    assert 100.0 < at < 100.5
