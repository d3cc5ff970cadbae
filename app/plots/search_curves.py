"""What a search's metric was after each epoch of each trial, those that were pruned among them."""

from dataclasses import dataclass

import numpy as np
from bokeh.models import BasicTicker, ColumnDataSource, HoverTool, LegendItem, Span
from bokeh.plotting import figure
from numpy.typing import NDArray

from app.plots.campaign_inks import STATE_LOOKS, tell_shown, thin, value_axis, value_ticks
from app.plots.canvas import NARROWEST_PX, make_canvas, make_legend
from app.theme import OTHER

HEIGHT_PX = 300
MOST_CURVES = 200


@dataclass(frozen=True, slots=True)
class TrialCurves:
    """One entry an epoch of a trial, in order of trial and epoch; `trial` is a place in the other columns."""

    trial: NDArray[np.int64]
    epoch: NDArray[np.int64]
    value: NDArray[np.float64]
    scores: NDArray[np.float64]  # (num_trials,) what tells the best ones, which are drawn of many
    states: list[str]  # (num_trials,)
    names: list[str]  # (num_trials,)
    larger_is_better: bool


@dataclass(slots=True)
class SearchCurves:
    """The figure, its sources by state, and what it leaves out in words."""

    figure: figure
    sources: dict[str, ColumnDataSource]
    rungs: list[Span]
    sampled: str = ""


def draw_search_curves(curves: TrialCurves, rungs: list[int], metric: str) -> SearchCurves:
    """Draw one line a trial by its state; a dashed line stands where trials were pruned."""
    plot = make_canvas("epoch", **value_axis(metric, curves.value), height=HEIGHT_PX)
    plot.yaxis.formatter = value_ticks(metric)
    plot.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=8)
    sources, items, drawn = {}, [], []
    for state in ("pruned", "failed", "completed", "running"):
        ink = STATE_LOOKS[state][0]
        sources[state] = ColumnDataSource({"xs": [], "ys": [], "name": [], "end_x": [], "end_y": []})
        line = plot.multi_line(
            "xs", "ys", source=sources[state], line_color=ink, line_width=1.3,
            line_alpha=0.55, hover_line_width=3.5, hover_line_alpha=1, hover_line_color=ink,
        )  # fmt: skip
        end = plot.scatter(
            "end_x", "end_y", source=sources[state], marker=STATE_LOOKS[state][1], size=5,
            line_color=ink, fill_color=ink,
        )  # fmt: skip
        items.append(LegendItem(label=state, renderers=[line, end]))
        drawn.append(line)
    plot.add_layout(make_legend(items, NARROWEST_PX), "above")
    plot.add_tools(HoverTool(renderers=drawn, tooltips=[("", "@name")], line_policy="interp"))
    found = SearchCurves(plot, sources, [])
    show_search_curves(found, curves, rungs)
    return found


def show_search_curves(drawn: SearchCurves, curves: TrialCurves, rungs: list[int]) -> None:
    """Put the curves as they stand by now into the figure."""
    begun = np.unique(curves.trial)
    kept = begun[thin(curves.scores[begun], MOST_CURVES, larger_is_better=curves.larger_is_better)]
    drawn.sampled = tell_shown(len(kept), len(begun))
    begin = np.searchsorted(curves.trial, kept, side="left")
    end = np.searchsorted(curves.trial, kept, side="right")
    lines = list(zip(kept.tolist(), begin.tolist(), end.tolist(), strict=True))
    for item, (state, source) in zip(drawn.figure.legend[0].items, drawn.sources.items(), strict=True):
        own = [line for line in lines if curves.states[line[0]] == state]
        source.data = {
            "xs": [curves.epoch[b:e].tolist() for _, b, e in own],
            "ys": [curves.value[b:e].tolist() for _, b, e in own],
            "name": [curves.names[i] for i, _, _ in own],
            "end_x": [int(curves.epoch[e - 1]) for *_, e in own],
            "end_y": [float(curves.value[e - 1]) for *_, e in own],
        }
        item.visible = len(own) > 0
    _mark_rungs(drawn, rungs)


def _mark_rungs(drawn: SearchCurves, rungs: list[int]) -> None:
    known = [span.location for span in drawn.rungs]
    for epoch in rungs:
        if epoch not in known:
            span = Span(location=epoch, dimension="height", line_color=OTHER, line_dash="dashed")
            drawn.figure.add_layout(span)
            drawn.rungs.append(span)
