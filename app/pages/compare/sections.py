"""The sections below the curves, by their names in the state."""

from typing import Any

import numpy as np

from app.components.card import card
from app.components.export import export
from app.components.facts import small_table
from app.components.grid import grid
from app.components.page import Navigate
from app.components.safe_text import text
from app.components.words import ABSENT
from app.pages.compare.parameters import make_parameters
from app.pages.compare.reading import Compared, label, run_colors
from app.pages.compare.scores import ScoresSection
from app.pages.compare.section import Section, bokeh, lacking, lay_out
from app.pages.compare.windows import windows_section
from app.plots.reliability import draw_reliability, draw_rocs
from app.state.compare import CompareState
from core.evaluation.calibration import reliability
from core.evaluation.roc import Roc, macro, one_against_rest
from core.queries.comparison.differences import list_differences
from core.queries.comparison.predictions import Predictions, read_predictions
from core.storage.database import read_scope

LONG = 12  # characters of a number, beyond which its first digits are shown and the rest when pointed at


def make_section(compared: Compared, state: CompareState, open_place: Navigate | None) -> Section:
    """Return the section that the state names; `open_place` leads to other pages, where there are any."""
    if state.tab == "scores":
        return ScoresSection(compared, state, open_place)
    if state.tab == "confidence":
        return _confidence(compared)
    if state.tab == "parameters":
        return make_parameters(compared, state)
    if state.tab == "windows":
        return windows_section(compared, linked=open_place is not None)
    return _differences(compared)


def _differences(compared: Compared) -> Section:
    with read_scope() as session:
        found = list_differences(session, compared.ids)
    files = export(lambda: found.frame().rename(columns=str).reset_index(), "differences")
    if not found.rows:
        return lacking(f"all {found.num_same} settings are alike, seeds included", "What was asked for")
    names = [path for path, _ in found.rows]
    rows = [[ABSENT if value is None else shorten(value) for value in values] for _, values in found.rows]
    whole = {shorten(value): value for _, values in found.rows for value in values if value is not None}
    notes = {short: value for short, value in whole.items() if short != value}
    alike = f"{found.num_same} settings are alike and not shown. {ABSENT} the run states nothing there."
    return Section(
        card(
            small_table(*lay_out("setting", names, list(found.ids), rows), notes),
            text(alike, "caption", margin=(8, 0, 0, 0)),
            title="What was asked for, where it differs",
            actions=(files,),
        )
    )


def shorten(value: str) -> str:
    """Return a number of many digits by its first five; words and short numbers as they are."""
    if len(value) <= LONG:
        return value
    try:
        return f"{float(value):.5g}"
    except ValueError:
        return value


def _confidence(compared: Compared) -> Section:
    with read_scope() as session:
        found = read_predictions(session, compared.ids)
    if not found:
        nothing = "None has predictions of test windows: they are written when a training has been tested"
        return lacking(nothing, "ROC and reliability")
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
    told = f" No probabilities of classes were kept by {', '.join(without)}." if without else ""
    roc = _pictured(
        "ROC", draw_rocs(rocs, colors), f"Mean over classes, one against the rest, of windows.{told}"
    )
    bins = "15 bins of equal width; ECE: expected calibration error. Of windows."
    kept = _pictured("Reliability", draw_reliability(diagrams, colors), bins)
    rows = [
        (name, f"{len(found[each].windows):,}", _area(rocs, name), f"{diagrams[name].error:.3f}")
        for name, each in named.items()
        if name in diagrams
    ]
    figures = small_table(("experiment", "test windows", "AUC, mean over classes", "ECE"), rows)
    return Section(grid((roc, 6), (kept, 6)), card(figures, title="In figures"))


def _area(rocs: dict[str, Roc], name: str) -> str:
    return f"{rocs[name].auc:.4f}" if name in rocs else ABSENT


def _pictured(title: str, plot: Any, words: str) -> Any:
    return card(bokeh(plot), text(words, "caption"), title=title)


def _macro_roc(predictions: Predictions) -> Roc | None:
    if predictions.probabilities is None or not predictions.classes:
        return None
    places = {name: i for i, name in enumerate(predictions.classes)}
    labels = np.array([places.get(name, -1) for name in predictions.windows["true_label"]], np.int64)
    return macro(list(one_against_rest(predictions.probabilities, labels, predictions.classes).values()))
