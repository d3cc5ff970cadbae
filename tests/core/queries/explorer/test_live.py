from datetime import timedelta

import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.models import Experiment, ExperimentStatus, TrainingRun
from core.queries.explorer import START, read_live
from core.queries.explorer.live import SETTLED
from core.storage.database import get_engine, read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def look(ids, cursor=START):
    with read_scope() as session:
        live = read_live(session, ids, cursor)
    return live.epochs[["experiment_id", "epoch"]].values.tolist(), live


def write(*pairs, ago=timedelta(0)):
    rows = [
        {"experiment_id": one, "epoch": epoch, "created_at": utc_now() - ago, "metrics": {}}
        for one, epoch in pairs
    ]
    with session_scope() as session:
        session.execute(insert(TrainingRun), rows)


@BOTH
def test_each_epoch_comes_once_whoever_else_writes(experiments):
    a, b, c = experiments[:3]
    first, live = look([a, b])
    assert first == [[b, 1], [b, 2]]
    write((a, 1), (c, 1), (b, 3))
    news, live = look([a, b], live.cursor)
    assert news == [[a, 1], [b, 3]]
    assert look([a, b], live.cursor)[0] == []


@BOTH
def test_cursor_moves_past_rows_that_have_settled(experiments):
    a, b = experiments[:2]
    write((a, 1), (a, 2), ago=2 * SETTLED)
    write((a, 3))
    _, live = look([a, b])
    assert live.cursor.after_id > 0
    assert len(live.cursor.seen) == 1
    write((a, 4))
    assert look([a, b], live.cursor)[0] == [[a, 4]]


@BOTH
def test_one_that_is_shown_later_is_read_from_its_first_epoch(experiments):
    a, b, c = experiments[:3]
    write((a, 1), (c, 1), ago=2 * SETTLED)
    _, live = look([a])
    write((a, 2), (c, 2))
    assert look([a, b, c], live.cursor)[0] == [[b, 1], [b, 2], [c, 1], [a, 2], [c, 2]]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_row_that_is_committed_after_a_newer_one_is_not_missed(experiments):
    a, b = experiments[:2]
    with Session(get_engine()) as slow:
        slow.execute(insert(TrainingRun), [{"experiment_id": a, "epoch": 1, "metrics": {}}])
        write((b, 3))
        seen, live = look([a, b])
        assert seen == [[b, 1], [b, 2], [b, 3]]
        slow.commit()
    assert look([a, b], live.cursor)[0] == [[a, 1]]


@BOTH
def test_rows_tell_how_all_stand_now_in_two_queries(experiments):
    a, b, *_ = experiments
    _, live = look(experiments)
    assert (live.rows[b].status, live.rows[b].epochs_done, live.rows[b].val_accuracy) == ("running", 2, 0.7)
    assert (live.rows[a].test_accuracy, live.rows[a].epochs_total) == (0.9, 5)
    with session_scope() as session:
        session.execute(update(Experiment).values(status=ExperimentStatus.FAILED, error_message="why"))
    asked = []
    event.listen(get_engine(), "before_cursor_execute", lambda *args: asked.append(args[2]))
    _, live = look([*experiments, 99], live.cursor)
    assert {(row.status, row.error_message) for row in live.rows.values()} == {("failed", "why")}
    assert sorted(live.rows) == experiments
    assert len([one for one in asked if one.startswith("SELECT")]) == 2


def test_none_shown_is_no_news(database):
    news, live = look([])
    assert (news, live.rows, live.cursor) == ([], {}, START)
