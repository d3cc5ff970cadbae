import numpy as np
import pytest

from core.queries.analyses.lines import Lines


def lines_of(amplitude, step=0.5):
    return Lines(
        amplitude=np.asarray(amplitude, float),
        step=step,
        axis="frequency_hz",
        unit="g",
        words="",
        start_s=0.0,
        stop_s=1.0,
    )


@pytest.fixture
def noise():
    return lines_of(np.random.default_rng(3).random(10_007))


@pytest.mark.parametrize("points", [200, 777, 1200])
@pytest.mark.parametrize("window", [(0.0, 5003.0), (100.3, 4000.1), (4000.0, 5003.0)])
def test_every_point_is_the_largest_of_its_neighbouring_lines_at_its_own_place(noise, window, points):
    seen = noise.view(*window, points)
    assert len(seen.position) <= points
    place = np.round(seen.position / noise.step).astype(int)
    np.testing.assert_array_equal(seen.amplitude, noise.amplitude[place])
    first = max(int(np.ceil(window[0] / noise.step)) - 1, 0)
    for number, at in enumerate(place):
        start = first + number * seen.lines_per_point
        stop = min(start + seen.lines_per_point, int(np.ceil(window[1] / noise.step)) + 1)
        assert at == start + noise.amplitude[start:stop].argmax()


def test_no_line_that_stands_out_is_left_out(noise):
    for place in (1, 4321, 10_005):
        amplitude = noise.amplitude.copy()
        amplitude[place] = 9.0
        seen = lines_of(amplitude).view(0.0, 5003.0, 300)
        assert seen.position[seen.amplitude.argmax()] == place * 0.5
        assert seen.amplitude.max() == 9.0


def test_narrow_view_shows_every_line_and_one_beyond_each_end(noise):
    seen = noise.view(100.1, 103.9, 1200)
    assert seen.lines_per_point == 1
    np.testing.assert_allclose(seen.position, np.arange(100.0, 104.01, 0.5))
    np.testing.assert_array_equal(seen.amplitude, noise.amplitude[200:209])


def test_view_ends_where_the_lines_end(noise):
    seen = noise.view(5000.0, 9999.0)
    assert seen.position[-1] == noise.end
    assert len(noise.view(9000.0, 9999.0).position) == 0


def test_largest_smallest_and_end_are_those_of_the_lines():
    lines = lines_of([0.0, -2.0, 5.0, 1.0])
    assert lines.largest == (1.0, 5.0)
    assert lines.smallest == -2.0
    assert lines.end == 1.5


def test_frame_names_its_axis():
    frame = lines_of([1.0, 2.0]).frame()
    assert list(frame.columns) == ["frequency_hz", "amplitude"]
    assert frame["frequency_hz"].tolist() == [0.0, 0.5]


def test_reading_beside_a_larger_line_stays_within_reach():
    amplitude = np.zeros(200)
    amplitude[99:102] = [1.0, 2.0, 1.0]
    amplitude[119:122] = [5.0, 10.0, 5.0]
    position, height = lines_of(amplitude).read(50.0, 2.0)
    assert position == pytest.approx(50.0)
    assert height == pytest.approx(2.0)


@pytest.mark.parametrize(("step", "digits"), [(0.5, 4), (1.0, 3), (29.95, 2), (1e4, 0), (1e-4, 7)])
def test_positions_have_decimals_down_to_a_thousandth_between_two_lines(step, digits):
    assert lines_of([1.0, 2.0], step).digits == digits


def test_level_is_the_median_of_what_is_about_a_position():
    amplitude = np.full(100, 2.0)
    amplitude[50], amplitude[60:] = 90.0, -7.0
    assert lines_of(amplitude).level(25.0, 8) == 2.0
    assert lines_of(amplitude).level(49.5, 25) == 7.0
