"""Ranges that the browser sends faster than they can be answered, and settling after the last."""

from types import SimpleNamespace

import pytest
from bokeh.plotting import figure

from app.components.signal.served import POINTS, Answering, Later, count_points
from tests.app.components.signal.conftest import ServedDocument


class Served:
    """A figure whose document is a served one."""

    def __init__(self, document: ServedDocument) -> None:
        self.document = document
        self.x_range = figure(x_range=(0, 1)).x_range
        self.on_change = lambda *_: None


def test_many_changes_of_a_served_range_are_answered_once(document: ServedDocument) -> None:
    plot, answered = Served(document), []
    Answering(plot, lambda: answered.append(plot.x_range.end))
    for end in range(2, 9):
        plot.x_range.update(start=0, end=end)
    assert answered == []
    document.run(1)
    assert answered == [8]
    assert document.put_off.empty()


def test_change_of_an_unserved_range_is_answered_at_once() -> None:
    plot, answered = figure(x_range=(0, 1)), []
    Answering(plot, lambda: answered.append(plot.x_range.end))
    plot.x_range.end = 5
    assert answered == [5]


def test_settling_waits_for_the_last_of_many_and_acts_once(
    document: ServedDocument, served_figure: SimpleNamespace
) -> None:
    acted: list[int] = []
    later = Later(served_figure, 100, lambda: acted.append(1))
    for _ in range(5):
        later.begin()
    assert acted == []
    (end,) = document.timeouts
    end()
    assert acted == [1]
    later.begin()
    assert len(document.timeouts) == 2


def test_unserved_settles_at_once_and_has_a_pixel_a_point() -> None:
    acted: list[int] = []
    Later(figure(), 100, lambda: acted.append(1)).begin()
    assert acted == [1]
    assert count_points(figure()) == POINTS


@pytest.mark.parametrize(("inner_width", "points"), [(900, 900), (20, 200)])
def test_points_are_the_figures_pixels_but_never_few(inner_width: int, points: int) -> None:
    assert count_points(SimpleNamespace(inner_width=inner_width)) == points
