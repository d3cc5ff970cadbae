"""The curves of a comparison, which move in place while runs write."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import panel as pn

from app.components.safe_text import text
from app.pages.compare.reading import Compared, label, run_colors, series_colors
from app.plots.comparison import HEIGHT_PX, ComparisonCurves, Series, draw_comparison, show_series
from app.state.compare import CompareState
from core.evaluation.bounds import bounds_of
from core.evaluation.curves import Band, smooth_exponential
from core.queries.comparison.curves import (
    Curve,
    aggregate_groups,
    extend_curves,
    last_rows,
    place_curves,
    read_curves,
    read_last_steps,
    tabulate_curves,
)
from core.queries.comparison.runs import group_runs
from core.storage.database import read_scope

NO_STEPS = "no step was logged"
NO_TIME = "their epochs have no duration"


class CurvesView(pn.viewable.Viewer):
    """One figure of all runs, or of the groups' means; what it leaves out stands below it."""

    def __init__(self, compared: Compared, state: CompareState) -> None:
        super().__init__()
        self._compared, self._state = compared, state
        self._metric = ""
        self._epochs = pd.DataFrame()
        self._steps: pd.DataFrame | None = None
        self.drawn: ComparisonCurves | None = None
        self._series: list[Series] = []
        self._content = pn.Column(sizing_mode="stretch_width", margin=0, min_height=HEIGHT_PX)
        self._caption = text("", "caption", margin=(4, 0, 0, 0))
        self.redraw()

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._content, self._caption, sizing_mode="stretch_width", margin=0)

    def redraw(self) -> None:
        """Draw anew what the state asks for; epochs are read again only for another metric."""
        state = self._state
        metric = self._compared.curve(state.curve, self._compared.metric(state.metric))
        with read_scope() as session:
            if metric != self._metric:
                self._metric = metric
                self._epochs = read_curves(session, self._compared.ids, metric)
            if state.axis == "step" and self._steps is None:
                self._steps = read_last_steps(session, self._compared.ids)
        self._series = self._make_series()
        self._tell()
        if not self._series:
            self.drawn = None
            self._content.objects = [text(self._nothing(), "muted")]
            return
        self.drawn = draw_comparison(self._series, state.axis, metric)
        self._content.objects = [pn.pane.Bokeh(self.drawn.figure, sizing_mode="stretch_width", margin=0)]
        self._tell()

    def read_new(self, compared: Compared) -> pd.DataFrame:
        """Read what the active ones have written since: one query, however many they are."""
        ids = [run.id for run in compared.runs if run.is_active or self._compared.run(run.id).is_active]
        with read_scope() as session:
            return read_curves(session, ids, self._metric, last_rows(self._epochs))

    def take(self, compared: Compared, written: pd.DataFrame) -> None:
        """Bring newly written epochs into the sources; the figure is drawn anew only for another line."""
        self._compared = compared
        if self.drawn is None or not self._metric:
            self.redraw()
            return
        if written.empty:
            return
        self._epochs = extend_curves(self._epochs, written)
        before, self._series = self._series, self._make_series()
        if [one.label for one in before] != [one.label for one in self._series]:
            self.redraw()
            return
        for place, (old, new) in enumerate(zip(before, self._series, strict=True)):
            if len(old.x) != len(new.x) or not np.array_equal(old.raw, new.raw, equal_nan=True):
                show_series(self.drawn, place, new)
        self._tell()

    def frame(self) -> pd.DataFrame:
        """Return the curves as they are stored, unsmoothed and unsampled."""
        return tabulate_curves(self._places(), self._state.axis)

    def _places(self) -> dict[int, Curve]:
        return place_curves(self._epochs, self._state.axis, self._steps) if len(self._epochs) else {}

    def _make_series(self) -> list[Series]:
        curves = {key: curve for key, curve in self._places().items() if not np.isnan(curve[1]).all()}
        field = self._compared.group(self._state.group)
        if field:
            groups = group_runs(self._compared.runs, field)
            largest = max((float(np.nanmax(values)) for _, values in curves.values()), default=0.0)
            bounds = bounds_of(self._metric, largest)
            return self._group_series(field, aggregate_groups(curves, groups, bounds=bounds), list(groups))
        colors = run_colors(self._compared.ids)
        return [
            Series(
                label(run),
                f"{label(run)} {run.name}",
                colors[run.id],
                *curves[run.id],
                self._smooth(curves[run.id][1]),
            )
            for run in self._compared.runs
            if run.id in curves
        ]

    def _group_series(self, field: str, bands: dict[str, Band], names: Sequence[str]) -> list[Series]:
        series = []
        colors = dict(zip(names, series_colors(len(names)), strict=True))
        for name, band in bands.items():
            most = int(band.n.max())
            interval = f"mean and 95 % interval, n = {most}" if most > 1 else "one run, no interval"
            series.append(
                Series(
                    f"{field} {name}: {interval}",
                    f"{field} {name}",
                    colors[name],
                    band.axis,
                    band.mean,
                    band.mean,
                    band.low,
                    band.high,
                    band.n,
                )
            )
        return series

    def _smooth(self, values: np.ndarray) -> np.ndarray:
        return smooth_exponential(values, self._state.smoothing)

    def _nothing(self) -> str:
        if not self._metric:
            return "No epoch yet: no metric was measured by epoch."
        if self._state.axis == "epoch":
            return f"None of them has an epoch of {self._metric} yet."
        why = NO_STEPS if self._state.axis == "step" else NO_TIME
        return f"None can be drawn by {self._state.axis}: {why}."

    def _tell(self) -> None:
        words = [self.drawn.sampled] if self.drawn is not None else []
        measured = set(self._epochs["experiment_id"]) if len(self._epochs) else set()
        absent = [label(run) for run in self._compared.runs if run.id not in measured]
        unplaced = measured - set(self._places())
        field = self._compared.group(self._state.group)
        if field:
            words.append(
                "n falls where runs end early; each is read between its own points only; not smoothed"
            )
        elif self._state.smoothing:
            words.append(f"thin: raw; thick: exponential mean of weight {self._state.smoothing:g}, debiased")
        if absent:
            words.append(f"without epochs: {', '.join(absent)}")
        if unplaced and self.drawn is not None:
            words.append(f"not on this axis: {', '.join(f'#{each}' for each in sorted(unplaced))}")
        self._caption.object = text(" · ".join(word for word in words if word), "caption").object
