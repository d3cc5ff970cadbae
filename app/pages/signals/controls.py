"""The choices above a record's analyses, bound to the page's state."""

from collections.abc import Iterable
from typing import Any

import panel as pn

from app.components.option_bar import OptionBar, choice, many, number, one, option
from app.state.signals import CURSORS, DETECTIONS, UNITS, VIEWS, SignalsState
from app.theme import CANVAS_DEFECTS
from core.queries.analyses.defects import OVERLAYS, list_defect_lines
from core.queries.analyses.mountings import Mounting, list_bearings
from core.queries.analyses.spectra import WINDOW_TITLES
from core.queries.signals import SignalRow
from core.vibration.averaging import AVERAGINGS

NUMBERS = {"rpm", "cursor_at", "spacing"}


class Controls(pn.viewable.Viewer):
    """What is shown, over what, by which speed and bearing, and what a tap places."""

    def __init__(self, row: SignalRow, state: SignalsState) -> None:
        super().__init__()
        self._row, self._state = row, state
        self.bar = OptionBar(lambda message: take(state, message))

    def __panel__(self) -> pn.viewable.Viewable:
        return self.bar

    def show(self, mounting: Mounting) -> None:
        """Show what is chosen."""
        state, row = self._state, self._row
        needs_speed = "" if mounting.rpm else "needs the speed of the shaft"
        axes = [option("Hz", "Hz"), option("CPM", "CPM")]
        axes.append(option("orders", "Orders", title=needs_speed, disabled=bool(needs_speed)))
        cursor = [option(name, label) for name, label in CURSORS.items()]
        speed = "unknown" if row.rpm is None else f"{row.rpm:,.0f} measured"
        own = f"record’s: {row.bearing_model}" if row.bearing_model else "record’s: unknown"
        self.bar.fields = [
            many("views", "Show", [option(name, label) for name, label in VIEWS.items()], state.views),
            one("axis", "Over", axes, state.axis),
            one("scale", "Amplitudes", [option("linear", "Linear"), option("log", "Log")], state.scale),
            number("rpm", "Speed (rpm)", state.rpm, hint=speed),
            choice("bearing", "Bearing", {"": own} | {name: name for name in list_bearings()}, state.bearing),
            many("overlays", "Marks", self._overlays(mounting), state.overlays),
            one("cursor", "Cursor", cursor, state.cursor),
            *self._cursor_fields(),
        ]

    def _overlays(self, mounting: Mounting) -> Iterable[dict[str, Any]]:
        lines = {line.kind: line for line in list_defect_lines(mounting, list(OVERLAYS), 1)}
        for kind, title in OVERLAYS.items():
            line = lines.get(kind)
            told = f"{line.order:.4g} × = {line.frequency_hz:,.2f} Hz" if line else "speed or bearing unknown"
            yield option(kind, title, title=told, color=CANVAS_DEFECTS[kind], disabled=line is None)

    def _cursor_fields(self) -> list[dict[str, Any]]:
        state = self._state
        if state.cursor == "off":
            return []
        fields = [number("cursor_at", "Cursor at", state.cursor_at, hint="tap a line")]
        if state.cursor == "sideband":
            fields.append(number("spacing", "Spacing", state.spacing, hint="tap a sideband"))
        return fields


class SpectrumControls(pn.viewable.Viewer):
    """How the spectrum is made."""

    def __init__(self, state: SignalsState) -> None:
        super().__init__()
        self._state = state
        self.bar = OptionBar(lambda message: take(state, message))
        state.param.watch(lambda *_: self.show(), ["weights", "averages", "averaging", "detection", "unit"])
        self.show()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.bar

    def show(self) -> None:
        """Show what is chosen."""
        state = self._state
        counts = {str(count): str(count) for count in state.param.averages.objects}
        averages = {"1": "1, the whole window"} | {k: v for k, v in counts.items() if k != "1"}
        fields = [
            choice("weights", "Window", WINDOW_TITLES, state.weights),
            choice("averages", "Averages", averages, str(state.averages)),
            choice("detection", "Detection", {name: name for name in DETECTIONS}, state.detection),
            choice("unit", "Unit", {"": "as recorded"} | {name: name for name in UNITS}, state.unit),
        ]
        if state.averages > 1:
            combined = {name: name for name in AVERAGINGS}
            fields.insert(2, choice("averaging", "Combined", combined, state.averaging))
        self.bar.fields = fields


def take(state: SignalsState, message: dict[str, Any]) -> None:
    """Take what a person chose; a number that is none leaves the field as it was."""
    name, value = message["name"], message["value"]
    if name in NUMBERS:
        value = read_number(value)
    elif name == "averages":
        value = int(value)
    setattr(state, name, value)


def read_number(words: str) -> float | None:
    """Read a number that a person typed, with thousands commas or none; empty is none."""
    return float(words.replace(",", "")) if words else None
