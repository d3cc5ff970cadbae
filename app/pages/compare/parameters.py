"""What the runs were given, and what of it made the best ones."""

from typing import Any, NamedTuple

import numpy as np
import panel as pn

from app.components.card import card
from app.components.export import export
from app.components.filters import choice, filter_row
from app.components.grid import grid, stack
from app.components.safe_text import text
from app.pages.compare.reading import Compared
from app.plots.importance import draw_importance
from app.plots.parallel import Coordinate, draw_parallel
from app.plots.scatter import draw_parameter
from app.state.compare import CompareState
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


def parameters_section(compared: Compared, state: CompareState) -> pn.viewable.Viewable:
    """Show parallel coordinates, the score over one parameter, and the parameters' importance."""
    scored = _score(compared, compared.metric(state.metric))
    if not scored.varied or not scored.metric:
        nothing = "No hyperparameter differs between them." if scored.metric else "Nothing was measured yet."
        return card(text(nothing, "muted"), title="Hyperparameters")
    scatter = card(_Scatter(scored, state), title="By one parameter")
    return stack(_parallel(compared, scored), grid((scatter, 6), (_importance(compared, scored.metric), 6)))


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
        _bokeh(plot),
        text(f"One line a run; the brighter, the better.{told}", "caption"),
        title="Parallel coordinates",
        actions=(export(lambda: tabulate_runs(compared.runs), "runs"),),
    )


class _Scatter(pn.viewable.Viewer):
    """The judging metric over the hyperparameter that the state names."""

    def __init__(self, scored: _Scored, state: CompareState) -> None:
        super().__init__()
        self._scored, self._state = scored, state
        chosen = state.parameter if state.parameter in scored.varied else scored.varied[0]
        self._pane = _bokeh(self._plot(chosen))
        self._field = choice("Parameter", self._choose, width=200)
        self._field.param.update(options={name: name for name in scored.varied}, value=chosen)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(filter_row(self._field), self._pane, sizing_mode="stretch_width", margin=0)

    def _choose(self, value: str) -> None:
        if value in self._scored.varied and value != self._state.parameter:
            self._state.parameter = "" if value == self._scored.varied[0] else value
            self._pane.object = self._plot(value)

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
    return card(_bokeh(draw_importance(report)), text(told, "caption"), title=title)


def _bokeh(plot: Any) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)
