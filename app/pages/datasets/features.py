"""The features of a data set: measured or not yet, their distributions by class, and the records' plane."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import panel_material_ui as pmui
from bokeh.models import ColumnDataSource

from app.components.card import card
from app.components.grid import grid, stack
from app.components.safe_text import text
from app.pages.datasets.reading import AXES, Looked, Measured, read_places
from app.plots.distributions import ClassValues, draw_distribution
from app.plots.projection import draw_projection
from app.state.datasets import PROJECTIONS, DatasetsState
from app.theme import category_colors
from core.queries.dataset_features import Measurement
from core.vibration.feature_set import FEATURES_BY_NAME


class FeaturesView(pn.viewable.Viewer):
    """Both pictures over one table; `open_signal` is called with the id of a point that is tapped."""

    def __init__(
        self, looked: Looked, kept: Measurement, state: DatasetsState, open_signal: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._looked, self._kept, self._state, self._open_signal = looked, kept, state, open_signal
        self.colors = category_colors(looked.row.fault_types)
        self._distribution, self._projection = stack(gap_px=4), stack(gap_px=4)
        self.choice = self._make_choice()
        self.draw_distribution()
        self.draw_projection()

    def __panel__(self) -> pn.viewable.Viewable:
        kind = pmui.RadioButtonGroup(
            options={title: name for name, title in PROJECTIONS.items()},
            value=self._state.projection,
            label="",
            size="small",
            margin=0,
            color="primary",
            sx={"& .MuiButtonBase-root": {"textTransform": "none", "whiteSpace": "nowrap"}},
        )
        kind.param.watch(lambda event: self._state.param.update(projection=event.new), "value")
        self._state.param.watch(lambda event: kind.param.update(value=event.new), "projection")
        return grid(
            (card(self.choice, self._distribution, title="Feature by class"), 6),
            (
                card(
                    pn.FlexBox(kind, margin=0),
                    self._projection,
                    title="Signals in the plane of their features",
                ),
                6,
            ),
        )

    @property
    def feature(self) -> str:
        """The feature that is drawn."""
        return Measured(None, self._kept, 0).feature(self._state.feature)

    def _make_choice(self) -> pmui.Select:
        measured = [name for name in self._kept.results["features"] if name in FEATURES_BY_NAME]
        choice = pmui.Select(
            options={FEATURES_BY_NAME[name].title: name for name in measured},
            value=self.feature,
            label="Feature",
            size="small",
            width=280,
            margin=(4, 0, 8, 0),
        )
        choice.param.watch(lambda event: self._state.param.update(feature=event.new), "value")
        return choice

    def draw_distribution(self) -> None:
        """Draw the feature that the state names."""
        name = self.feature
        if not name:
            self._distribution[:] = [text("No feature was measured.", "muted")]
            return
        if self.choice.value != name:
            self.choice.value = name
        frame = read_places(self._kept, self._looked.channel, (name,))
        if frame.empty:
            self._distribution[:] = [text(_tell_no_row(self._looked.channel), "muted")]
            return
        feature = FEATURES_BY_NAME[name]
        units = sorted({unit or "unit not stated" for unit in self._looked.units})
        unit = ", ".join(units) if feature.unit == "signal" else feature.unit
        label = f"{feature.title} ({unit})" if unit else feature.title
        classes = {kind: _values_of(frame[frame["fault_class"] == kind], name) for kind in self.colors}
        drawn = draw_distribution(classes, label, self.colors)
        undefined = sum(of_class.num_undefined for of_class in classes.values())
        count = "1 signal" if len(frame) == 1 else f"{len(frame):,} signals"
        wanted = self._state.feature
        lines = [
            f"“{wanted[:80]}” is no feature that was measured; shown is {name}." if wanted != name else "",
            f"{feature.title}: {feature.definition.rstrip('.')}.",
            f"Channel {self._looked.channel}, {count}. Box: quartiles and median; line: 5 to 95 %.",
            f"Undefined for {undefined:,} of {len(frame):,} signals." if undefined else "",
            _tell_part(self._kept.results),
            drawn.sampled,
        ]
        self._distribution[:] = [
            pn.pane.Bokeh(drawn.figure, sizing_mode="stretch_width", margin=0),
            text(" ".join(filter(None, lines)), "caption"),
        ]

    def draw_projection(self) -> None:
        """Draw the projection that the state names."""
        kind, results = self._state.projection, self._kept.results["projection"]
        places = read_places(self._kept, self._looked.channel, AXES)
        places = places.rename(columns={f"{kind}_1": "x", f"{kind}_2": "y"}).dropna(subset=["x", "y"])
        if places.empty:
            self._projection[:] = [text(_tell_no_place(), "muted")]
            return
        points = places[["x", "y", "signal_id", "fault_class", "severity"]].reset_index()
        x_label, y_label = _tell_axes(kind, results["explained_variance"])
        drawn = draw_projection(points, x_label, y_label, self.colors)
        drawn.source.selected.on_change("indices", lambda _attribute, _old, new: self._tap(drawn.source, new))
        self._projection[:] = [
            pn.pane.Bokeh(drawn.figure, sizing_mode="stretch_width", margin=0),
            text(_tell_projection(kind, self._kept, len(points)), "caption"),
        ]

    def _tap(self, points: ColumnDataSource, indices: list[int]) -> None:
        if indices:
            points.selected.indices = []  # whoever comes back finds all points alike, and may tap the same
            self._open_signal(int(points.data["id"][indices[0]]))


def _values_of(frame: pd.DataFrame, name: str) -> ClassValues:
    defined = frame[np.isfinite(frame[name])]
    return ClassValues(
        defined[name].to_numpy(np.float64), defined["signal_id"].tolist(), len(frame) - len(defined)
    )


def _tell_part(results: dict[str, Any]) -> str:
    part, most = results["num_measured_in_part"], results["most_measured_samples"]
    return f"Of {part:,} long signals the middle {most:,} samples were measured." if part else ""


def _tell_no_row(channel: str) -> str:
    return f"The table of features holds no signal of channel {channel}: measure the features again."


def _tell_no_place() -> str:
    return "No signal has a place: four signals or more with two features or more are needed."


def _tell_axes(kind: str, shares: list[float]) -> tuple[str, str]:
    if kind == "pca":
        first, second = ([*shares, 0.0, 0.0])[:2]
        return (
            f"component 1, {100 * first:.1f} % of variance",
            f"component 2, {100 * second:.1f} % of variance",
        )
    return "t-SNE 1, no unit", "t-SNE 2, no unit"


def _tell_projection(kind: str, kept: Measurement, shown: int) -> str:
    results = kept.results["projection"]
    used = f"{len(results['features'])} standardised features of all channels; {shown:,} signals shown."
    if kind == "pca":
        return f"Principal components of {used} A tap opens the signal."
    total = kept.results["num_signals"]
    part = (
        "" if results["tsne_signals"] == total else f" {results['tsne_signals']:,} of {total:,} were placed."
    )
    return (
        f"t-SNE of {used}{part} Neighbours are alike; distances between groups mean nothing "
        f"(seed {results['tsne_seed']}). A tap opens the signal."
    )
