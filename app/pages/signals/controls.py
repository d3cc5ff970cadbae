"""The choices above a record's analyses, bound to the page's state."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import panel as pn

from app.components.option_bar import OptionBar, choice, many, number, one, option
from app.pages.signals.marks import beside_colors
from app.pages.signals.taking import take
from app.state.signals import CURSORS, MOST_BESIDE, VIEWS, SignalsState
from app.theme import CANVAS_DEFECTS
from core.queries.analyses.defects import OVERLAYS, list_defect_lines
from core.queries.analyses.mountings import Mounting, list_bearings
from core.queries.signals import SignalRow


class Controls(pn.viewable.Viewer):
    """What is shown, over what, by which speed and bearing, and what a tap places."""

    def __init__(
        self, row: SignalRow, beside: Sequence[int], names: Mapping[int, str], state: SignalsState
    ) -> None:
        super().__init__()
        self._row, self._beside, self._names, self._state = row, beside, names, state
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
            *self._beside_fields(),
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

    def _beside_fields(self) -> list[dict[str, Any]]:
        chosen = [str(each) for each in self._beside]
        inks = beside_colors(len(chosen))
        names = {str(each): name for each, name in self._names.items() if each != self._row.id}
        shown = [
            option(each, names.get(each, f"signal {each}"), title="take it away", color=ink)
            for each, ink in zip(chosen, inks, strict=True)
        ]
        fields = [many("against", "Beside", shown, chosen)] if chosen else []
        if len(chosen) < MOST_BESIDE:
            left = {each: name for each, name in names.items() if each not in chosen}
            fields.append(choice("beside", "Put beside", {"": "another record"} | left, ""))
        return fields
