"""The pictures of one search: what accuracy costs, one architecture, its lineage, and the best so far."""

from collections.abc import Callable
from typing import Any

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource

from app.components.architecture_blocks import architecture_blocks
from app.components.facts import facts
from app.components.safe_text import text
from app.components.words import ABSENT
from app.pages.architectures.reading import COST_LABELS, ArchitectureSearch, amount, count
from app.pages.architectures.snippets import export_command
from app.plots.lineage import draw_lineage
from app.plots.pareto import draw_pareto
from app.plots.search_history import draw_history

NO_TRIAL = "No trial has ended yet, so nothing was measured."
LINEAGE = {
    "random": "Random search has no lineage: every architecture is drawn anew.",
    "bayesian": "TPE has no lineage: it draws from where good architectures are dense, not from one parent.",
}


def bokeh(plot: Any) -> pn.pane.Bokeh:
    """Show a figure as wide as its card."""
    return pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0)


def make_pareto(search: ArchitectureSearch, axis: str, open_experiment: Callable[[int], None]) -> list[Any]:
    """Draw accuracy over a cost; a tap on a trial opens its experiment."""
    points = search.costs(axis)
    if np.isnan(points.cost).all():
        return [text(f"{NO_TRIAL} Costs are counted at a trial's end.", "muted")]
    drawn = draw_pareto(points, COST_LABELS[axis], is_log=axis != "latency_ms")

    def tap(source: ColumnDataSource, indices: list[int]) -> None:
        if indices:
            source.selected.indices = []  # whoever comes back may tap the same
            experiment = search.trials.experiment_id[int(source.data["place"][indices[0]])]
            if experiment is not None:
                open_experiment(experiment)

    for source in drawn.marks.values():
        source.selected.on_change("indices", lambda _a, _o, new, source=source: tap(source, new))
    told = (
        f"{int(points.is_front.sum())} of {len(search.trials)} trials are on the front: no trial trained to "
        "its end is at least as good in both. A trial that was stopped early is shown and never of the front."
    )
    devices = sorted({device for device in search.trials.latency_device if device})
    if axis == "latency_ms" and devices:
        told += f" Measured on {', '.join(devices)}."
    return [bokeh(drawn.figure), text(f"{told} A tap opens the experiment.", "caption")]


def make_architecture(search: ArchitectureSearch, wanted: int | None) -> list[Any]:
    """Draw the architecture of the trial wanted, else of the best."""
    place = search.chosen(wanted)
    if place is None:
        return [text("No architecture has been drawn yet.", "muted")]
    trials = search.trials
    number = int(trials.number[place])
    lost = f"There is no trial {wanted}; shown is {number}. " if wanted not in (None, number) else ""
    best = "the best" if number == search.row.best_trial else trials.state[place]
    measured = f" ({trials.latency_device[place]})" if trials.latency_device[place] else ""
    told = {
        "accuracy": amount("accuracy", float(trials.accuracy[place])),
        "parameters": _told(trials.num_parameters[place], ",.0f"),
        "FLOPs of one window": count(float(trials.flops[place])),
        "size": _told(trials.size_mb[place], ".3g", " MB"),
        "latency": _told(trials.latency_ms[place], ".3f", f" ms{measured}"),
        "hash": trials.hash[place],
    }
    return [
        text(f"{lost}Trial {number}, {best}. A click on a trial of the table draws it.", "caption"),
        architecture_blocks(search.options(place)),
        facts(told, sizing_mode="stretch_width", margin=(8, 0, 0, 0)),
        text("As a Python file that needs torch alone, with the spec that trains it:", "caption"),
        text(export_command(search.row.id, number), "command"),
    ]


def _told(value: float, form: str, unit: str = "") -> str:
    return ABSENT if np.isnan(value) else f"{value:{form}}{unit}"


def make_lineage(search: ArchitectureSearch) -> list[Any]:
    """Draw who descends from whom, where the algorithm has parents."""
    if search.row.method in LINEAGE:
        return [text(LINEAGE[search.row.method], "muted")]
    family = search.family()
    num_children = int((family.parent >= 0).sum())
    if not num_children:
        population = search.row.config["population"]
        told = f"No child yet: the first {population} architectures are drawn at random, then mutated."
        return [text(told, "muted")]
    told = (
        f"{num_children} of {len(search.trials)} trials are children, each of one parent with one dimension "
        "mutated; point at one to see which."
    )
    return [bokeh(draw_lineage(family).figure), text(told, "caption")]


def make_history(search: ArchitectureSearch) -> list[Any]:
    """Draw the values of trials and the best so far."""
    points = search.history()
    if not len(points.best):
        return [text(NO_TRIAL, "muted")]
    told = "The value of a trial stopped early is of fewer epochs."
    return [bokeh(draw_history(points, "trials", search.row.metric).figure), text(told, "caption")]
