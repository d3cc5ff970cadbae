import numpy as np
import pandas as pd
import pytest
from bokeh.models import HoverTool

from app.plots.curves import draw_curves, draw_metric, extend_curves, mark_best, merge_epochs


def epochs(*numbers: int, loss: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "experiment_id": 3,
            "epoch": numbers,
            "train_loss": loss,
            "val_loss": None,
            "train_accuracy": 0.5,
            "val_accuracy": 0.4,
            "learning_rate": 1e-3,
            "duration_seconds": 1.0,
        },
    )


@pytest.mark.parametrize(
    ("kept", "written", "expected"),
    [
        ((), (1, 2, 3), [1, 2, 3]),
        ((1, 2, 3), (4,), [1, 2, 3, 4]),
        ((1, 2, 3), (3,), [1, 2, 3]),
        ((1, 2, 3, 4, 5), (3, 4), [1, 2, 3, 4]),
        ((1, 2, 3), (1,), [1]),
        ((), (1, 2, 3, 2, 3, 2), [1, 2]),
    ],
)
def test_rewritten_epoch_drops_itself_and_what_followed(kept, written, expected) -> None:
    merged = merge_epochs(epochs(*kept, loss=1.0), epochs(*written, loss=2.0))
    assert merged["epoch"].tolist() == expected


def test_the_latest_row_of_an_epoch_stands() -> None:
    merged = merge_epochs(epochs(1, 2, 3, loss=1.0), epochs(2, loss=7.0))
    assert merged["train_loss"].tolist() == [1.0, 7.0]


def test_new_epochs_are_streamed_and_the_source_is_kept() -> None:
    curves = draw_curves(epochs(1, 2), best_epoch=None)
    source, glyph = curves.source, curves.figures[0].renderers[0]
    extend_curves(curves, epochs(3))
    assert glyph.data_source is source
    assert list(source.data["epoch"]) == [1, 2, 3]


def test_resumed_run_does_not_double_its_curve() -> None:
    curves = draw_curves(epochs(1, 2, 3, 4), best_epoch=None)
    extend_curves(curves, epochs(3, 4, 5, loss=0.1))
    assert list(curves.source.data["epoch"]) == [1, 2, 3, 4, 5]
    assert list(curves.source.data["train_loss"]) == [1.0, 1.0, 0.1, 0.1, 0.1]


def test_what_was_not_measured_is_a_gap_not_a_zero() -> None:
    curves = draw_curves(epochs(1, 2), best_epoch=None)
    assert np.isnan(curves.source.data["val_loss"]).all()


def test_run_without_epochs_can_be_drawn_and_grow() -> None:
    curves = draw_curves(epochs(), best_epoch=None)
    extend_curves(curves, epochs(1))
    assert list(curves.source.data["epoch"]) == [1]


def test_epoch_axis_reaches_to_the_last_epoch_asked_for_and_at_least_to_the_second() -> None:
    short = draw_curves(epochs(1), best_epoch=None).figures[0].x_range
    long = draw_curves(epochs(1), best_epoch=None, num_epochs=30).figures[0].x_range
    assert 0.5 < short.start < 1
    assert 2 < short.end < 2.5
    assert 30 < long.end < 31


def test_learning_rate_is_read_against_zero_up_to_its_largest() -> None:
    curves = draw_curves(epochs(1), best_epoch=None)
    rates = curves.figures[2].y_range
    assert (rates.start, rates.end) == (0, pytest.approx(1.08e-3))
    extend_curves(curves, epochs(2).assign(learning_rate=2e-3))
    assert rates.end == pytest.approx(2.16e-3)


def test_best_epoch_is_marked_in_every_figure() -> None:
    curves = draw_curves(epochs(1, 2, 3), best_epoch=None)
    assert not any(line.visible for line, _ in curves.marks)
    mark_best(curves, 2)
    assert [(line.location, label.text) for line, label in curves.marks] == [(2, "best: epoch 2")] * 3


def test_axes_say_quantity_and_the_three_share_their_epochs() -> None:
    figures = draw_curves(epochs(1), best_epoch=1).figures
    assert [plot.yaxis[0].axis_label for plot in figures] == [
        "loss (nat)",
        "accuracy of windows",
        "learning rate",
    ]
    assert len({plot.x_range for plot in figures}) == 1
    assert {plot.output_backend for plot in figures} == {"canvas"}


def test_only_what_was_measured_is_shown_and_what_comes_later_joins() -> None:
    bare = epochs(1, 2).assign(train_loss=None, train_accuracy=None, learning_rate=None)
    curves = draw_curves(bare, best_epoch=None, is_ours=False)
    assert curves.measured == (curves.figures[1],)
    assert [item.visible for item in curves.figures[1].legend[0].items] == [False, True]
    extend_curves(curves, epochs(3).assign(learning_rate=None))
    assert curves.measured == curves.figures[:2]
    assert [item.visible for item in curves.figures[0].legend[0].items] == [True, False]


def test_pointer_tells_of_a_line_that_has_values() -> None:
    losses = draw_curves(epochs(1, 2), best_epoch=None).figures[0]  # no validation loss
    (pointed,) = losses.select_one(HoverTool).renderers
    assert pointed.glyph.y == "train_loss"


def test_what_was_not_trained_here_has_neither_unit_nor_what_was_counted() -> None:
    figures = draw_curves(epochs(1), best_epoch=1, is_ours=False).figures
    assert [plot.yaxis[0].axis_label for plot in figures] == ["loss", "accuracy", "learning rate"]


def test_metric_of_the_runs_own_is_named_by_its_axis_on_the_same_epochs() -> None:
    shared = draw_curves(epochs(1), best_epoch=1).figures[0].x_range
    curve = draw_metric("m" * 60, shared)
    assert curve.figure.yaxis[0].axis_label == "m" * 27 + "…"
    assert curve.figure.x_range is shared
    assert not curve.figure.legend
