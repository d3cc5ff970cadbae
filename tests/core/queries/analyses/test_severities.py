import numpy as np
import pytest

from core.errors import InvalidInputError
from core.queries.analyses.severities import ZONE_PRESETS, view_severity
from core.vibration.units import STANDARD_GRAVITY
from tests.core.queries.analyses.conftest import sine


@pytest.mark.parametrize(("velocity", "zone"), [(1.0, "A"), (2.0, "B"), (5.0, "C"), (9.0, "D")])
def test_sine_of_known_velocity_is_graded_by_the_presets_limits(whole, velocity, zone):
    found = view_severity(
        whole(sine(80, velocity * 2**0.5, duration_s=4.0), unit="mm/s"), "Class II", limits=None
    )
    assert found.velocity_mm_s == pytest.approx(velocity, rel=0.005)
    assert found.zone == zone
    assert found.limits == ZONE_PRESETS["Class II"].limits
    assert found.meaning


def test_acceleration_is_integrated_to_the_same_velocity(whole):
    acceleration = 3.0 * 2**0.5 * 2 * np.pi * 80 / 1000 / STANDARD_GRAVITY
    found = view_severity(whole(sine(80, acceleration, duration_s=4.0), unit="g"), "Class II", None)
    assert found.velocity_mm_s == pytest.approx(3.0, rel=0.005)


def test_what_lies_outside_10_to_1000_hz_is_not_counted(whole):
    beside = sine(5, 50, duration_s=4.0) + sine(2000, 50, duration_s=4.0)
    found = view_severity(whole(sine(80, 2**0.5, duration_s=4.0) + beside, unit="mm/s"), "Class II", None)
    assert found.velocity_mm_s == pytest.approx(1.0, rel=0.01)


def test_edited_limits_stand_instead_of_the_presets(whole):
    found = view_severity(whole(sine(80, 2**0.5, duration_s=4.0), unit="mm/s"), "Class II", (0.1, 0.2, 0.9))
    assert (found.zone, found.limits) == ("D", (0.1, 0.2, 0.9))


@pytest.mark.parametrize(
    ("unit", "preset", "limits", "told"),
    [
        (None, "Class II", None, r"unit is not stated.*import the record with its unit"),
        ("furlong", "Class II", None, r"unit 'furlong' is none of.*state one of these"),
        ("mm/s", "Class IX", None, r"'Class IX'.*choose one of Class I, Class II"),
        ("mm/s", "Class II", (3.0, 2.0, 9.0), r"limits 3, 2, 9 mm/s must be 3 that rise from above 0; edit"),
    ],
)
def test_what_cannot_be_graded_is_refused_with_the_next_step(whole, unit, preset, limits, told):
    stretch = whole(sine(80, duration_s=2.0), unit=unit)
    with pytest.raises(InvalidInputError, match=told):
        view_severity(stretch, preset, limits)


def test_too_short_a_window_is_refused_with_both_lengths(whole):
    with pytest.raises(InvalidInputError, match=r"1,?200.*6,?000|6,?000.*1,?200"):
        view_severity(whole(sine(80, duration_s=0.1), unit="mm/s"), "Class II", None)
