"""The choices above a record's analyses, bound to the page's state."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import panel as pn

from app.components.option_bar import OptionBar, choice, many, number, one, option
from app.components.safe_text import text
from app.pages.signals.marks import beside_colors
from app.state.signals import CURSORS, DETECTIONS, MOST_BESIDE, UNITS, VIEWS, SignalsState
from app.theme import CANVAS_DEFECTS
from core.errors import InvalidInputError
from core.queries.analyses.defects import OVERLAYS, list_defect_lines
from core.queries.analyses.mountings import Mounting, list_bearings
from core.queries.analyses.severities import ZONE_PRESETS
from core.queries.analyses.spectra import WINDOW_TITLES
from core.queries.signals import SignalRow
from core.vibration.averaging import AVERAGINGS

NUMBERS = {"rpm", "cursor_at", "spacing"}
BETWEEN = ("A to B", "B to C", "C to D")
PROBES = ("x", "y")  # how the channels of two probes end


class Controls(pn.viewable.Viewer):
    """What is shown, over what, by which speed and bearing, and what a tap places."""

    def __init__(self, row: SignalRow, names: Mapping[int, str], state: SignalsState) -> None:
        super().__init__()
        self._row, self._names, self._state = row, names, state
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
        chosen = [str(each) for each in self._state.against]
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


class ProbeControls(pn.viewable.Viewer):
    """Which channel of the record is the orbit's second probe."""

    def __init__(self, row: SignalRow, siblings: Sequence[SignalRow], state: SignalsState) -> None:
        super().__init__()
        self._row, self._siblings, self._state = row, siblings, state
        self.bar = OptionBar(lambda message: take(state, message))
        state.param.watch(lambda *_: self.show(), "probe")
        self.show()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.bar

    def show(self) -> None:
        """Show what is chosen."""
        probe = read_probe(self._row, self._siblings, self._state.probe)
        offered = {"": "none"} | {str(row.id): row.channel for row in self._siblings}
        self.bar.fields = [choice("probe", "Second probe", offered, str(probe.id) if probe else "")]


class ZoneControls(pn.viewable.Viewer):
    """By which limits a velocity is judged."""

    def __init__(self, state: SignalsState) -> None:
        super().__init__()
        self._state = state
        self.bar = OptionBar(self._take)
        self._source = text("", "caption", margin=(4, 0, 0, 0))
        self._content = pn.Column(self.bar, self._source, sizing_mode="stretch_width", margin=0)
        state.param.watch(lambda *_: self.show(), ["zone", "limits"])
        self.show()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def show(self) -> None:
        """Show what is chosen, and where it is from."""
        preset = ZONE_PRESETS[self._state.zone]
        used = self._state.limits or preset.limits
        names = {name: f"{name}: {each.applies_to}" for name, each in ZONE_PRESETS.items()}
        edges = zip(BETWEEN, used, strict=True)
        self.bar.fields = [
            choice("zone", "Limits of", names, self._state.zone),
            *(number(f"limit{n}", f"{words} (mm/s)", value) for n, (words, value) in enumerate(edges)),
        ]
        own = "edited here, not the source’s" if self._state.limits else preset.source
        self._content[1] = text(f"Limits: {own}.", "caption", margin=(4, 0, 0, 0))

    def _take(self, message: dict[str, Any]) -> None:
        if message["name"] == "zone":
            self._state.param.update(zone=message["value"], limits=None)
            return
        used = list(self._state.limits or ZONE_PRESETS[self._state.zone].limits)
        place, value = int(message["name"][-1]), read_number(message["value"])
        used[place] = ZONE_PRESETS[self._state.zone].limits[place] if value is None else value
        self._state.limits = tuple(used)


def read_probe(row: SignalRow, siblings: Sequence[SignalRow], chosen: int | None) -> SignalRow | None:
    """Return the second probe: the one chosen, else the channel whose name makes a pair of X and Y."""
    if chosen is not None:
        return next((each for each in siblings if each.id == chosen), None)
    name = row.channel.lower()
    for own, other in (PROBES, PROBES[::-1]):
        if name.endswith(own):
            pair = name.removesuffix(own) + other
            return next((each for each in siblings if each.channel.lower() == pair), None)
    return None


def take(state: SignalsState, message: dict[str, Any]) -> None:
    """Take what a person chose; what does not fit is refused in words, and nothing is changed."""
    name, value = message["name"], message["value"]
    if name in NUMBERS:
        value = read_number(value)
    elif name == "averages":
        value = int(value)
    elif name == "probe":
        value = int(value) if value else None
    elif name == "against":
        value = [int(each) for each in value]
    elif name == "beside":
        name, value = "against", [*state.against, int(value)]
    try:
        setattr(state, name, value)
    except ValueError as error:  # param's own refusal
        raise InvalidInputError(f"{message['value']!r} does not fit here: {error}") from error


def read_number(words: str) -> float | None:
    """Read a number that a person typed, with thousands commas or none; empty is none."""
    if not words:
        return None
    try:
        return float(words.replace(",", ""))
    except ValueError as error:
        raise InvalidInputError(f"{words!r} is no number; type one such as 1797 or 29.95") from error
