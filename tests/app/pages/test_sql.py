"""The SQL page: a question in, rows and a chart out, what is wrong told, questions kept."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from app.pages.sql import SqlPage
from app.pages.sql.snippets import answer_snippet
from core.queries.ready_questions import READY_QUESTIONS
from core.queries.saved_queries import list_queries
from core.storage.database import read_scope
from tests.app.waiting import wait_for

LIST = "SELECT * FROM (VALUES (2, 'b', 0.5), (1, 'a', NULL)) AS rows(n, name, share)"
PAYLOAD = "<img src=x onerror=window.hit=1>"


@pytest.fixture
def page(database: str) -> SqlPage:
    return SqlPage(navigate=lambda *_, **__: None)


def ask(page: SqlPage, sql: str) -> SqlPage:
    page.state.sql = sql
    wait_for(page.ask())
    return page


def test_answer_has_its_rows_sorted_as_the_state_says(page: SqlPage) -> None:
    answer = ask(page, LIST).answer
    assert answer is not None
    assert answer.table.frame["c1"].tolist() == ["b", "a"]
    assert answer.table.frame["c2"].tolist() == ["0.5", "NULL"]
    page.state.param.update(sort="c0", descending=False)
    assert answer.table.frame["c1"].tolist() == ["a", "b"]


def test_chart_is_drawn_from_the_answer(page: SqlPage) -> None:
    page.state.param.update(chart="bars")
    answer = ask(page, LIST).answer
    assert answer is not None
    plot = answer._picture[0].object
    assert (plot.xaxis[0].axis_label, plot.yaxis[0].axis_label) == ("name", "n")


def test_lists_and_structures_are_sorted_drawn_and_coloured_by_their_text(page: SqlPage) -> None:
    page.state.param.update(chart="points", by="list")
    answer = ask(page, "SELECT [2] AS list, {'x': 1} AS struct, 1 AS n UNION ALL SELECT [1], NULL, 2").answer
    assert answer is not None
    assert answer._by.options == {"none": "", "list": "list", "struct": "struct", "n": "n"}
    page.state.param.update(sort="c0")
    assert answer.table.frame["c0"].tolist() == ["[1]", "[2]"]
    page.state.param.update(chart="bars", x="struct")
    assert answer._picture[0].object.xaxis[0].axis_label == "struct"


def test_wrong_question_is_told_with_its_place_and_hides_the_last_answer(page: SqlPage) -> None:
    ask(page, LIST)
    ask(page, "SELECT modle FROM experiments")
    assert "modle" in page.trouble
    assert "model" in page.trouble
    assert not page._below.visible
    ask(page, LIST)
    assert (page.trouble, page._below.visible) == ("", True)


@pytest.mark.parametrize("sql", ["DELETE FROM experiments", "SELECT * FROM read_csv('/etc/passwd')"])
def test_nothing_is_changed_and_nothing_else_is_read(page: SqlPage, sql: str) -> None:
    ask(page, sql)
    assert page.answer is None
    assert page.trouble


def test_kept_question_comes_back_with_its_chart(page: SqlPage) -> None:
    page.state.param.update(chart="line", x="n")
    ask(page, LIST)
    page.editor.sql = LIST
    page._keep({"name": PAYLOAD, "shared": "all users"})
    page.state.read_query({})
    (kept,) = page.shelf.saved
    page._take_shelf({"type": "open", "id": kept["id"]})
    assert (page.state.sql, page.state.chart, page.state.x) == (LIST, "line", "n")
    page._take_shelf({"type": "share", "id": kept["id"], "shared": False})
    assert page.shelf.saved[0]["shared"] is False
    page._take_shelf({"type": "delete", "id": kept["id"]})
    with read_scope() as session:
        assert list_queries(session, 1) == []


def test_ready_made_question_is_put_into_the_editor(page: SqlPage) -> None:
    page._take_shelf({"type": "ready", "name": READY_QUESTIONS[0].name})
    assert page.editor.sql == READY_QUESTIONS[0].sql == page.state.sql


def test_snippet_asks_the_same() -> None:
    asked: list[str] = []
    line = answer_snippet('SELECT \'\\n\', "name" FROM experiments -- """')
    workspace = type("Workspace", (), {"sql": lambda _, text: asked.append(text)})
    exec(line.split("\n\n", 1)[1], {"Workspace": workspace})  # noqa: S102
    assert asked[0].strip() == 'SELECT \'\\n\', "name" FROM experiments -- """'


def test_question_is_written_run_and_linked_in_the_browser(
    served: str, open_browser: Callable[..., BrowserContext]
) -> None:
    page = open_browser().new_page()
    page.goto(f"{served}/sql")
    field = page.get_by_role("textbox", name="SQL")
    page.locator(".ace_content").wait_for()
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(f"SELECT '{PAYLOAD}' AS \"a.<b>b</b>\", 7 AS n")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("row").get_by_text("<img src=x")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("to answer")).to_be_visible()
    assert page.evaluate("window.hit") is None
    link = page.url
    assert "sql=SELECT" in link
    again = open_browser().new_page()
    again.goto(link)
    expect(again.get_by_role("row").get_by_text("<img src=x")).to_be_visible(timeout=60_000)
