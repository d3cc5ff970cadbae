"""Pictures of a data set: class balance, one feature by class, signals in a plane."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from app.plots.balance import draw_balance
from app.plots.distributions import MOST_POINTS, ClassValues, draw_distribution
from app.plots.projection import draw_projection

COLORS = {"ball": "#e69f00", "healthy": "#009e73", "cage": "#cc79a7"}


def values(*numbers, undefined=0):
    return ClassValues(np.array(numbers, float), [f"s{n}" for n in range(len(numbers))], undefined)


def test_severities_of_a_class_lie_end_to_end() -> None:
    counts = [
        SimpleNamespace(fault_class=kind, severity=severity, records=records)
        for kind, severity, records in [("ball", "mild", 3), ("ball", "severe", 2), ("healthy", "nominal", 1)]
    ]
    plot = draw_balance(counts, ["nominal", "mild", "severe"])
    bars = {r.data_source.data["severity"][0]: r.data_source.data for r in plot.renderers}
    assert (bars["mild"]["left"], bars["mild"]["right"]) == ([0], [3])
    assert (bars["severe"]["left"], bars["severe"]["right"]) == ([3], [5])
    assert list(plot.y_range.factors) == ["healthy", "ball"]
    assert [item.label.value for item in plot.legend[0].items] == ["nominal", "mild", "severe"]


def test_every_class_says_how_many_signals_it_stands_on() -> None:
    drawn = draw_distribution({"ball": values(1, 2, 3, 4, 5), "cage": values()}, "RMS (g)", COLORS)
    assert list(drawn.figure.y_range.factors) == ["cage, n = 0", "ball, n = 5"]
    assert drawn.figure.xaxis[0].axis_label == "RMS (g)"
    assert drawn.sampled == ""


def test_box_stands_at_the_quartiles_and_few_signals_have_none() -> None:
    drawn = draw_distribution({"ball": values(0, 1, 2, 3, 4), "cage": values(1, 2, 3)}, "x", COLORS)
    boxes = [r.data_source.data for r in drawn.figure.renderers if "right" in r.data_source.data]
    assert [(box["left"], box["right"]) for box in boxes] == [([1.0], [3.0])]


def test_values_over_decades_are_drawn_on_a_log_axis_and_say_so() -> None:
    wide = draw_distribution({"ball": values(0.001, 10.0)}, "energy", COLORS)
    assert wide.figure.xaxis[0].axis_label == "energy, log"
    assert draw_distribution({"ball": values(-1.0, 10.0)}, "x", COLORS).figure.xaxis[0].axis_label == "x"


def test_many_signals_are_thinned_with_both_ends_kept_and_told() -> None:
    drawn = draw_distribution({"ball": values(*range(5000))}, "x", COLORS)
    (points,) = [r.data_source.data for r in drawn.figure.renderers if "kind" in r.data_source.data]
    assert (len(points["value"]), points["value"][0], points["value"][-1]) == (MOST_POINTS, 0, 4999)
    assert drawn.sampled == "400 of 5,000 points shown"


def test_classes_without_a_point_are_not_in_the_legend() -> None:
    places = pd.DataFrame(
        {"id": [1, 2], "x": [0.0, 1.0], "y": [0.0, 1.0], "signal_id": ["a", "b"],
         "fault_class": ["ball", "healthy"], "severity": ["mild", "nominal"]}
    )  # fmt: skip
    drawn = draw_projection(places, "one", "two", COLORS)
    assert [item.label.value for item in drawn.figure.legend[0].items] == ["ball", "healthy"]
    assert list(drawn.source.data["id"]) == [1, 2]
