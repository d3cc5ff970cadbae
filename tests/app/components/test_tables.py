"""What tables do with more than fits: they scroll visibly and break long values."""

from app.components.compared_lines import ComparedLine, compared_lines
from app.components.data_table import DataTable
from app.components.facts import small_table
from app.components.row_table import RowTable
from app.components.scrolling import scrolls
from app.components.words import judged, unbroken
from app.pages.experiments.cells import table_columns
from app.state.sql import SqlState


def style_of(pane: object) -> str:
    return "\n".join(map(str, pane.stylesheets))


def test_wide_tables_scroll_in_their_frames_and_show_that_there_is_more() -> None:
    assert "overflow-x: auto" in scrolls(":host")
    assert "local" in scrolls(":host")
    assert scrolls(":host") in style_of(small_table(["a"], [["1"]]))
    assert scrolls(".tabulator .tabulator-tableholder") in style_of(
        DataTable(SqlState(), titles={"a": "a"})._table
    )
    assert scrolls(".frame") in RowTable._stylesheets


def test_long_value_is_broken_and_a_number_is_not() -> None:
    html = small_table(["setting", "#1", "#2"], [["x" * 64, "f" * 64, "0.01"]]).object
    assert f'<td class="number long">{"f" * 64}</td><td class="number">0.01</td>' in html
    assert f'<td class="">{"x" * 64}</td>' in html


def test_compared_name_stands_above_its_numbers_where_there_is_no_room_beside() -> None:
    line = ComparedLine(
        1, "wdcnn", "#000", "completed", "on cwru", "", None, "98.3 %", "98.3 %", "+5.1 points"
    )
    style = style_of(compared_lines([line], "test_accuracy", "to #3", linked=True))
    narrow = style[style.rindex("@container (max-width: 520px)") :]
    assert ".line > :first-child { grid-column: 1 / -1; }" in narrow
    assert "grid-template-columns: repeat(2, minmax(0, 1fr))" in narrow


def test_moment_is_read_in_one_line() -> None:
    unbroken = {column["name"]: column["unbroken"] for column in table_columns((), {})}
    assert unbroken["created_at"]
    assert not unbroken["name"]


def test_counts_of_a_sentence_stay_in_one_line_and_the_rest_may_break() -> None:
    assert unbroken("same bearings (9 of 9)") == "same bearings (9\u00a0of\u00a09)"
    assert unbroken("10 bearings of 1 machine held out") == "10 bearings of 1 machine held out"
    assert "9\u00a0of\u00a09" in judged("by_load", "same bearings (9 of 9)")
