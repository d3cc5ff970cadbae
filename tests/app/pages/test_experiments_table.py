import pytest

from app.pages.experiments import ExperimentsPage
from app.pages.experiments.reading import read_moved
from app.pages.experiments.snippets import table_snippet
from app.state.experiments import ExperimentsState
from core.models import Experiment
from core.services.experiment_lifecycle import archive_experiments
from core.services.experiments import record_epochs
from core.services.tags import add_tags
from core.services.users import get_local_actor
from core.storage.database import read_scope, session_scope
from tests.app.pages.experiment_rows import (
    add_dataset,
    add_finished,
    add_running,
    epoch_of,
    finish_experiment,
)


@pytest.fixture(autouse=True)
def _dataset(database: str) -> None:
    with session_scope() as session:
        add_dataset(session)


def names_of(page: ExperimentsPage) -> list[str]:
    return [row["label"] for row in page.table.table.rows]


def cells_of(page: ExperimentsPage, row: int = 0) -> dict:
    return page.table.table.rows[row]["cells"]


def tag(experiment_id: int, *names: str) -> None:
    with session_scope() as session:
        add_tags(session, get_local_actor(session, via="cli"), [experiment_id], names)


def facet_of(page: ExperimentsPage, field: str) -> dict[str, tuple[int, bool]]:
    (facet,) = [each for each in page.table.facets.facets if each["field"] == field]
    return {value["label"]: (value["count"], value["on"]) for value in facet["values"]}


def test_table_shows_a_page_of_rows_newest_first() -> None:
    finished = [add_finished() for _ in range(3)]
    running, _ = add_running(12)
    page = ExperimentsPage()
    assert [row["id"] for row in page.table.table.rows] == [running, *reversed(finished)]
    assert cells_of(page)["status"] == {"state": "running", "more": "40 %"}
    assert cells_of(page)["epochs_done"] == "12 / 30"
    assert [row["cells"]["test_accuracy"] for row in page.table.table.rows] == ["–", *["97.6 %"] * 3]
    assert cells_of(page, 1)["split"]["below"] == "same bearings (9\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}9)"


def test_search_narrows_the_rows_and_returns_to_the_first_page() -> None:
    add_finished(name="alpha")
    add_running(name="beta")
    page = ExperimentsPage(page=2)
    page.table.searching.line._handle_msg({"type": "search", "text": "status:running"})
    assert names_of(page) == ["beta"]
    assert page.state.query() == {"search": "status:running"}
    page.state.narrow(search="nothing_like_it")
    assert names_of(page) == []
    assert "“nothing_like_it”" in page.table.table.nothing


def test_search_with_an_error_finds_nothing_and_tells_its_place_and_its_fix() -> None:
    add_finished(name="alpha")
    page = ExperimentsPage(search="model:wdcn")
    trouble = page.table.searching.line.trouble
    assert (trouble["position"], trouble["length"], trouble["suggestions"]) == (6, 4, ["wdcnn"])
    assert names_of(page) == []
    page.state.narrow(search="model:wdcnn")
    assert page.table.searching.line.trouble == {}
    assert names_of(page) == ["alpha"]


def test_column_that_no_experiment_has_is_told_not_raised() -> None:
    add_finished()
    page = ExperimentsPage(columns=["nonsense"])
    assert "nonsense" in page.table.searching.line.trouble["message"]


def test_facet_adds_its_term_to_the_search_and_takes_it_away() -> None:
    add_finished(name="alpha")
    add_running(name="beta")
    page = ExperimentsPage(search="wdcnn")
    assert facet_of(page, "status") == {"completed": (1, False), "running": (1, False)}
    page.table.facets._handle_msg({"type": "toggle", "field": "status", "value": "running"})
    assert page.state.search == "wdcnn status:running"
    assert facet_of(page, "status") == {"running": (1, True)}
    page.table.facets._handle_msg({"type": "toggle", "field": "status", "value": "running"})
    assert page.state.search == "wdcnn"


def test_words_are_completed_where_the_cursor_stands() -> None:
    add_finished()
    page = ExperimentsPage()
    page.table.searching.line._handle_msg({"type": "complete", "text": "lr<1 model:wd", "position": 13})
    completion = page.table.searching.line.completion
    assert (completion["start"], completion["words"]) == (11, ["wdcnn"])


def test_header_orders_and_turns_the_order_round_and_the_searchs_own_order_gives_way() -> None:
    add_finished(name="b")
    add_finished(name="a")
    page = ExperimentsPage(search="sort:name")
    page.table.table._handle_msg({"type": "sort", "column": "name"})
    assert (names_of(page), page.state.search) == (["b", "a"], "")
    page.table.table._handle_msg({"type": "sort", "column": "name"})
    assert names_of(page) == ["a", "b"]


def test_chosen_columns_show_hyperparameters_and_metrics() -> None:
    add_finished()
    page = ExperimentsPage(columns=["optimizer", "best.val_loss"], sort="best.val_loss")
    assert [column["name"] for column in page.table.table.columns][3:] == ["optimizer", "best.val_loss"]
    assert cells_of(page)["best.val_loss"] != "–"


def test_running_rows_move_when_looked_at_again_and_nothing_else_is_read() -> None:
    _, claim = add_running(12)
    page = ExperimentsPage()
    before = page.table.found
    with session_scope() as session:
        record_epochs(session, claim, [epoch_of(13)])
    moved = read_moved(before)
    assert moved is not None
    assert moved.facets is before.facets
    page.table.show_again(page.table.look_again())
    assert cells_of(page)["epochs_done"] == "13 / 30"


def test_run_that_ends_changes_the_counts_too() -> None:
    _, claim = add_running(0)
    page = ExperimentsPage()
    with session_scope() as session:
        finish_experiment(session, claim)
    assert read_moved(page.table.found) is None
    page.table.show_again(page.table.look_again())
    assert facet_of(page, "status") == {"completed": (1, False)}


def test_look_that_was_overtaken_by_a_search_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    add_finished(name="alpha")
    page = ExperimentsPage()

    def search_meanwhile(found: object) -> object:
        page.state.narrow(search="beta")
        return found

    monkeypatch.setattr("app.pages.experiments.table.read_moved", search_meanwhile)
    assert page.table.look_again() is None


def test_selection_is_kept_over_searches_and_acts_on_all_of_it() -> None:
    alpha, beta = add_finished(name="alpha"), add_finished(name="beta")
    page = ExperimentsPage()
    page.table.table._handle_msg({"type": "select", "ids": [alpha], "on": True})
    page.state.narrow(search="beta")
    page.table.table._handle_msg({"type": "select", "ids": [beta], "on": True})
    assert page.table.bulk.bar.count == 2
    page.table.bulk.bar._handle_msg({"type": "tag", "names": ["<b>paper</b>"]})
    assert cells_of(page)["name"]["tags"][0]["name"] == "<b>paper</b>"
    page.state.narrow(search="")
    assert facet_of(page, "tag") == {"<b>paper</b>": (2, False)}


def test_archived_experiments_stand_on_their_own_shelf() -> None:
    alpha = add_finished(name="alpha")
    add_finished(name="beta")
    page = ExperimentsPage()
    page.state.select([alpha], on=True)
    page.table.bulk.bar._handle_msg({"type": "archive"})
    assert (names_of(page), page.state.selected) == (["beta"], [])
    page.state.narrow(archived=True)
    assert names_of(page) == ["alpha"]


def test_deletion_asks_with_what_goes_and_does_nothing_before_yes() -> None:
    alpha = add_finished(name="alpha")
    add_finished(name="beta")
    page = ExperimentsPage()
    page.state.select([alpha], on=True)
    page.table.bulk.bar._handle_msg({"type": "delete"})
    asked = " ".join(page.table.bulk.ask.question["lines"])
    assert "“alpha”" in asked
    assert "30 epochs" in asked
    assert "3 files" in asked
    assert names_of(page) == ["beta", "alpha"]
    page.table.bulk.ask._handle_msg({"type": "yes"})
    assert names_of(page) == ["beta"]
    with read_scope() as session:
        assert session.get(Experiment, alpha) is None


def test_groups_show_mean_and_interval_and_open_their_members() -> None:
    for name in ("a", "b", "c"):
        add_finished(name=name)
    page = ExperimentsPage(by="model")
    (row,) = page.table.table.rows
    assert row["cells"]["n"] == "3"
    assert row["cells"]["best.test_accuracy"]["text"] == "97.6 %"
    assert row["cells"]["best.test_accuracy"]["below"].endswith("n = 3 runs")
    assert "Test, mean and 95 % interval" in {column["title"] for column in page.table.table.columns}
    page.table.table._handle_msg({"type": "open", "id": 0})
    assert (page.state.by, page.state.search) == ("", "model:wdcnn")
    assert names_of(page) == ["c", "b", "a"]


def test_kept_search_is_pinned_run_and_counted() -> None:
    add_finished(name="alpha")
    page = ExperimentsPage(search="model:wdcnn")
    line = page.table.searching.line
    line._handle_msg({"type": "save", "name": "good <b>ones</b>"})
    (kept,) = line.saved
    line._handle_msg({"type": "pin", "id": kept["id"], "pinned": True})
    page.state.narrow(search="")
    line._handle_msg({"type": "use", "id": kept["id"]})
    assert page.state.search == "model:wdcnn"
    assert page.table.found.saved[0].usage_count == 1
    line._handle_msg({"type": "delete", "id": kept["id"]})
    assert line.saved == []


def test_export_holds_every_row_with_the_stored_values() -> None:
    alpha = add_finished(name="alpha")
    add_finished(name="beta")
    tag(alpha, "paper", "=1+1")
    frame = ExperimentsPage(search="name:alpha", columns=["best.val_loss"]).table.export_frame()
    assert frame["name"].tolist() == ["alpha"]
    assert frame["record_accuracy"].tolist() == [8 / 9]
    assert frame["tags"].tolist() == ["=1+1, paper"]
    assert frame["best.val_loss"].notna().all()


def test_copied_python_asks_for_what_is_shown() -> None:
    state = ExperimentsState(search='tag:"a b"', columns=["lr"], sort="lr", descending=False, page=3)
    line = table_snippet(state).splitlines()[-1]
    assert line == "ws.experiments(search='tag:\"a b\"', columns=['lr'], sort='lr', descending=False)"


def test_compare_is_offered_only_where_there_is_such_a_page() -> None:
    add_finished()
    assert not ExperimentsPage().table.bulk.bar.comparable
    opened = []
    page = ExperimentsPage(
        navigate=lambda path, **query: opened.append((path, query)), places=["/experiments", "/compare"]
    )
    page.state.select([3, 1], on=True)
    page.table.bulk.bar._handle_msg({"type": "compare"})
    assert opened == [("/compare", {"ids": "3,1"})]


def test_name_is_a_link_where_a_shell_follows_it() -> None:
    experiment = add_finished(name="alpha")
    page = ExperimentsPage(navigate=lambda *_, **__: None)
    assert cells_of(page)["name"]["href"] == f"/experiments?experiment={experiment}"
    assert "href" not in cells_of(ExperimentsPage())["name"]


def test_archived_run_elsewhere_leaves_the_headline() -> None:
    alpha = add_finished(name="alpha")
    page = ExperimentsPage()
    with session_scope() as session:
        archive_experiments(session, get_local_actor(session, via="cli"), [alpha])
    page.table.show_again(page.table.look_again())
    assert page.table.found.headline.stored == 0
