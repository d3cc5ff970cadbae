import numpy as np
import pytest
from bokeh.models import LogScale

from app.plots.importance import draw_importance
from app.plots.parallel import Coordinate, draw_parallel
from app.plots.reliability import draw_reliability, draw_rocs
from app.plots.scatter import draw_parameter
from core.evaluation.calibration import reliability
from core.evaluation.importance import rank_parameters
from core.evaluation.roc import roc

NAMES = ["#1 a", "#2 b", "#3 c"]


def lines_of(plot) -> dict[str, list]:
    return next(r for r in plot.renderers if r.glyph.__class__.__name__ == "MultiLine").data_source.data


def test_each_run_crosses_every_axis_where_its_value_stands() -> None:
    axes = [
        Coordinate("lr", [1e-4, 1e-2, 1.0]),
        Coordinate("model", ["wdcnn", "mlp", "wdcnn"]),
        Coordinate("momentum", [None, 0.9, 0.9]),
        Coordinate("best", [0.5, 0.7, 0.9]),
    ]
    data = lines_of(draw_parallel(axes, NAMES, larger_is_better=True))
    heights = dict(zip(data["name"], data["ys"], strict=True))
    assert heights["#1 a"] == pytest.approx([0, 1, np.nan, 0], nan_ok=True)
    assert heights["#2 b"] == pytest.approx([0.5, 0, 0.5, 0.5])
    assert heights["#3 c"] == pytest.approx([1, 1, 0.5, 1])


def test_the_best_line_is_drawn_last_and_brightest_in_either_direction() -> None:
    axes = [Coordinate("best", [0.1, 0.9, 0.5])]
    up = lines_of(draw_parallel(axes, NAMES, larger_is_better=True))
    down = lines_of(draw_parallel(axes, NAMES, larger_is_better=False))
    assert (up["name"][-1], down["name"][-1]) == ("#2 b", "#1 a")
    assert up["color"][-1] == down["color"][-1]


def test_number_makes_points_and_a_wide_one_a_log_axis() -> None:
    narrow = draw_parameter("batch", [16.0, 32.0, None], "best", [0.1, 0.2, 0.3], NAMES)
    wide = draw_parameter("lr", [1e-4, 1e-2, 1.0], "best", [0.1, 0.2, float("nan")], NAMES)
    assert len(narrow.renderers[-1].data_source.data["x"]) == 2
    assert not isinstance(narrow.x_scale, LogScale)
    assert isinstance(wide.x_scale, LogScale)
    assert wide.xaxis.axis_label == "lr, log"
    assert len(wide.renderers[-1].data_source.data["x"]) == 2


def test_categories_make_boxes_where_three_runs_are() -> None:
    values = ["a", "a", "a", "b"]
    plot = draw_parameter("model", values, "best", [0.1, 0.2, 0.3, 0.4], [*NAMES, "#4 d"])
    boxes = next(r for r in plot.renderers if r.glyph.__class__.__name__ == "VBar")
    assert boxes.data_source.data["x"] == ["a"]
    assert list(plot.x_range.factors) == ["a", "b"]


def test_importance_has_one_bar_a_parameter_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=30), rng.normal(size=30)
    report = rank_parameters(
        {"x": x.tolist(), "noise": noise.tolist()}, x.tolist(), larger_is_better=True, generator=rng
    )
    plot = draw_importance(report.importances)
    assert list(plot.y_range.factors) == ["noise", "x"]
    data = plot.renderers[0].data_source.data
    assert all(low <= high for low, high in zip(data["low"], data["high"], strict=True))


def test_legends_of_reliability_and_roc_say_their_figures() -> None:
    confidence, correct = np.array([0.9, 0.8, 0.6]), np.array([True, True, False])
    diagram = draw_reliability({"#1": reliability(confidence, correct)}, {"#1": "#e69f00"})
    curve = draw_rocs({"#1": roc(confidence, correct)}, {"#1": "#e69f00"})
    assert diagram.above[0].items[0].label.value == "#1, ECE 0.300"
    assert curve.above[0].items[0].label.value == "#1, AUC 1.0000"
