"""A velocity against the limits of its zones."""

from html import escape
from typing import Any, Protocol

import panel as pn
import param

from app.components.card import card
from app.components.safe_text import markup
from app.components.signal.heading import heading
from app.components.signal.places import skeleton, told
from app.theme import css_variable

HEIGHT_PX = 108
INKS = {"A": "completed", "B": "accent", "C": "paused", "D": "failed"}
_STYLE = f"""
.scale {{ display: flex; gap: 3px; margin: 10px 0 4px; }}
.zone {{ flex: 1; border-radius: 4px; padding: 4px 8px; font-size: 12px; background: {css_variable("raised")};
  color: {css_variable("muted")}; border: 2px solid transparent; }}
.zone.here {{ color: {css_variable("text")}; font-weight: 600; }}
.velocity {{ font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }}
""" + "".join(
    f".zone.{zone} {{ border-top-color: {css_variable(ink)}; }}"
    f" .zone.{zone}.here {{ border-color: {css_variable(ink)}; }}"
    for zone, ink in INKS.items()
)


class Severity(Protocol):
    """A velocity and its zone."""

    velocity_mm_s: float
    zone: str
    meaning: str
    limits: tuple[float, float, float]
    words: str


class SeverityPanel(pn.viewable.Viewer):
    """Shows what `show` is given, or by `fail` why there is nothing."""

    caption = param.String(default="", doc="what the velocity stands on")

    def __init__(self, title: str, *, controls: Any) -> None:
        super().__init__()
        self.shown: Severity | None = None
        self._body = pn.Column(skeleton(HEIGHT_PX), sizing_mode="stretch_width", margin=0)
        self._card = card(heading(title, self.param.caption), controls, self._body)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._card

    def show(self, severity: Severity) -> None:
        """Show the velocity among its zones."""
        self.shown, self.caption = severity, severity.words
        self._body[:] = [markup(_html(severity), style=_STYLE, sizing_mode="stretch_width")]

    def fail(self, words: str) -> None:
        """Say why there is nothing to show, where the scale would be."""
        self.shown, self.caption = None, ""
        self._body[:] = [told(words, HEIGHT_PX)]


def _html(severity: Severity) -> str:
    first, second, third = (f"{limit:g}" for limit in severity.limits)
    reach = {"A": f"up to {first}", "B": f"to {second}", "C": f"to {third}", "D": f"above {third}"}
    zones = "".join(_zone(zone, words, is_here=zone == severity.zone) for zone, words in reach.items())
    told = f"{severity.velocity_mm_s:.3g} mm/s RMS, 10–1,000 Hz · zone {severity.zone}: {severity.meaning}"
    return f'<span class="velocity">{escape(told)}</span><div class="scale">{zones}</div>'


def _zone(zone: str, words: str, *, is_here: bool) -> str:
    here = " here" if is_here else ""
    return f'<div class="zone {zone}{here}">{zone}<br>{escape(words)} mm/s</div>'
