"""The one clock, and what a clock that is set back leaves of a duration."""

from datetime import timedelta

import pytest

from core.clock import seconds_between, utc_now
from core.services import jobs, logged_experiments
from core.services.experiment_history import History, insert_history
from core.services.jobs import JobKind, claim_run, complete_run
from core.services.users import get_local_actor
from core.storage.database import session_scope
from core.workspace import Workspace
from tests.core.tracking.conftest import get_row

AN_HOUR = timedelta(hours=1)


def test_seconds_between_are_never_negative():
    now = utc_now()
    assert seconds_between(now, now + AN_HOUR) == 3600.0
    assert seconds_between(now + AN_HOUR, now) == 0.0


@pytest.fixture
def set_clock_back(monkeypatch):
    def act():
        for module in (jobs, logged_experiments):
            monkeypatch.setattr(module, "utc_now", lambda: utc_now() - AN_HOUR)

    return act


def test_loop_that_ends_before_it_began_lasted_no_time(database, set_clock_back):
    with Workspace().experiment() as run:
        set_clock_back()
    assert (get_row(run.id).status, get_row(run.id).duration_seconds) == ("completed", 0.0)


def test_training_that_ends_before_it_began_lasted_no_time(experiment_id, set_clock_back):
    with session_scope() as session:
        claim = claim_run(session, JobKind.TRAINING, experiment_id, "w:1")
    set_clock_back()
    with session_scope() as session:
        complete_run(session, claim)
    assert get_row(experiment_id).duration_seconds == 0.0


def test_history_that_ends_before_it_began_lasted_no_time(database):
    now = utc_now()
    with session_scope() as session:
        told = History(name="odd", started_at=now, finished_at=now - AN_HOUR)
        (row_id,) = insert_history(session, get_local_actor(session, "cli"), [told])
    assert get_row(row_id).duration_seconds == 0.0
