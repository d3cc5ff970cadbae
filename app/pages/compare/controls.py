"""The fields that choose what a comparison is judged by and how its curves are drawn."""

from typing import Any

import panel as pn

from app.components.filters import choice, filter_row
from app.pages.compare.reading import Compared, label
from app.state.compare import CompareState
from core.queries.comparison.curves import AXES
from core.queries.comparison.runs import list_fields

WEIGHTS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)
AXIS_WORDS = {"epoch": "epoch", "step": "step", "time": "wall time"}


class Controls(pn.viewable.Viewer):
    """Selects bound to the state; `show` offers what the experiments have."""

    def __init__(self, state: CompareState) -> None:
        super().__init__()
        self._state = state
        self._showing = False
        self.metric = choice("Judged by", lambda value: self._set(metric=value), width=250)
        self.baseline = choice(
            "Against", lambda value: self._set(baseline=int(value) if value else None), width=230
        )
        self.group = choice("Groups", lambda value: self._set(group=value), width=180)
        self.curve = choice("Curve", lambda value: self._set(curve=value), width=180)
        self.axis = choice("Over", lambda value: self._set(axis=value), width=120)
        self.smoothing = choice("Smoothing", lambda value: self._set(smoothing=float(value or 0)), width=120)

    def judging(self) -> pn.FlexBox:
        """Return the fields of the answer."""
        return filter_row(self.metric, self.baseline, self.group)

    def drawing(self) -> pn.FlexBox:
        """Return the fields of the curves."""
        return filter_row(self.curve, self.axis, self.smoothing)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self.judging(), self.drawing())

    def show(self, compared: Compared) -> None:
        """Offer the metrics, runs and fields there are, and show what is chosen."""
        state = self._state
        metric = compared.metric(state.metric)
        every = {f"{m.name} ({m.num_runs} of {len(compared.runs)})": m.name for m in compared.metrics}
        curves = {m.name: m.name for m in compared.metrics if m.has_curve}
        runs = {"the second best": ""} | {f"{label(r)} {r.name}": str(r.id) for r in compared.runs}
        weights = {f"{w:g}" if w else "none": f"{w:g}" for w in sorted({*WEIGHTS, state.smoothing})}
        self._showing = True
        try:
            _offer(self.metric, every, metric)
            _offer(self.baseline, runs, "" if state.baseline is None else str(state.baseline))
            fields = {"none": ""} | {name: name for name in list_fields(compared.runs)}
            _offer(self.group, fields, compared.group(state.group))
            _offer(self.curve, curves, compared.curve(state.curve, metric))
            _offer(self.axis, {AXIS_WORDS[axis]: axis for axis in AXES}, state.axis)
            _offer(self.smoothing, weights, f"{state.smoothing:g}")
        finally:
            self._showing = False

    def _set(self, **chosen: Any) -> None:
        if not self._showing and any(getattr(self._state, name) != value for name, value in chosen.items()):
            self._state.param.update(**chosen)


def _offer(field: Any, options: dict[str, str], chosen: str) -> None:
    known = options if chosen in options.values() else {chosen or "none": chosen, **options}
    if field.options != known or field.value != chosen:
        field.param.update(options=known, value=chosen)
