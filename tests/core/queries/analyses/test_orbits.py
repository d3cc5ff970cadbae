import re

import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.mountings import Mounting
from core.queries.analyses.orbits import TURNS, view_orbit
from core.queries.waveforms import read_stretch
from tests.core.queries.analyses.conftest import RATE_HZ

SHAFT_HZ = 25.0
MOUNTING = Mounting(60 * SHAFT_HZ, None, "")


@pytest.fixture
def probes(whole):
    """A function that stores an orbit of 1X, noise and an offset as two probes of one record."""

    def read(sign=1, **known):
        angle = 2 * np.pi * SHAFT_HZ * np.arange(12_000) / RATE_HZ
        noise = 0.05 * np.random.default_rng(1).standard_normal((2, 12_000))
        x = whole(20 + 3 * np.cos(angle) + noise[0], record="a", channel="X", unit="um")
        y = whole(
            -5 + 2 * sign * np.sin(angle) + noise[1], **{"record": "a", "channel": "Y", "unit": "um"} | known
        )
        return x, y

    return read


@pytest.mark.parametrize(
    ("sign", "turning"), [(1, "forward, from X towards Y"), (-1, "backward, from Y towards X")]
)
def test_direction_and_size_of_the_orbit_are_told(probes, sign, turning):
    found = view_orbit(*probes(sign), MOUNTING)
    assert f"1X turns {turning}" in found.words
    sizes = re.search(r", ([\d.]+) by ([\d.]+) um$", found.words).groups()
    assert [float(size) for size in sizes] == pytest.approx([3.0, 2.0], rel=0.01)
    assert "X X, Y Y" in found.words


def test_last_turns_are_drawn_about_the_middle(probes):
    found = view_orbit(*probes(), MOUNTING)
    for curve in (found.raw, found.filtered):
        assert len(curve[0]) == len(curve[1]) == TURNS * RATE_HZ / SHAFT_HZ
    x, y = found.filtered
    assert np.abs(x).max() == pytest.approx(3.0, rel=0.01)
    assert np.abs(y).max() == pytest.approx(2.0, rel=0.01)
    np.testing.assert_allclose(found.raw[0], x, atol=0.3)
    np.testing.assert_allclose(found.raw[1], y, atol=0.3)


def test_frame_holds_both_curves(probes):
    found = view_orbit(*probes(), MOUNTING)
    frame = found.frame()
    np.testing.assert_array_equal(frame["y_filtered"], found.filtered[1])
    np.testing.assert_array_equal(frame["x"], found.raw[0])


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"rate_hz": 6000.0}, r"X \(12,000 Hz\) and Y \(6,000 Hz\).*choose two probes of one record"),
        ({"record": "b"}, r"X of a and Y of b were not measured together; choose two probes of one record"),
        ({"unit": "mm"}, r"X is in um and Y in mm; choose two probes of one unit"),
    ],
)
def test_probes_that_do_not_belong_together_are_refused(probes, known, told):
    with pytest.raises(InvalidInputError, match=told):
        view_orbit(*probes(**known), MOUNTING)


def test_orbit_without_a_speed_says_what_to_enter(probes):
    with pytest.raises(InvalidInputError, match=r"state one in the field Speed"):
        view_orbit(*probes(), Mounting(None, None, ""))


def test_window_of_fewer_than_four_turns_is_refused_with_the_samples_that_it_needs(store, probes):
    x, y = (read_stretch(probe.signal, 0.0, 3 / SHAFT_HZ) for probe in probes())
    with pytest.raises(InvalidInputError, match=r"1440 samples are in view; this needs at least 1,920: zoom"):
        view_orbit(x, y, MOUNTING)
