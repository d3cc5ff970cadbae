import threading
import time
from datetime import timedelta

import pytest

from core.clock import utc_now
from core.jobs.heart import beating
from core.models import Experiment
from core.services.jobs import JobKind, claim_run, complete_run, hold_claim, take_up_silent
from core.storage.database import read_scope, session_scope


@pytest.fixture
def held(experiment_id):
    with session_scope() as session:
        session.get_one(Experiment, experiment_id).time_limit_seconds = 0.3
        return claim_run(session, JobKind.TRAINING, experiment_id, "w:1")


def stored(held) -> Experiment:
    with read_scope() as session:
        return session.get_one(Experiment, held.row_id)


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def list_hearts():
    return [thread for thread in threading.enumerate() if thread.name.startswith("heart-")]


def test_work_learns_from_the_row_that_its_time_is_up(held):
    with beating(held):
        wait_for(lambda: stored(held).status == "failed")
        with session_scope() as session:
            assert hold_claim(session, held) == "failed"
    assert "it reached its time limit of 0.3 s before its first epoch was done" in stored(held).error_message


def test_work_that_ends_within_its_limit_is_left_alone(held):
    with beating(held), session_scope() as session:
        complete_run(session, held)
    assert list_hearts() == []
    assert stored(held).status == "completed"


def test_heart_of_a_superseded_run_leaves_the_row_alone_past_its_limit_too(held):
    with session_scope() as session:
        take_up_silent(session, utc_now() + timedelta(seconds=16))
    with beating(held):
        wait_for(lambda: stored(held).status == "pending")
        time.sleep(0.5)
    row = stored(held)
    assert (row.status, row.error_message) == ("pending", None)
