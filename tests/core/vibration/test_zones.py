import numpy as np
import pytest

from core.errors import InvalidInputError
from core.vibration.zones import MEANINGS, PRESETS, ZONES, grade, velocity_rms

RATE_HZ = 12_000.0
TIME_S = np.arange(36_000) / RATE_HZ


def test_grade_changes_at_each_limit_and_not_on_it():
    limits = (1.4, 2.8, 4.5)
    for velocity, zone in (
        (0.0, "A"),
        (1.4, "A"),
        (1.41, "B"),
        (2.8, "B"),
        (2.9, "C"),
        (4.5, "C"),
        (4.6, "D"),
    ):
        assert grade(velocity, limits) == zone


@pytest.mark.parametrize(
    "limits", [(1.0, 1.0, 2.0), (0.0, 1.0, 2.0), (3.0, 2.0, 1.0), (1.0, 2.0), (1.0, 2.0, np.nan)]
)
def test_limits_that_do_not_rise_are_refused(limits):
    with pytest.raises(InvalidInputError, match="must be 3 that rise from above 0"):
        grade(1.0, limits)


@pytest.mark.parametrize("velocity", [np.nan, -0.1, np.inf])
def test_no_velocity_has_no_grade(velocity):
    with pytest.raises(InvalidInputError, match="is no velocity"):
        grade(velocity, (1.0, 2.0, 3.0))


def test_every_preset_can_grade_and_names_its_source():
    assert len({preset.name for preset in PRESETS}) == len(PRESETS) == 8
    assert list(MEANINGS) == list(ZONES)
    for preset in PRESETS:
        assert grade(preset.limits[1], preset.limits) == "B"
        assert "ISO 10816" in preset.source
        assert "edit" in preset.source


@pytest.mark.parametrize("frequency_hz", [20.3, 159.15, 900.0])
@pytest.mark.parametrize(
    ("unit", "derivative", "size"), [("g", 2, 9806.65), ("m/s²", 2, 1e3), ("mm/s", 1, 1.0), ("um", 0, 1e-3)]
)
def test_velocity_of_a_sine_is_its_own_in_any_unit(unit, derivative, size, frequency_hz):
    peak = 3.0 * np.sqrt(2) * (2 * np.pi * frequency_hz) ** (derivative - 1) / size
    found = velocity_rms(peak * np.sin(2 * np.pi * frequency_hz * TIME_S + 1), RATE_HZ, unit)
    assert found == pytest.approx(3.0, rel=2e-3)


def test_only_the_band_counts():
    inside = np.sin(2 * np.pi * 100 * TIME_S)
    outside = 50 * np.sin(2 * np.pi * 3 * TIME_S) + 50 * np.sin(2 * np.pi * 3000 * TIME_S) + 100
    np.testing.assert_allclose(
        velocity_rms(np.stack([inside, inside + outside]), RATE_HZ, "mm/s"), 0.5**0.5, rtol=1e-3
    )


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"unit": None}, "the signal's unit is unknown; state it"),
        ({"unit": "V"}, "unit 'V' is none of"),
        ({"rate_hz": 1900.0}, r"rate_hz/2 = 950"),
        ({"rate_hz": None}, "rate_hz=None"),
        ({"x": TIME_S[:2048]}, "2,048 samples are too few, this needs at least 6,000"),
        ({"x": np.ones(36_000)}, "all 36,000 samples"),
        ({"x": np.full(36_000, np.nan)}, "NaN or infinite"),
        ({"band_hz": (0.0, 100.0)}, "must begin above 0 Hz"),
    ],
)
def test_what_has_no_velocity_is_refused_with_the_reason(choice, message):
    with pytest.raises(InvalidInputError, match=message):
        velocity_rms(**{"x": TIME_S, "rate_hz": RATE_HZ, "unit": "g", **choice})
