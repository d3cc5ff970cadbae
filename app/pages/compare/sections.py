"""The sections below the curves; each is made when it is first seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import panel as pn

from app.components.card import card
from app.components.export import export
from app.components.facts import small_table
from app.components.grid import grid, stack
from app.components.safe_text import text
from app.components.words import ABSENT, share
from app.pages.compare.parameters import parameters_section
from app.pages.compare.reading import Compared, label, run_colors
from app.plots.confusion import draw_confusion
from app.plots.reliability import draw_reliability, draw_rocs
from app.state.compare import CompareState
from core.errors import InvalidInputError
from core.evaluation.calibration import reliability
from core.evaluation.roc import Roc, macro, one_against_rest
from core.queries.comparison.differences import list_differences
from core.queries.comparison.predictions import (
    Predictions,
    join_predictions,
    judge_records,
    read_predictions,
)
from core.queries.comparison.scores import read_evaluations, tabulate_metric
from core.storage.database import read_scope

STANDING = "Runs that go on are shown as they stood when this was opened; the answer above moves with them."
MOST_MATRICES = 4
MOST_RECORDS = 40
Section = Callable[[Compared, CompareState], pn.viewable.Viewable]


def make_section(compared: Compared, state: CompareState) -> pn.viewable.Viewable:
    """Return the section that the state names."""
    sections: dict[str, Section] = {
        "differences": _differences,
        "scores": _scores,
        "confidence": _confidence,
        "parameters": parameters_section,
        "windows": _windows,
    }
    return sections[state.tab](compared, state)


def _bokeh(plot: Any) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)


def _differences(compared: Compared, _state: CompareState) -> pn.viewable.Viewable:
    with read_scope() as session:
        found = list_differences(session, compared.ids)
    files = export(lambda: found.frame().rename(columns=str).reset_index(), "differences")
    if not found.rows:
        same = f"All {found.num_same} settings are alike, seeds included."
        return card(text(same, "muted"), title="What was asked for")
    rows = [(path, *(ABSENT if value is None else value for value in values)) for path, values in found.rows]
    alike = f"{found.num_same} settings are alike and not shown. {ABSENT} the run states nothing there."
    return card(
        small_table(("setting", *(f"#{each}" for each in found.ids)), rows),
        text(alike, "caption", margin=(8, 0, 0, 0)),
        title="What was asked for, where it differs",
        actions=(files,),
    )


def _scores(compared: Compared, state: CompareState) -> pn.viewable.Viewable:
    with read_scope() as session:
        found = read_evaluations(session, compared.ids)
    table = compared.summaries.pivot(index="metric", columns="experiment_id", values="best")
    table = table.reindex(columns=compared.ids)
    rows = [
        (str(name), *(ABSENT if np.isnan(value) else f"{value:.4g}" for value in row))
        for name, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    metrics = card(
        small_table(("metric, best", *(f"#{each}" for each in compared.ids)), rows),
        *([text(STANDING, "caption", margin=(8, 0, 0, 0))] if compared.is_active else []),
        title="Every metric",
        actions=(export(lambda: compared.summaries, "metrics"),),
    )
    if not found:
        return stack(metrics, card(text("None has been tested yet.", "muted"), title="Confusion matrices"))
    metric = compared.metric(state.metric)
    order = [
        each for each in tabulate_metric(compared.summaries, metric, compared.ids).index if each in found
    ]
    matrices = [
        card(_bokeh(_matrix(found[each])), title=f"#{each} {compared.run(each).name}")
        for each in order[:MOST_MATRICES]
    ]
    left = len(order) - len(matrices)
    note = f"{MOST_MATRICES} of {len(order)} matrices shown, the best by {metric}." if left else ""
    notes = [text(note, "caption")] if note else []
    cells = [(matrix, 6 if len(matrices) > 1 else 12) for matrix in matrices]
    return stack(metrics, grid(*cells), *notes, _by_class(found, order))


def _matrix(evaluation: Any) -> Any:
    return draw_confusion(evaluation.classes, evaluation.confusion, "windows").figure


def _by_class(found: dict[int, Any], order: list[int]) -> pn.Column:
    scores = {each: {score.label: score for score in found[each].per_class} for each in order}
    classes = list(dict.fromkeys(name for each in order for name in scores[each]))
    rows = [
        (name, *(share(scores[each][name].f1) if name in scores[each] else ABSENT for each in order))
        for name in classes
    ]
    table = small_table(("F1 of windows", *(f"#{each}" for each in order)), rows)
    return card(table, title="By class")


def _confidence(compared: Compared, _state: CompareState) -> pn.viewable.Viewable:
    with read_scope() as session:
        found = read_predictions(session, compared.ids)
    if not found:
        nothing = "None has predictions of test windows: they are written when a training has been tested."
        return card(text(nothing, "muted"), title="ROC and reliability")
    inks = run_colors(compared.ids)
    named = {label(compared.run(each)): each for each in found}
    colors = {name: inks[each] for name, each in named.items()}
    diagrams = {
        name: reliability(found[each].windows["confidence"].to_numpy(), found[each].correct)
        for name, each in named.items()
        if len(found[each].windows)
    }
    curves = {name: _macro_roc(found[each]) for name, each in named.items()}
    rocs = {name: curve for name, curve in curves.items() if curve is not None}
    without = [name for name, curve in curves.items() if curve is None]
    told = f"No probabilities of classes were kept by {', '.join(without)}." if without else ""
    return grid(
        (
            card(
                _bokeh(draw_rocs(rocs, colors)),
                text(f"Mean over classes, one against the rest, of windows. {told}", "caption"),
                title="ROC",
            ),
            6,
        ),
        (
            card(
                _bokeh(draw_reliability(diagrams, colors)),
                text("15 bins of equal width; ECE: expected calibration error. Of windows.", "caption"),
                title="Reliability",
            ),
            6,
        ),
    )


def _macro_roc(predictions: Predictions) -> Roc | None:
    if predictions.probabilities is None or not predictions.classes:
        return None
    places = {name: i for i, name in enumerate(predictions.classes)}
    labels = np.array([places.get(name, -1) for name in predictions.windows["true_label"]], np.int64)
    return macro(list(one_against_rest(predictions.probabilities, labels, predictions.classes).values()))


def _windows(compared: Compared, _state: CompareState) -> pn.viewable.Viewable:
    with read_scope() as session:
        found = list(read_predictions(session, compared.ids).values())
    try:
        joined = join_predictions(found)
    except InvalidInputError as error:
        words = str(error)
        return card(text(f"{words[:1].upper()}{words[1:]}.", "muted"), title="Records and windows")
    judged = judge_records(found)
    ids = [each.experiment_id for each in found]
    differ = judged[judged[[f"predicted_{each}" for each in ids]].nunique(axis=1) > 1]
    shown = (differ if len(differ) else judged).iloc[:MOST_RECORDS]
    rows = [
        (str(name), row["true_label"], *(f"{row[f'predicted_{i}']}, {row[f'right_{i}']}" for i in ids))
        for name, row in shown.iterrows()
    ]
    table = small_table(("record", "true", *(f"#{each}" for each in ids)), rows)
    which = "those taken for different classes" if len(differ) else "the first"
    told = (
        f"{len(judged)} records and {len(joined):,} windows were given to all {len(ids)} that were tested; "
        f"{len(differ)} records were taken for different classes. Shown: {len(shown)}, {which}, and how "
        "many of their windows were right. The files hold every shared window."
    )
    return card(
        table,
        text(told, "caption", margin=(8, 0, 0, 0)),
        title="Records and windows that all were tested on",
        actions=(export(lambda: joined, "shared-windows"),),
    )
