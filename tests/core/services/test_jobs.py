import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, ForbiddenError, NotFoundError, SupersededError
from core.models import Experiment, ExperimentStatus
from core.services.datasets import request_generation
from core.services.experiments import pause_experiment, resume_experiment
from core.services.jobs import (
    JobKind,
    cancel_run,
    claim_run,
    complete_run,
    fail_run,
    hold_claim,
    resend_waiting,
    take_up_silent,
)
from core.storage.database import get_engine, read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
TRAINING = JobKind.TRAINING


def claim(row_id, worker="w:1"):
    with session_scope() as session:
        return claim_run(session, TRAINING, row_id, worker)


def stored(row_id) -> Experiment:
    with read_scope() as session:
        return session.get_one(Experiment, row_id)


def set_status(row_id, status):
    with session_scope() as session:
        session.get_one(Experiment, row_id).status = ExperimentStatus(status)


def sweep(seconds_later, act=take_up_silent):
    with session_scope() as session:
        return act(session, utc_now() + timedelta(seconds=seconds_later))


@BOTH
def test_of_many_claims_on_one_row_exactly_one_wins(experiment_id):
    start = threading.Barrier(8)

    def race(number):
        start.wait()
        return claim(experiment_id, f"w:{number}")

    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(race, range(8)))
    won = [(number, found) for number, found in enumerate(claims) if found]
    assert len(won) == 1
    row = stored(experiment_id)
    assert (row.status, row.attempt, row.worker) == ("running", 1, f"w:{won[0][0]}")


@pytest.mark.parametrize("status", ["running", "paused", "completed", "failed", "cancelled"])
def test_only_a_pending_row_is_claimed(experiment_id, status):
    set_status(experiment_id, status)
    assert claim(experiment_id) is None
    assert stored(experiment_id).status == status


@BOTH
def test_claim_leaves_a_row_in_the_session_as_it_is_stored(experiment_id, session: Session):
    row = session.get_one(Experiment, experiment_id)
    claim_run(session, TRAINING, experiment_id, "w:1")
    assert row.status is ExperimentStatus.RUNNING
    assert (row.attempt, row.worker) == (1, "w:1")
    session.rollback()


@BOTH
def test_superseded_attempt_may_neither_beat_nor_fail_nor_complete(experiment_id):
    first = claim(experiment_id)
    assert sweep(16) == 1
    second = claim(experiment_id)
    assert second.attempt > first.attempt
    for act in (hold_claim, complete_run, lambda session, held: fail_run(session, held, "late")):
        with (
            pytest.raises(SupersededError, match=r"attempt 1 of training 1 was taken over"),
            session_scope() as s,
        ):
            act(s, first)
    row = stored(experiment_id)
    assert (row.status, row.error_message) == ("running", None)
    with session_scope() as session:
        assert hold_claim(session, second) == "running"


def test_a_silent_attempt_is_fenced_before_the_next_one_starts(experiment_id):
    first = claim(experiment_id)
    sweep(16)
    with pytest.raises(SupersededError), session_scope() as session:
        hold_claim(session, first)


@BOTH
def test_only_a_run_silent_for_15_s_is_taken_up(experiment_id):
    claim(experiment_id)
    assert sweep(14) == 0
    assert stored(experiment_id).status == "running"
    assert sweep(16) == 1
    row = stored(experiment_id)
    assert (row.status, row.deaths) == ("pending", 1)


def test_taken_up_run_is_sent_again(experiment_id, list_messages):
    claim(experiment_id)
    sweep(16)
    assert list_messages() == [("training", experiment_id)] * 2


def test_third_death_fails_the_run_and_says_why(experiment_id):
    for _ in range(3):
        assert claim(experiment_id, "host:7") is not None
        assert sweep(16) == 1
    row = stored(experiment_id)
    assert row.status == "failed"
    assert row.finished_at is not None
    assert "its worker died 3 times (last host:7: it fell silent)" in row.error_message
    assert claim(experiment_id) is None


def test_resume_forgives_earlier_deaths(experiment_id, researcher):
    for _ in range(2):
        claim(experiment_id)
        sweep(16)
    with session_scope() as session:
        pause_experiment(session, researcher, experiment_id)
        resume_experiment(session, researcher, experiment_id)
    assert stored(experiment_id).deaths == 0


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer at a time
@pytest.mark.timeout(20)  # where it is not passed over, the sweep waits for ever
def test_a_row_being_written_is_not_taken_up_over_its_completion(experiment_id):
    held = claim(experiment_id)
    with session_scope() as session:
        complete_run(session, held)
        assert sweep(16) == 0
    assert stored(experiment_id).status == "completed"


def test_pending_row_is_sent_again_after_20_s_and_not_sooner(experiment_id, list_messages):
    assert list_messages() == [("training", experiment_id)]
    assert sweep(19, resend_waiting) == 0
    assert sweep(21, resend_waiting) == 1
    assert sweep(0, resend_waiting) == 0
    assert list_messages() == [("training", experiment_id)] * 2


def test_running_row_is_not_sent_again(experiment_id):
    claim(experiment_id)
    assert sweep(60, resend_waiting) == 0


def test_message_is_sent_at_the_commit_and_never_after_a_rollback(
    database, researcher, tiny_generation, list_messages
):
    with Session(get_engine()) as session:
        request_generation(session, researcher, tiny_generation)
        assert list_messages() == []
        session.rollback()
        request_generation(session, researcher, tiny_generation)
        session.commit()
        sent = list_messages()
        assert len(sent) == 1
        session.commit()
    assert list_messages() == sent


def test_broker_away_leaves_the_row_pending_and_raises_nothing(
    experiment_id, home, researcher, tiny_generation
):
    queue = home / "broker" / "queue"
    for message in queue.iterdir():
        message.unlink()
    queue.rmdir()
    queue.write_text("a file where the folder was")
    with session_scope() as session:
        row = request_generation(session, researcher, tiny_generation)
    assert row.status == "pending"


LEGAL = {
    "pause": {"pending", "running"},
    "resume": {"paused"},
    "cancel": {"pending", "running", "paused"},
}
ACTS = {
    "pause": pause_experiment,
    "resume": resume_experiment,
    "cancel": lambda session, actor, row_id: cancel_run(session, actor, TRAINING, row_id),
}
AFTER = {"pause": "paused", "resume": "pending", "cancel": "cancelled"}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", list(ExperimentStatus))
def test_an_act_is_done_where_legal_and_else_names_both_sides(experiment_id, researcher, act, status):
    set_status(experiment_id, status)
    if status in LEGAL[act]:
        with session_scope() as session:
            ACTS[act](session, researcher, experiment_id)
        assert stored(experiment_id).status == AFTER[act]
    else:
        expected = rf"{experiment_id} is {status}; (only|nothing is left to cancel)"
        with pytest.raises(ConflictError, match=expected), session_scope() as session:
            ACTS[act](session, researcher, experiment_id)
        assert stored(experiment_id).status == status


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_another_researchers_run_is_refused_and_an_admin_allowed(experiment_id, make_actor, act):
    set_status(experiment_id, "paused" if act is resume_experiment else "running")
    other, viewer, admin = make_actor("other"), make_actor("guest", "viewer"), make_actor("chief", "admin")
    for actor in (other, viewer):
        with pytest.raises(ForbiddenError), session_scope() as session:
            act(session, actor, experiment_id)
    with session_scope() as session:
        act(session, admin, experiment_id)


@BOTH
def test_cancelled_run_never_becomes_completed_or_failed(experiment_id, researcher):
    held = claim(experiment_id)
    with session_scope() as session:
        cancel_run(session, researcher, TRAINING, experiment_id)
    with (
        pytest.raises(SupersededError, match="is cancelled; its results are not entered"),
        session_scope() as s,
    ):
        complete_run(s, held)
    with session_scope() as session:
        fail_run(session, held, "too late")
    row = stored(experiment_id)
    assert (row.status, row.error_message) == ("cancelled", None)


@BOTH
def test_cancel_and_completion_at_once_leave_one_of_them(experiment_id, researcher):
    held = claim(experiment_id)
    start = threading.Barrier(2)

    def act(name):
        start.wait()
        try:
            with session_scope() as session:
                if name == "cancel":
                    cancel_run(session, researcher, TRAINING, experiment_id)
                else:
                    complete_run(session, held)
        except (ConflictError, SupersededError):
            return None
        return name

    with ThreadPoolExecutor(2) as pool:
        won = [name for name in pool.map(act, ["cancel", "complete"]) if name]
    assert len(won) == 1
    assert stored(experiment_id).status == {"cancel": "cancelled", "complete": "completed"}[won[0]]


def test_completion_stores_when_and_how_long(experiment_id):
    held = claim(experiment_id)
    with session_scope() as session:
        complete_run(session, held)
    row = stored(experiment_id)
    assert row.duration_seconds == pytest.approx((row.finished_at - row.started_at).total_seconds())


def test_beat_moves_the_heart(experiment_id):
    held = claim(experiment_id)
    before = stored(experiment_id).heartbeat_at
    with session_scope() as session:
        hold_claim(session, held)
    assert stored(experiment_id).heartbeat_at > before


def test_unknown_row_is_an_error_that_names_it(database, researcher):
    with pytest.raises(NotFoundError, match="there is no dataset import 7"), session_scope() as session:
        cancel_run(session, researcher, JobKind.IMPORT, 7)
