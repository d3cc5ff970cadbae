import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, SupersededError
from core.models import DatasetGeneration, Experiment, ExperimentStatus, TrainingRun
from core.services.datasets import request_generation
from core.services.experiments import pause_experiment, resume_experiment
from core.services.jobs import (
    JobKind,
    cancel_run,
    claim_run,
    complete_run,
    fail_run,
    find_claim,
    get_time_limit_s,
    hold_claim,
    resend_waiting,
    return_run,
    take_up_silent,
    time_out_run,
)
from core.settings import get_settings
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


@BOTH
def test_silence_after_a_clock_was_set_back_is_noticed_as_any_other(experiment_id):
    claim(experiment_id)
    an_hour_back = -3600
    assert [sweep(an_hour_back + seconds) for seconds in (0, 14, 16)] == [0, 0, 1]
    assert stored(experiment_id).status == "pending"
    assert [sweep(2 * an_hour_back + seconds, resend_waiting) for seconds in (0, 9, 11)] == [0, 0, 1]


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
    assert f"resume it: brinell resume {experiment_id}" in row.error_message
    assert claim(experiment_id) is None


def test_third_death_on_a_full_disk_says_that_there_is_no_room(experiment_id, monkeypatch, home):
    monkeypatch.setattr("core.storage.room.free_bytes", lambda _folder: 300_000)
    for _ in range(3):
        claim(experiment_id, "host:7")
        sweep(16)
    told = f"it fell silent, and no room is left at {home}: 0.3 MB are free, make some"
    assert told in stored(experiment_id).error_message


def test_resume_forgives_earlier_deaths(experiment_id, researcher):
    for _ in range(2):
        claim(experiment_id)
        sweep(16)
    with session_scope() as session:
        pause_experiment(session, researcher, experiment_id)
        resume_experiment(session, researcher, experiment_id)
    assert stored(experiment_id).deaths == 0


@BOTH
def test_failed_run_that_is_resumed_waits_as_a_new_one(experiment_id, researcher):
    held = claim(experiment_id)
    with session_scope() as session:
        session.get_one(Experiment, experiment_id).deaths = 2
        fail_run(session, held, "no room is left")
    with session_scope() as session:
        resume_experiment(session, researcher, experiment_id, time_limit_s=60)
    row = stored(experiment_id)
    assert (row.status, row.deaths, row.error_message, row.finished_at) == ("pending", 0, None, None)
    assert row.time_limit_seconds == 60
    assert claim(experiment_id).attempt > held.attempt


@pytest.mark.parametrize("limit_s", [0, -1, float("inf"), float("nan")])
def test_time_limit_that_is_no_number_of_seconds_is_refused(experiment_id, researcher, limit_s):
    set_status(experiment_id, "failed")
    with pytest.raises(InvalidInputError, match="seconds above 0"), session_scope() as session:
        resume_experiment(session, researcher, experiment_id, limit_s)
    assert stored(experiment_id).status == "failed"


@BOTH
def test_run_whose_time_is_up_fails_with_the_limit_how_far_it_came_and_the_way_on(experiment_id):
    held = claim(experiment_id)
    with session_scope() as session:
        session.add(TrainingRun(experiment_id=experiment_id, epoch=3, metrics={}))
        time_out_run(session, held, 90)
    row = stored(experiment_id)
    assert (row.status, row.deaths) == ("failed", 0)
    assert row.finished_at is not None
    assert row.error_message == (
        f"it reached its time limit of 90 s after epoch 3 of {row.total_epochs}; resume it with a larger "
        f"one: brinell resume {experiment_id} --time-limit 180"
    )
    assert sweep(60) == sweep(60, resend_waiting) == 0


def test_import_whose_time_is_up_tells_how_much_is_done_and_what_to_do(database, researcher, tiny_generation):
    with session_scope() as session:
        row_id = request_generation(session, researcher, tiny_generation).id
        held = claim_run(session, JobKind.GENERATION, row_id, "w:1")
        session.get_one(DatasetGeneration, row_id).progress = 40
        time_out_run(session, held, 90)
    with read_scope() as session:
        message = session.get_one(DatasetGeneration, row_id).error_message
    assert message == (
        "it reached its time limit of 90 s at 40 %; ask for it again with BRINELL_TIME_LIMIT_S above 90"
    )


def test_run_that_ended_otherwise_does_not_fail_by_its_time_limit(experiment_id, researcher):
    held = claim(experiment_id)
    with session_scope() as session:
        pause_experiment(session, researcher, experiment_id)
    with session_scope() as session:
        time_out_run(session, held, 90)
    assert (stored(experiment_id).status, stored(experiment_id).error_message) == ("paused", None)


def test_limit_of_the_row_wins_over_that_of_the_settings(experiment_id, monkeypatch):
    monkeypatch.setenv("BRINELL_TIME_LIMIT_S", "70")
    get_settings.cache_clear()
    assert get_time_limit_s(stored(experiment_id)) == 70
    with session_scope() as session:
        session.get_one(Experiment, experiment_id).time_limit_seconds = 8
    assert get_time_limit_s(stored(experiment_id)) == 8


def test_run_whose_process_was_ended_in_order_goes_on_without_a_death(experiment_id, list_messages):
    for _ in range(4):
        held = claim(experiment_id)
        with session_scope() as session:
            return_run(session, held, "its process ended with -15", is_death=False)
    assert (stored(experiment_id).status, stored(experiment_id).deaths) == ("pending", 0)
    assert len(list_messages()) == 5


def test_claim_is_found_for_the_process_that_holds_it_only_while_it_does(experiment_id):
    def find(worker):
        with session_scope() as session:
            return find_claim(session, TRAINING, experiment_id, worker)

    held = claim(experiment_id, "host:7")
    assert (find("host:7"), find("host:8")) == (held, None)
    sweep(16)
    assert find("host:7") is None


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer at a time
@pytest.mark.timeout(20)  # where it is not passed over, the sweep waits for ever
def test_a_row_being_written_is_not_taken_up_over_its_completion(experiment_id):
    held = claim(experiment_id)
    with session_scope() as session:
        complete_run(session, held)
        assert sweep(16) == 0
    assert stored(experiment_id).status == "completed"


def test_pending_row_is_sent_again_after_10_s_and_not_sooner(experiment_id, list_messages):
    assert list_messages() == [("training", experiment_id)]
    assert sweep(9, resend_waiting) == 0
    assert sweep(11, resend_waiting) == 1
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
    "resume": {"paused", "failed"},
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
