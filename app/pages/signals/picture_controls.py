"""The choices within single pictures of a record."""

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from app.components.option_bar import OptionBar, choice, number
from app.components.safe_text import text
from app.pages.signals.taking import read_number, take
from app.state.signals import DETECTIONS, UNITS, SignalsState
from core.errors import InvalidInputError
from core.queries.analyses.severities import ZONE_PRESETS
from core.queries.analyses.spectra import WINDOW_TITLES
from core.queries.signals import SignalRow
from core.vibration.averaging import AVERAGINGS

BETWEEN = ("A to B", "B to C", "C to D")
PROBES = ("x", "y")  # how the channels of two probes end

Watch = Callable[[Callable[[], None], list[str]], None]  # what to do when one of these of the state changes


class SpectrumControls(pn.viewable.Viewer):
    """How the spectrum is made."""

    def __init__(self, state: SignalsState, watch: Watch) -> None:
        super().__init__()
        self._state = state
        self.bar = OptionBar(lambda message: take(state, message))
        watch(self.show, ["weights", "averages", "averaging", "detection", "unit"])
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

    def __init__(
        self, row: SignalRow, siblings: Sequence[SignalRow], state: SignalsState, watch: Watch
    ) -> None:
        super().__init__()
        self._row, self._siblings, self._state = row, siblings, state
        self.bar = OptionBar(lambda message: take(state, message))
        watch(self.show, ["probe"])
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

    def __init__(self, state: SignalsState, watch: Watch) -> None:
        super().__init__()
        self._state = state
        self.bar = OptionBar(self._take)
        self._source = text("", "caption", margin=(4, 0, 0, 0))
        self._content = pn.Column(self.bar, self._source, sizing_mode="stretch_width", margin=0)
        watch(self.show, ["zone", "limits"])
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
            self._state.limits = None
            take(self._state, message)
            return
        used = list(self._state.limits or ZONE_PRESETS[self._state.zone].limits)
        names = [f"limit{n}" for n in range(len(BETWEEN))]
        if message["name"] not in names:
            raise InvalidInputError(f"{str(message['name'])[:40]!r} is none of {', '.join(names)}")
        place, value = names.index(message["name"]), read_number(message["value"])
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
