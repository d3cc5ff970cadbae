from html import escape

import numpy as np
import panel as pn
import pytest

from app.pages.experiments import ExperimentsPage
from app.pages.experiments import table as table_page
from app.pages.experiments.live_curves import LiveCurves
from app.pages.experiments.snippets import beyond_command, train_command
from app.state.experiments import ExperimentsState
from core.errors import ConflictError
from core.models import Experiment, ExperimentSource
from core.services.experiment_history import History, insert_history
from core.services.experiments import forget_epochs_after, record_epochs
from core.services.jobs import fail_run
from core.services.users import get_local_actor
from core.specs import SplitKind, SplitSpec, TrainingSpec, WindowSpec
from core.storage.database import read_scope, session_scope
from core.workspace import Workspace
from tests.app.pages.experiment_rows import (
    CLASSES,
    add_dataset,
    add_finished,
    add_running,
    epoch_of,
    finish_experiment,
    start_experiment,
)

PAYLOAD = '<img src=x onerror="window.hit=1">'


@pytest.fixture(autouse=True)
def _dataset(database: str) -> None:
    with session_scope() as session:
        add_dataset(session)


def shown_texts(view: object) -> str:
    """Return all markup that the view's panes show."""
    content = view if isinstance(view, pn.viewable.Viewable) else pn.panel(view)
    panes = content.select(pn.pane.HTML)
    return "\n".join(str(pane.object) for pane in panes if pane.visible)


def status_of(experiment_id: int) -> str:
    with read_scope() as session:
        return session.get_one(Experiment, experiment_id).status.value


def test_nothing_stored_says_what_to_do(database: str) -> None:
    words = shown_texts(ExperimentsPage())
    assert "No experiment yet" in words
    assert "brinell train --dataset cwru" in words


def test_run_whose_loop_tells_no_durations_is_shown() -> None:
    with Workspace().experiment(model="my-net") as run:
        run.log_epoch(val_accuracy=0.5)
        run.log_epoch(val_accuracy=0.7, duration_seconds=2.0)
        run.log_epoch(val_accuracy=0.6)
    with Workspace().experiment(model="my-net") as untimed:
        untimed.log_epoch(val_accuracy=0.5)
    assert LiveCurves(run.id, 2, 3, is_active=False).epoch_s == 2.0
    assert LiveCurves(untimed.id, 1, 1, is_active=True).epoch_s is None
    assert "my-net" in shown_texts(ExperimentsPage(experiment=untimed.id))


def test_figures_of_any_kind_that_were_imported_are_shown() -> None:
    told = {"windows_per_second": "fast", "stopped": [1], "evaluation": 5, "test_accuracy": "high"}
    with session_scope() as session:
        history = History(name="odd", model="their-net", metrics=told)
        (row_id,) = insert_history(session, get_local_actor(session, "cli"), [history])
    assert "their-net" in shown_texts(ExperimentsPage(experiment=row_id))


def test_headline_shows_the_best_with_its_split_and_audit() -> None:
    add_finished()
    add_running()
    words = shown_texts(ExperimentsPage())
    assert "97.6 %" in words
    assert "best (by_load: same bearings (9\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}9))" in words


def test_random_windows_carry_their_mark_in_table_and_detail() -> None:
    experiment = add_finished(split=SplitKind.RANDOM_WINDOWS)
    (row,) = ExperimentsPage().table.table.rows
    assert row["cells"]["split"]["text"] == "⚠ random_windows"
    assert row["cells"]["split"]["below"].startswith("windows of one record")
    words = shown_texts(ExperimentsPage(experiment=experiment))
    assert 'class="warning"' in words
    assert "windows of one record (9 of 9 records) on both sides" in words


def test_split_by_load_carries_no_mark() -> None:
    assert 'class="warning"' not in shown_texts(ExperimentsPage(experiment=add_finished()))


def test_state_survives_its_address() -> None:
    chosen = ExperimentsState(
        experiment=3,
        unit="records",
        true="outer_race severe",
        predicted="ball & co",
        sort="name",
        page=4,
        search="a or b",
        columns=["lr"],
        by="model",
    )
    again = ExperimentsState()
    again.read_query(chosen.query())
    assert again.query() == chosen.query()
    assert again.predicted == "ball & co"


def test_page_follows_its_state_between_table_and_detail() -> None:
    experiment = add_finished(name="alpha")
    page = ExperimentsPage()
    assert page.breadcrumb == []
    page.open("/experiments", experiment=experiment)
    assert page.detail.experiment_id == experiment
    assert page.breadcrumb == ["alpha"]
    page.state.read_query({})
    assert page.detail is None
    assert [row.name for row in page.table.found.page.rows] == ["alpha"]


def test_unknown_experiment_is_told_not_raised() -> None:
    words = shown_texts(ExperimentsPage(experiment=999))
    assert "there is no experiment 999" in words


def test_unknown_experiment_offers_the_table() -> None:
    page = ExperimentsPage(experiment=999)
    (back,) = page._content.select(lambda view: hasattr(view, "on_click"))
    back.clicks += 1
    assert page.state.experiment is None
    assert page.table is not None


def test_records_say_how_to_list_windows() -> None:
    page = ExperimentsPage(experiment=add_finished(), unit="records")
    assert "a cell of records opens no list" in shown_texts(page)


def test_detail_shows_what_it_stands_on() -> None:
    words = shown_texts(ExperimentsPage(experiment=add_finished()))
    for expected in (
        "97.6 %",
        "n = 1,062",
        "88.9 %",
        "best epoch 22",
        "same bearings (9\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}9)",
        "class healthy nominal is on the training side only",
        "train_values",
        "0, 1, 2",
        "2.13.0+cpu",
        "254.3 kB",
        "/view",
        "brinell train --dataset cwru --channel DE",
    ):
        assert expected in words


def test_undefined_score_is_a_dash_with_its_reason() -> None:
    words = shown_texts(ExperimentsPage(experiment=add_finished()))
    assert 'title="undefined: the class was never predicted' in words
    assert ">nan<" not in words.lower()


def test_failed_run_shows_why() -> None:
    experiment, claim = add_running(2)
    with session_scope() as session:
        fail_run(session, claim, "the loss was no longer finite in epoch 3")
    words = shown_texts(ExperimentsPage(experiment=experiment))
    assert 'role="alert">the loss was no longer finite in epoch 3' in words
    assert "There is no test result: the run failed" in words


def test_run_that_met_a_damaged_checkpoint_says_so_where_it_is_watched() -> None:
    experiment, claim = add_running(2)
    page = ExperimentsPage(experiment=experiment)
    finding = f"the checkpoint of epoch 2 is damaged ({PAYLOAD}); went on from epoch 1"
    with session_scope() as session:
        forget_epochs_after(session, claim, 1, [finding])
    page.detail.refresh()
    assert escape(finding) in shown_texts(page)


def test_curves_grow_by_what_was_written_since() -> None:
    experiment, claim = add_running(2)
    detail = ExperimentsPage(experiment=experiment).detail
    source = detail.curves.curves.source
    with session_scope() as session:
        record_epochs(session, claim, [epoch_of(3), epoch_of(4)])
    detail.refresh()
    assert detail.curves.curves.source is source
    assert list(source.data["epoch"]) == [1, 2, 3, 4]
    assert "4 / 30" in shown_texts(detail)


def test_metrics_of_a_runs_own_are_drawn_in_place_of_what_it_did_not_measure() -> None:
    with Workspace().experiment(model="their-net") as run:
        run.log_epoch(rms=0.5, note_s=1)
        run.flush()
        curves = LiveCurves(run.id, None, 0, is_active=True, is_ours=False)
        run.log_epoch(rms=0.7, val_loss=0.3)
    assert curves.curves.measured == ()
    assert list(curves.own) == ["rms", "note_s"]
    curves.show(curves.read(), None, is_active=True)
    assert [plot.yaxis[0].axis_label for plot in curves.curves.measured] == ["loss"]
    assert curves.own["rms"].source.data == {"epoch": [1, 2], "value": [0.5, 0.7]}
    assert np.isnan(curves.own["note_s"].source.data["value"][1])
    assert len(pn.panel(curves).select(pn.pane.Bokeh)) == 3


def test_many_metrics_of_a_runs_own_are_counted_and_the_first_drawn() -> None:
    with Workspace().experiment(model="their-net") as run:
        run.log_epoch(**{f"m{place}": 0.1 * place for place in range(9)})
    curves = LiveCurves(run.id, None, 0, is_active=False)
    assert (list(curves.own), curves.num_more) == ([f"m{place}" for place in range(6)], 3)
    assert "3 more metrics" in shown_texts(curves)


def test_epochs_without_a_number_say_so() -> None:
    with session_scope() as session:
        history = History(name="bare", model="their-net", epochs={"epoch": [1]})
        (row_id,) = insert_history(session, get_local_actor(session, "cli"), [history])
    assert "Its epochs tell no number." in shown_texts(LiveCurves(row_id, None, 0, is_active=False))


def test_resumed_run_is_drawn_once() -> None:
    experiment, claim = add_running(5)
    detail = ExperimentsPage(experiment=experiment).detail
    with session_scope() as session:
        forget_epochs_after(session, claim, 3)
        record_epochs(session, claim, [epoch_of(4)])
    detail.refresh()
    assert list(detail.curves.curves.source.data["epoch"]) == [1, 2, 3, 4]


def test_run_that_ends_shows_its_result_where_it_was_watched() -> None:
    experiment, claim = add_running(0)
    detail = ExperimentsPage(experiment=experiment).detail
    assert "The test side is looked at once" in shown_texts(detail)
    with session_scope() as session:
        finish_experiment(session, claim)
    detail.refresh()
    words = shown_texts(detail)
    assert "88.9 %" in words
    assert "The test side is looked at once" not in words
    assert not detail.is_active
    assert detail.curves.curves.marks[0][0].location == 22


@pytest.fixture
def running() -> tuple[int, ExperimentsPage]:
    experiment, _ = add_running(2)
    return experiment, ExperimentsPage(experiment=experiment)


def test_pause_and_resume_change_the_row(running: tuple[int, ExperimentsPage]) -> None:
    experiment, page = running
    head = page.detail.head
    assert (head.pause.visible, head.resume.visible, head.cancel.visible) == (True, False, True)
    head.pause.clicks += 1
    assert status_of(experiment) == "paused"
    assert (head.pause.visible, head.resume.visible, head.cancel.visible) == (False, True, True)
    head.resume.clicks += 1
    assert status_of(experiment) == "pending"


def test_failed_run_can_be_resumed(running: tuple[int, ExperimentsPage]) -> None:
    experiment, page = running
    with session_scope() as session:
        session.get_one(Experiment, experiment).status = "failed"
    page.detail.refresh()
    head = page.detail.head
    assert (head.pause.visible, head.resume.visible, head.cancel.visible) == (False, True, False)
    head.resume.clicks += 1
    assert status_of(experiment) == "pending"


def test_cancel_asks_with_the_name_before_it_changes_the_row(running: tuple[int, ExperimentsPage]) -> None:
    experiment, page = running
    head = page.detail.head
    head.cancel.clicks += 1
    assert status_of(experiment) == "running"
    assert head.dialog.open
    assert "wdcnn by_load cwru" in shown_texts(head.dialog)
    head.confirm.clicks += 1
    assert status_of(experiment) == "cancelled"
    assert not head.dialog.open
    assert not head.cancel.visible


def test_act_that_came_too_late_is_refused_and_the_buttons_are_put_right(
    running: tuple[int, ExperimentsPage],
) -> None:
    experiment, page = running
    with session_scope() as session:
        session.get_one(Experiment, experiment).status = "completed"
    with pytest.raises(ConflictError, match="completed"):
        page.detail._act("pause")
    assert not page.detail.head.pause.visible


def test_cell_of_the_matrix_lists_its_windows_and_each_opens_its_part_of_the_record() -> None:
    page = ExperimentsPage(experiment=add_finished(), navigate=lambda *_, **__: None)
    matrix, windows = page.detail._following
    matrix.confusion.source.selected.indices = [8 * 9 + 2]
    assert (page.state.true, page.state.predicted) == ("outer_race severe", "ball severe")
    assert len(windows.page) == 10
    assert windows.table.span == "1–10 of 22"
    link = windows.table.frame["signal_id"].iloc[0]
    assert 'class="place" href="/signals?dataset=cwru&amp;signal=9&amp;start=0.0&amp;stop=0.170667"' in link


def test_cell_named_by_the_address_is_framed_and_listed() -> None:
    page = ExperimentsPage(experiment=add_finished(), true="ball severe", predicted="inner_race incipient")
    matrix, windows = page.detail._following
    assert matrix.confusion.source.selected.indices == [2 * 9 + 3]
    assert windows.page["predicted_label"].tolist() == ["inner_race incipient"] * 4


def test_class_that_does_not_exist_in_the_address_lists_nothing() -> None:
    page = ExperimentsPage(experiment=add_finished(), true="cage", predicted="ball severe")
    matrix, windows = page.detail._following
    assert matrix.confusion.source.selected.indices == []
    assert len(windows.page) == 0


def test_records_are_counted_in_the_same_matrix_and_open_no_windows() -> None:
    page = ExperimentsPage(experiment=add_finished())
    matrix, _ = page.detail._following
    page.state.unit = "records"
    assert matrix.confusion.source.data["count"][0] == 1
    matrix.confusion.source.selected.indices = [0]
    assert page.state.true is None


def test_windows_are_sorted_and_paged_within_their_cell() -> None:
    page = ExperimentsPage(experiment=add_finished(), true="ball incipient", predicted="ball incipient")
    _, windows = page.detail._following
    windows.place.param.update(sort="confidence", descending=True, page=2)
    shown = windows.table.frame
    expected = windows.read_all().sort_values("confidence", ascending=False)["start_s"].iloc[10]
    assert shown["start_s"].iloc[0] == f"{expected:.4f}"
    assert windows.table.span == "11–20 of 118"


def test_what_people_wrote_stays_text() -> None:
    labels = (PAYLOAD, *CLASSES[1:])
    with session_scope() as session:
        add_dataset(session, name=PAYLOAD)
    with session_scope() as session:
        row, claim = start_experiment(session, name=PAYLOAD, notes=PAYLOAD, dataset=PAYLOAD)
        finish_experiment(session, claim, classes=labels)
        row.error_message = PAYLOAD
        row.provenance = {PAYLOAD: PAYLOAD}
        row.audit = row.audit | {"messages": [PAYLOAD], "sides": {PAYLOAD: {PAYLOAD: 1}}, "sentence": PAYLOAD}
        experiment = row.id
    page = ExperimentsPage(experiment=experiment, true=PAYLOAD)
    for view in (page, ExperimentsPage()):
        words = shown_texts(view)
        assert "<img" not in words
        assert "&lt;img src=x" in words


def test_page_polls_only_while_it_is_seen_and_more_may_come() -> None:
    running, _ = add_running(1)
    finished = add_finished()
    page = ExperimentsPage(experiment=running, navigate=lambda *_, **__: None)
    assert page._poll is None
    page.on_show()
    assert page._poll is not None
    page.state.experiment = finished
    assert page._poll is None
    page.state.experiment = None
    assert page._poll is not None
    page.on_hide()
    assert page._poll is None


def test_table_is_read_once_when_the_page_is_made_and_again_after_a_pause(monkeypatch) -> None:
    reads: list[int] = []
    read = table_page.read_found
    monkeypatch.setattr(table_page, "read_found", lambda *asked: reads.append(1) or read(*asked))
    page = ExperimentsPage(navigate=lambda *_, **__: None)
    page.on_show()
    assert len(reads) == 1
    page.on_hide()
    page.on_show()
    assert len(reads) == 2


def test_command_repeats_the_run() -> None:
    spec = TrainingSpec(
        dataset="my data",
        split=SplitSpec(kind=SplitKind.BY_LOAD, train_values=("0", "1"), test_values=("3",)),
        seed=7,
    )
    assert train_command(spec) == (
        "brinell train --dataset 'my data' --split by_load --train-loads 0,1 --test-loads 3 --seed 7"
    )
    assert beyond_command(spec) == []
    assert beyond_command(spec.model_copy(update={"windows": WindowSpec(length=1024)})) == ["windows"]


@pytest.mark.parametrize("source", ["logged", "imported"])
def test_what_was_not_trained_here_says_so_and_hides_what_does_not_apply(source: str) -> None:
    experiment_id, _ = add_running(notes="by hand")
    with session_scope() as session:
        row = session.get_one(Experiment, experiment_id)
        row.source, row.config, row.split, row.audit = ExperimentSource(source), {"split": "mine"}, None, None
        row.metrics, row.provenance, row.hyperparameters = (
            {"evaluation": 0.5},
            None,
            {"lr": 0.01, "depth": {"n": 3}},
        )
    detail = ExperimentsPage(state=ExperimentsState(experiment=experiment_id)).detail
    words = shown_texts(detail)
    for told in (
        f"source: {source}",
        "not audited",
        "runs elsewhere",
        f"as {source}",
        "depth",
        "0.01",
        "by hand",
    ):
        assert told in words
    for absent in ("brinell train", "Confusion matrix", "waits for a worker", "split </span>", "n = 0"):
        assert absent not in words
    head = detail.head
    assert not any(button.visible for button in (head.pause, head.resume, head.cancel))
    with session_scope() as session:
        session.get_one(Experiment, experiment_id).hyperparameters = {}
    assert "None was told." in shown_texts(
        ExperimentsPage(state=ExperimentsState(experiment=experiment_id)).detail
    )
