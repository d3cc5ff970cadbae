"""What the runs were given, and what of it made the best ones."""

from typing import Any, NamedTuple

import numpy as np
import panel as pn
import panel_material_ui as pmui

from app.components.card import card
from app.components.export import export
from app.components.filters import choice, filter_row
from app.components.grid import grid, stack
from app.components.safe_text import text
from app.pages.compare.reading import Compared
from app.pages.compare.section import Section, bokeh, lacking
from app.plots.importance import draw_importance
from app.plots.parallel import Coordinate, draw_parallel
from app.plots.scatter import draw_parameter
from app.state.compare import CompareState
from core.clock import utc_now
from core.errors import InvalidInputError
from core.queries.comparison.answers import rank_hyperparameters
from core.queries.comparison.runs import ComparedRun, list_parameters, tabulate_runs

MOST_AXES = 9


class _Scored(NamedTuple):
    """The runs with what they scored, and the hyperparameters that differ between them."""

    runs: tuple[ComparedRun, ...]
    metric: str
    scores: list[float]  # NaN where a run has not measured the metric
    varied: list[str]

    @property
    def names(self) -> list[str]:
        """What each run is called when pointed at."""
        return [f"#{run.id} {run.name}" for run in self.runs]

    def values(self, parameter: str) -> list[float | str | None]:
        """Return what each run was given."""
        return [run.parameters.get(parameter) for run in self.runs]


def make_parameters(compared: Compared, state: CompareState) -> Section:
    """Show what the runs were given, or say why there is nothing to see in it."""
    scored = _score(compared, compared.metric(state.metric))
    if not scored.metric:
        return lacking("nothing was measured yet", "Hyperparameters")
    if not scored.varied:
        return lacking("no hyperparameter differs between them", "Hyperparameters")
    return ParametersSection(compared, state, scored)


class ParametersSection(Section):
    """Parallel coordinates, the score over one parameter, and the parameters' importance.

    They stand still while they are read; where runs have gone on, that is said, with the way to see it.
    """

    def __init__(self, compared: Compared, state: CompareState, scored: _Scored) -> None:
        self._compared, self._state, self._scored = compared, state, scored
        self._since = text("", "caption")
        self.again = pmui.Button(label="Draw anew", icon="refresh", variant="text", size="small", margin=0)
        self.again.on_click(lambda _: self._draw())
        self._aged = pn.FlexBox(
            self._since, self.again, gap="8px", align_items="center", margin=0, visible=False
        )
        self._plots = pn.Column(sizing_mode="stretch_width", margin=0)
        super().__init__(self._aged, self._plots)
        self._draw()

    def take(self, compared: Compared) -> None:
        """Say that what is drawn is no longer all there is."""
        self._compared = compared
        scored = _score(compared, self._scored.metric)
        self._aged.visible = not np.array_equal(scored.scores, self._scored.scores, equal_nan=True)

    def redraw(self) -> None:
        """Show the parameter that the state names."""
        self._scatter.show()

    def _draw(self) -> None:
        scored = self._scored = _score(self._compared, self._scored.metric)
        told = f"As of {utc_now():%H:%M:%S} UTC; runs have gone on since."
        self._since.object = text(told, "caption").object
        self._aged.visible = False
        self._scatter = _Scatter(scored, self._state)
        self._plots.objects = [
            stack(
                _parallel(self._compared, scored),
                grid(
                    (card(self._scatter, title="By one parameter"), 6),
                    (_importance(self._compared, scored.metric), 6),
                ),
            )
        ]


def _score(compared: Compared, metric: str) -> _Scored:
    best = compared.summaries[compared.summaries["metric"] == metric].set_index("experiment_id")["best"]
    varied = [
        name
        for name in list_parameters(compared.runs)
        if len({run.parameters.get(name) for run in compared.runs}) > 1
    ]
    return _Scored(compared.runs, metric, [float(best.get(run.id, np.nan)) for run in compared.runs], varied)


def _parallel(compared: Compared, scored: _Scored) -> pn.Column:
    shown = scored.varied[:MOST_AXES]
    axes = [Coordinate(name, scored.values(name)) for name in shown]
    results = [None if np.isnan(score) else score for score in scored.scores]
    axes.append(Coordinate(f"best {scored.metric}", results))
    larger_is_better = compared.larger_is_better(scored.metric)
    plot = draw_parallel(axes, scored.names, larger_is_better=larger_is_better)
    left = len(scored.varied) - len(shown)
    told = f" {len(shown)} of {len(scored.varied)} parameters shown." if left else ""
    return card(
        bokeh(plot),
        text(f"One line a run; the brighter, the better.{told}", "caption"),
        title="Parallel coordinates",
        actions=(export(lambda: tabulate_runs(compared.runs), "runs"),),
    )


class _Scatter(pn.viewable.Viewer):
    """The judging metric over the hyperparameter that the state names."""

    def __init__(self, scored: _Scored, state: CompareState) -> None:
        super().__init__()
        self._scored, self._state = scored, state
        self._field = choice("Parameter", self._choose, width=200)
        self._field.param.update(options={name: name for name in scored.varied}, value=self._chosen)
        self._pane = bokeh(self._plot(self._chosen))

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(filter_row(self._field), self._pane, sizing_mode="stretch_width", margin=0)

    def show(self) -> None:
        """Show the parameter that the state names, else the first."""
        self._field.value = self._chosen
        self._pane.object = self._plot(self._chosen)

    @property
    def _chosen(self) -> str:
        varied = self._scored.varied
        return self._state.parameter if self._state.parameter in varied else varied[0]

    def _choose(self, value: str) -> None:
        if value in self._scored.varied and value != self._chosen:
            self._state.parameter = "" if value == self._scored.varied[0] else value

    def _plot(self, parameter: str) -> Any:
        scored = self._scored
        values = scored.values(parameter)
        return draw_parameter(parameter, values, f"best {scored.metric}", scored.scores, scored.names)


def _importance(compared: Compared, metric: str) -> pn.Column:
    title = "Importance (PED-ANOVA)"
    try:
        report = rank_hyperparameters(compared.runs, compared.summaries, metric)
    except InvalidInputError as error:
        words = str(error)
        return card(text(f"{words[:1].upper()}{words[1:]}.", "muted"), title=title)
    told = f"What tells the best {report.num_best} of {report.num_runs} runs from all. {report.caution}"
    return card(bokeh(draw_importance(report.importances)), text(told, "caption"), title=title)
