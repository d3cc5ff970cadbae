import numpy as np

from app.plots.campaign_inks import STATE_LOOKS, tell_shown, thin, value_axis
from app.plots.parallel import Coordinate, draw_parallel
from app.plots.scatter import draw_parameter
from app.plots.search_curves import MOST_CURVES, TrialCurves, draw_search_curves
from app.plots.search_history import HistoryPoints, draw_history, show_history
from app.plots.search_lines import Axis, Line, draw_steps
from app.plots.search_workers import Work, draw_workers
from core.evaluation.campaigns.domains import Domain


def points(count: int) -> HistoryPoints:
    """Return trials of which every second was pruned."""
    states = ["completed" if i % 2 == 0 else "pruned" for i in range(count)]
    at = np.arange(1.0, count + 1)
    value = 1 - 1 / at
    return HistoryPoints(at, value, states, [f"trial {i}" for i in range(count)], at, value)


def test_each_trial_is_a_mark_of_its_state_and_the_best_a_step() -> None:
    history = draw_history(points(5), "trials", "val_accuracy")
    assert list(history.marks["completed"].data["x"]) == [1, 3, 5]
    assert list(history.marks["pruned"].data["x"]) == [2, 4]
    assert list(history.line.data["x"]) == [1, 2, 3, 4, 5]
    shown = [item.label.value for item in history.figure.legend[0].items if item.visible]
    assert shown == ["best so far", "completed", "pruned"]


def test_history_grows_in_its_sources_and_leaves_alone_what_did_not_change() -> None:
    history = draw_history(points(4), "trials", "val_accuracy")
    kept = history.marks["pruned"].data
    show_history(history, points(5))
    assert len(history.marks["completed"].data["x"]) == 3
    assert history.marks["pruned"].data is kept


def test_every_state_has_an_ink_and_a_mark_of_its_own() -> None:
    assert len({mark for _, mark in STATE_LOOKS.values()}) == len(STATE_LOOKS)
    assert len({ink for ink, _ in STATE_LOOKS.values()}) == len(STATE_LOOKS)


def test_of_many_trials_the_best_are_kept_and_the_picture_says_so() -> None:
    values = np.arange(1000.0)
    kept = thin(values, 100, larger_is_better=True)
    assert len(kept) == 100
    assert set(range(950, 1000)) <= set(kept.tolist())
    assert set(range(50)) <= set(thin(values, 100, larger_is_better=False).tolist())
    assert "100 of 1,000" in tell_shown(100, 1000)
    assert tell_shown(10, 10) == ""


def test_curves_are_one_line_a_trial_and_mark_the_rungs() -> None:
    count = MOST_CURVES + 50
    trial, epoch = np.repeat(np.arange(count), 2), np.tile([1, 2], count)
    curves = TrialCurves(
        trial, epoch, np.linspace(0, 1, 2 * count), np.linspace(0, 1, count),
        ["pruned"] * count, ["t"] * count, larger_is_better=True,
    )  # fmt: skip
    drawn = draw_search_curves(curves, [2], "val_accuracy")
    assert len(drawn.sources["pruned"].data["xs"]) == MOST_CURVES
    assert drawn.sources["pruned"].data["xs"][0] == [1, 2]
    assert f"{MOST_CURVES} of {count}" in drawn.sampled
    assert [span.location for span in drawn.rungs] == [2]


def test_worker_has_a_row_and_a_trial_a_bar_from_start_to_end() -> None:
    work = Work(
        ["a", "b", "a"], np.array([0.0, 1, 5]), np.array([4.0, 6, 9]), ["completed"] * 3, ["1", "2", "3"]
    )
    plot = draw_workers(work)
    assert list(plot.y_range.factors) == ["b", "a"]
    data = plot.renderers[0].data_source.data
    assert list(data["took"]) == [4, 5, 4]


def test_band_follows_its_steps() -> None:
    x, y = np.array([1.0, 2, 3]), np.array([0.1, 0.2, 0.3])
    plot = draw_steps([Line("tpe", "#000000", x, y, y - 0.05, y + 0.05)], Axis("trials"), Axis("best"))
    band = plot.renderers[-1].data_source.data
    assert len(band["x"]) == len(band["y1"]) == 5


def test_known_domain_sets_the_axis_whatever_was_tried() -> None:
    lr = Domain("log number", 1e-4, 1e-2)
    axes = [Coordinate("lr", [1e-3, 1e-4], lr), Coordinate("best", [0.5, 0.9])]
    plot = draw_parallel(axes, ["a", "b"], larger_is_better=True)
    lines = next(r for r in plot.renderers if r.glyph.__class__.__name__ == "MultiLine").data_source.data
    heights = dict(zip(lines["name"], lines["ys"], strict=True))
    assert np.allclose(heights["a"], [0.5, 0])
    width = Domain("category", choices=(4, 8, 16))
    boxes = draw_parameter("width", ["8"], "best", [0.5], ["a"], domain=width)
    assert list(boxes.x_range.factors) == ["4", "8", "16"]


def test_losses_that_span_much_are_drawn_on_a_log_axis_and_shares_never():
    assert value_axis("val_loss", np.array([1e-4, 1.0, np.nan])) == {
        "y_label": "val_loss, log",
        "y_axis_type": "log",
    }
    for metric, values in (("val_accuracy", [1e-4, 1.0]), ("val_loss", [0.0, 1.0]), ("val_loss", [0.5, 1.0])):
        assert value_axis(metric, np.array(values)) == {"y_label": metric}
    assert value_axis("val_loss", np.array([])) == {"y_label": "val_loss"}
