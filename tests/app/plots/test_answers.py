from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from bokeh.models import VBar

from app.plots.answers import MOST_BARS, MOST_POINTS, Axes, choose_axes, draw_answer, list_numbers

ANY = Axes("", "", "")
MODELS = pd.DataFrame({"model": ["wdcnn", "wdcnn", "lstm"], "n": [3, 4, 5], "best": [0.9, None, 0.7]})


def sources(drawn) -> list[dict]:
    return [renderer.data_source.data for renderer in drawn.figure.renderers]


def test_words_go_across_and_numbers_up() -> None:
    assert choose_axes(MODELS, ANY) == Axes("model", "n", "")
    assert choose_axes(MODELS, Axes("n", "best", "model")) == Axes("n", "best", "model")
    assert choose_axes(MODELS, Axes("gone", "model", "gone")) == Axes("model", "n", "")


def test_answer_without_a_number_has_nothing_to_draw() -> None:
    assert choose_axes(pd.DataFrame({"name": ["a"], "seen": [True]}), ANY) is None


def test_truth_is_no_number() -> None:
    assert list_numbers(pd.DataFrame({"seen": [True], "n": [1]})) == ["n"]


def test_each_row_has_a_bar_of_its_own() -> None:
    drawn = draw_answer(MODELS, "bars", Axes("model", "n", ""))
    (data,) = sources(drawn)
    assert isinstance(drawn.figure.renderers[0].glyph, VBar)
    assert list(data["y"]) == [3, 4, 5]
    assert len(set(data["label"])) == 3
    assert drawn.note == ""


def test_what_is_left_out_is_said() -> None:
    many = pd.DataFrame({"x": range(2 * MOST_POINTS + 1), "y": range(2 * MOST_POINTS + 1)})
    bars = draw_answer(many, "bars", Axes("x", "y", ""))
    assert bars.note == f"The first {MOST_BARS} of 10,001 rows are drawn."
    line = draw_answer(many, "line", Axes("x", "y", ""))
    assert line.note == "1 of 3 rows is drawn: 3,334 of 10,001."
    assert all(len(data["x"]) == 3_334 for data in sources(line))


@pytest.mark.parametrize("chart", ["line", "points"])
def test_colours_tell_groups_apart(chart: str) -> None:
    drawn = draw_answer(MODELS, chart, Axes("n", "best", "model"))
    names = {name for data in sources(drawn) for name in data["by"]}
    assert names == {"wdcnn", "lstm"}
    assert [item.label.value for item in drawn.figure.legend[0].items] == ["wdcnn", "lstm"]


def test_moments_have_an_axis_of_time() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    frame = pd.DataFrame({"at": [start + timedelta(days=n) for n in range(3)], "n": [1, 2, 3]})
    drawn = draw_answer(frame, "line", choose_axes(frame, ANY) or ANY)
    assert type(drawn.figure.xaxis[0]).__name__ == "DatetimeAxis"


def test_decimals_and_large_numbers_are_drawn() -> None:
    frame = pd.DataFrame({"n": [2**60, 1], "part": [0.5, 1.5]})
    assert list(sources(draw_answer(frame, "points", Axes("part", "n", "")))[0]["y"]) == [float(2**60), 1.0]
    assert list_numbers(pd.DataFrame({"d": [Decimal("1.5")]})) == []
