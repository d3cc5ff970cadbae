"""The severity of a stretch's velocity by limits that a person may edit."""

from dataclasses import dataclass

from core.errors import InvalidInputError
from core.queries.analyses.checks import check_stretch
from core.queries.waveforms import Stretch
from core.vibration.zones import MEANINGS, PRESETS, Limits, Zone, ZonePreset, grade, velocity_rms

ZONE_PRESETS = {preset.name: preset for preset in PRESETS}


@dataclass(frozen=True, slots=True)
class SeverityView:
    """A velocity, its zone, and what the zone means."""

    velocity_mm_s: float
    zone: Zone
    meaning: str
    limits: Limits
    preset: ZonePreset
    words: str


def view_severity(stretch: Stretch, preset: str, limits: Limits | None) -> SeverityView:
    """Return the zone of a stretch's RMS velocity of 10 to 1,000 Hz; refused where the unit is unknown."""
    chosen = ZONE_PRESETS.get(preset)
    if chosen is None:
        raise InvalidInputError(f"there are no limits of {preset!r}; choose one of {', '.join(ZONE_PRESETS)}")
    if stretch.signal.unit is None:
        raise InvalidInputError(
            "the record's unit is not stated, and zones are limits in mm/s: import the record with its unit"
        )
    check_stretch(stretch)
    velocity = float(velocity_rms(stretch.samples, stretch.rate_hz, stretch.signal.unit))
    used = limits or chosen.limits
    zone = grade(velocity, used)
    return SeverityView(velocity, zone, MEANINGS[zone], used, chosen, stretch.words())
