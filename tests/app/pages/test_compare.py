import re
from html import unescape
from unittest.mock import Mock
from urllib.parse import parse_qsl

import panel as pn
import pytest
from sqlalchemy import event, select

from app.pages.compare import ComparePage
from app.pages.compare.section import lay_out
from app.state.compare import CompareState
from core.models import Signal
from core.queries.comparison.curves import read_curves
from core.queries.comparison.predictions import PairTest
from core.services.experiments import record_epochs
from core.storage.database import get_engine, read_scope, session_scope
from tests.app.pages.experiment_rows import (
    WINDOWS_PER_CLASS,
    add_dataset,
    add_finished,
    add_running,
    epoch_of,
)
from tests.app.waiting import wait_for

PAYLOAD = '<img src=x onerror="window.hit=1">'


@pytest.fixture(autouse=True)
def _dataset(database: str) -> None:
    with session_scope() as session:
        add_dataset(session)


def shown_texts(page: ComparePage) -> str:
    """Return all markup that the page's panes show."""
    panes = page._content.select(pn.pane.HTML)
    return "\n".join(str(pane.object) for pane in panes if pane.visible)


def test_fewer_than_two_say_how_to_choose() -> None:
    one = add_finished()
    for ids in ([], [one], [one, 999]):
        words = shown_texts(ComparePage(ids=ids))
        assert "Fewer than two experiments to compare" in words
        assert "/compare?ids=1,2,3" in words


def test_answer_comes_first_with_its_test_and_what_it_stands_on() -> None:
    a, b = add_finished(name="alpha"), add_finished(name="beta")
    page = ComparePage(ids=[a, b], baseline=b)
    words = shown_texts(page)
    assert words.index("best test_accuracy") < words.index("Curves")
    for expected in (
        f"best test_accuracy · #{a} alpha",
        f"with the baseline, #{b} at 97.6 %",
        "McNemar, n = 9 records",
        "judged the same 9 records alike",
        "same bearings (9\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}9)",
    ):
        assert expected in words


def test_what_is_not_stored_or_not_measured_is_told() -> None:
    a, b = add_finished(), add_finished()
    running, _ = add_running()
    words = shown_texts(ComparePage(ids=[a, b, running, 999]))
    assert "Not stored, and left out: 999." in words
    assert "1 of 3 has not measured test_accuracy." in words
    assert "Some still run" in words


def test_picking_the_best_of_many_is_warned_of_unless_a_baseline_was_chosen() -> None:
    ids = [add_finished() for _ in range(3)]
    warning = "The best of 3 was picked after looking, and p is not corrected for that"
    assert warning in shown_texts(ComparePage(ids=ids))
    assert warning not in shown_texts(ComparePage(ids=ids, baseline=ids[1]))


def test_where_nothing_was_tested_no_p_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = PairTest(1, 2, None, None, 0, "The test sides differ.", "")
    monkeypatch.setattr("app.pages.compare.compare_pair", lambda *_: refused)
    words = shown_texts(ComparePage(ids=[add_finished() for _ in range(3)]))
    assert "is not tested. The test sides differ." in words
    assert "The best of 3 was picked after looking: choose" in words


def test_groups_are_drawn_as_means_with_their_n() -> None:
    ids = [add_finished() for _ in range(3)]
    page = ComparePage(ids=ids, group="model")
    (label,) = [item.label.value for item in page.curves.drawn.figure.above[0].items]
    assert label == "model wdcnn: mean and 95 % interval, n = 3"
    page.state.group = ""
    assert len(page.curves.drawn.sources) == 3


@pytest.mark.parametrize(
    ("tab", "expected"),
    [
        ("differences", "What was asked for"),
        ("scores", "By class"),
        ("confidence", "Reliability"),
        ("parameters", "Hyperparameters"),
        ("windows", "9 records and 1,062 windows were given to all 2"),
    ],
)
def test_section_is_made_when_first_seen(tab: str, expected: str) -> None:
    page = ComparePage(ids=[add_finished(), add_finished()])
    assert list(page._sections) == ["differences"]
    page.state.tab = tab
    assert tab in page._sections
    assert expected in shown_texts(page)


def test_running_ones_move_in_place_by_one_query_for_their_epochs() -> None:
    (a, claim_a), (b, claim_b) = add_running(3), add_running(3)
    page = ComparePage(ids=[a, b, add_finished()])
    sources = list(page.curves.drawn.sources)
    with session_scope() as session:
        record_epochs(session, claim_a, [epoch_of(4)])
        record_epochs(session, claim_b, [epoch_of(4), epoch_of(5)])
    asked: list[str] = []
    event.listen(get_engine(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    wait_for(page._look_again())
    assert len([text for text in asked if "FROM training_runs" in text]) == 1
    assert page.curves.drawn.sources == sources
    assert [len(source.data["x"]) for source in sources] == [4, 5, 30]
    assert page.curves.read_new(page.compared).empty  # what is drawn is not read again


def test_new_epoch_moves_the_answer_and_neither_tests_again_nor_rebuilds_the_section() -> None:
    ids = [add_finished(), add_finished()]
    running, claim = add_running(3)
    page = ComparePage(ids=[*ids, running], metric="val_accuracy")
    section, tests = page._section[0], dict(page._tests)
    with session_scope() as session:
        record_epochs(session, claim, [epoch_of(30)])
    wait_for(page._look_again())
    assert page._section[0] is section
    assert page._tests == tests
    assert "97.4 % · epoch 30" in str(page._lines[0].object)


def test_metrics_of_an_open_section_follow_what_runs_write_by_no_query_of_their_own() -> None:
    running, claim = add_running(3)
    page = ComparePage(ids=[add_finished(), running], metric="val_accuracy", tab="scores")
    section, table = page._sections["scores"], page._sections["scores"]._table
    before = table.object
    with session_scope() as session:
        record_epochs(session, claim, [epoch_of(30)])
    asked: list[str] = []
    event.listen(get_engine(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    wait_for(page._look_again())
    assert page._sections["scores"] is section
    assert table.object != before
    assert f"{epoch_of(30).val_accuracy:.4g}" in table.object
    assert len([text for text in asked if "FROM experiment_metrics" in text]) == 1


def test_plots_of_parameters_stand_still_and_say_that_runs_have_gone_on() -> None:
    (running, claim), other = add_running(3, epochs=40), add_finished()
    page = ComparePage(ids=[other, running], metric="val_accuracy", tab="parameters")
    section = page._sections["parameters"]
    drawn = section._plots[0]
    assert not section._aged.visible
    with session_scope() as session:
        record_epochs(session, claim, [epoch_of(30)])
    wait_for(page._look_again())
    assert section._aged.visible
    assert "runs have gone on since" in shown_texts(page)
    assert section._plots[0] is drawn
    section.again.clicks += 1
    assert not section._aged.visible
    assert section._plots[0] is not drawn


def test_every_matrix_is_reached_four_at_a_time_and_counted_in_records_too() -> None:
    ids = [add_finished() for _ in range(5)]
    page = ComparePage(ids=ids, tab="scores")
    matrices = page._sections["scores"]._matrices
    assert list(matrices.drawn) == ids[:4]
    assert matrices._which.options == {"1 to 4 of 5": "1", "5 to 5 of 5": "2"}
    assert sum(matrices.drawn[ids[0]].source.data["count"]) == 9 * WINDOWS_PER_CLASS
    matrices._which.value = "2"
    assert (page.state.matrices, list(matrices.drawn)) == (2, ids[4:])
    page.state.unit = "records"
    assert sum(matrices.drawn[ids[4]].source.data["count"]) == 9
    assert "One vote a record" in shown_texts(page)


def test_cell_of_a_matrix_opens_its_windows() -> None:
    ids, navigate = [add_finished(), add_finished()], Mock()
    page = ComparePage(state=CompareState(ids=ids, tab="scores"), navigate=navigate)
    confusion = page._sections["scores"]._matrices.drawn[ids[1]]
    confusion.source.selected.indices = [8 * 9 + 2]
    cell = {"experiment": ids[1], "true": "outer_race severe", "predicted": "ball severe"}
    navigate.assert_called_once_with("/experiments", **cell)
    assert confusion.source.selected.indices == []


def test_record_leads_to_the_window_that_most_got_wrong() -> None:
    ids = [add_finished(), add_finished()]
    words = shown_texts(ComparePage(state=CompareState(ids=ids, tab="windows"), navigate=Mock()))
    place = re.search(r'href="(/signals\?[^"]*)">0.000 to 0.171, by 2 of 2<', words)
    assert place is not None
    asked = dict(parse_qsl(unescape(place[1]).partition("?")[2]))
    with read_scope() as session:
        signals = dict(session.execute(select(Signal.signal_id, Signal.id)).all())
    assert asked == {
        "dataset": "cwru",
        "signal": str(signals["113.mat DE"]),
        "start": "0.0",
        "stop": "0.170667",
    }
    assert "/signals" not in shown_texts(ComparePage(ids=ids, tab="windows"))  # a notebook has no other pages


def test_many_experiments_stand_below_each_other_and_few_beside() -> None:
    names, rows = ["f1", "ece"], [["1"] * 9, ["2"] * 9]
    assert lay_out("metric", names, list(range(1, 10)), rows)[1][0] == ["#1", "1", "2"]
    assert lay_out("metric", names, [1, 2], [["1", "2"], ["3", "4"]]) == (
        ["metric", "#1", "#2"],
        [["f1", "1", "2"], ["ece", "3", "4"]],
    )


def test_curves_leave_the_page_whole_and_unsmoothed() -> None:
    ids = [add_finished(), add_finished()]
    page = ComparePage(ids=ids, curve="val_loss", smoothing=0.9)
    frame = page.curves.frame()
    with session_scope() as session:
        stored = read_curves(session, ids, "val_loss")
    assert frame["value"].tolist() == stored["value"].tolist()


def test_snippet_names_what_is_shown() -> None:
    ids = [add_finished(), add_finished()]
    words = ComparePage(ids=ids, group="model", axis="time")._snippet()
    assert f"Workspace().compare({ids})" in words
    assert "compared.curves('val_accuracy', 'time')" in words
    assert "compared.groups('test_accuracy', 'model')" in words


def test_what_people_wrote_stays_text() -> None:
    ids = [add_finished(name=PAYLOAD), add_finished()]
    assert PAYLOAD not in shown_texts(ComparePage(ids=ids))
