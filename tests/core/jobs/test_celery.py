"""A worker as the commands have it, on both brokers and both databases: killed, frozen, limited, healed."""

import signal
import time
from contextlib import ExitStack
from datetime import timedelta

import psutil
import pytest
from sqlalchemy import func, select

from core.clock import utc_now
from core.models import Dataset, DatasetGeneration, DatasetImport, Signal, TrainingRun
from core.processes import send_signal
from core.services.datasets import request_import
from core.services.experiments import pause_experiment, resume_experiment
from core.services.jobs import JobKind, cancel_run
from core.settings import get_settings
from core.specs import ImportSpec
from core.storage import broker
from core.storage.database import read_scope, session_scope
from tests.conftest import claimed_redis, throwaway_database
from tests.core.jobs.site import (
    find_process,
    has_ended,
    list_processes,
    process_of,
    site_with_worker,
    wait_for,
    wait_for_generation,
    wait_for_training,
    wait_until_gone,
)

pytestmark = pytest.mark.slow
KERNEL = "core.jobs.kernel"


@pytest.fixture(scope="module", params=["filesystem and sqlite", "redis and postgresql"])
def site(request, tmp_path_factory):
    """One home and worker for all tests on a broker; a worker that a test kills comes back."""
    home = tmp_path_factory.mktemp("site") / "home"
    with ExitStack() as stack:
        if request.param == "filesystem and sqlite":
            place = {"database": request.getfixturevalue("sqlite_template"), "broker_url": ""}
        else:
            template = request.getfixturevalue("postgres_template")
            place = {
                "database": stack.enter_context(throwaway_database(template)),
                "broker_url": stack.enter_context(claimed_redis()),
            }
        yield stack.enter_context(site_with_worker(home, **place))


def home():
    return get_settings().home


def count_signals(dataset):
    with read_scope() as session:
        return session.scalar(select(func.count(Signal.id)).join(Dataset).where(Dataset.name == dataset))


def list_epochs(experiment_id):
    with read_scope() as session:
        return session.scalars(
            select(TrainingRun.epoch)
            .where(TrainingRun.experiment_id == experiment_id)
            .order_by(TrainingRun.id)
        ).all()


def wait_for_epoch(experiment_id, number):
    wait_for_training(experiment_id, lambda _: len(list_epochs(experiment_id)) >= number)
    return list_epochs(experiment_id)[-1]


def train_to_first_epoch(site):
    """Start a training whose limit leaves time for some epochs, however slow this machine is at it."""
    limit_s = 10
    row_id = site.train(epochs=5000, time_limit_s=limit_s)
    while wait_for_training(row_id, lambda row: list_epochs(row_id) or has_ended(row)).status == "failed":
        limit_s *= 2
        with session_scope() as session:
            resume_experiment(session, site.actor, row_id, limit_s)
    return row_id, limit_s


def test_import_is_done_by_the_worker_once_however_often_it_was_sent(site, write_cwru):
    spec = ImportSpec(dataset="rig", paths=(write_cwru("IR007_0_105"),))
    with session_scope() as session:
        row_id = request_import(session, site.actor, spec).id
    for _ in range(4):
        broker.send_job(JobKind.IMPORT, row_id)
    row = wait_for(DatasetImport, row_id, has_ended)
    assert (row.status, row.attempt, row.num_signals) == ("completed", 1, 2)


def test_row_whose_message_was_lost_is_healed_by_the_sweep(site, tiny_generation):
    spec = tiny_generation.model_copy(update={"dataset": "lost"})
    with session_scope() as session:
        row = DatasetGeneration(
            name="lost", config=spec.model_dump(mode="json"), created_by=site.actor.user_id,
            heartbeat_at=utc_now() - timedelta(seconds=60),
        )  # fmt: skip
        session.add(row)
    row = wait_for_generation(row.id, has_ended)
    assert (row.status, row.attempt, row.num_signals) == ("completed", 1, 8)


def test_killed_process_of_a_job_is_followed_by_another_at_once(site):
    row_id = site.generate("struck", records=60, duration_s=1.0)
    process_of(wait_for_generation(row_id, lambda row: row.progress > 5)).kill()
    row = wait_for_generation(row_id, has_ended)
    assert (row.status, row.deaths, row.num_signals) == ("completed", 1, 240)
    assert count_signals("struck") == 240


def test_killed_workers_run_is_taken_up_by_the_next_worker_and_finished_once(site):
    row_id = site.generate("taken", records=60, duration_s=1.0)
    wait_for_generation(row_id, lambda row: row.progress > 5)
    worker = find_process(home(), "core.jobs.worker")
    family = [worker, *worker.children(recursive=True)]
    worker.kill()
    assert wait_until_gone(family) == []
    assert count_signals("taken") == 0
    row = wait_for_generation(row_id, has_ended)
    assert (row.status, row.deaths, row.num_signals) == ("completed", 1, 240)
    assert count_signals("taken") == 240


def test_frozen_orphan_that_comes_to_life_after_another_took_over_writes_nothing_and_ends(site):
    row_id = site.generate("orphan", records=60, duration_s=1.0)
    orphan = process_of(wait_for_generation(row_id, lambda row: row.progress > 5))
    orphan.suspend()
    try:
        row = wait_for_generation(row_id, has_ended)
    finally:
        orphan.resume()
    assert (row.status, row.deaths, row.num_signals) == ("completed", 1, 240)
    assert wait_until_gone([orphan]) == []
    assert count_signals("orphan") == 240
    assert wait_for_generation(row_id, has_ended).worker == row.worker


def test_frozen_processes_do_not_keep_their_places_in_the_worker(site):
    frozen, rows = [], []
    try:
        for name in ("first frozen", "second frozen"):  # as many as the worker has places
            rows.append(site.generate(name, records=60, duration_s=1.0))
            frozen.append(process_of(wait_for_generation(rows[-1], lambda row: row.progress > 5)))
            frozen[-1].suspend()
        ended = [wait_for_generation(row_id, has_ended) for row_id in rows]
        assert [(row.status, row.deaths, row.num_signals) for row in ended] == [("completed", 1, 240)] * 2
        assert wait_until_gone(frozen) == []
    finally:
        for process in frozen:
            send_signal(process, signal.SIGKILL)


def test_training_outlives_its_killed_kernel_and_is_cancelled_within_one_epoch(site):
    row_id = site.train(epochs=5000)
    reached = wait_for_epoch(row_id, 2)
    guard = find_process(home(), KERNEL)
    (kernel,) = guard.children()
    kernel.kill()
    assert wait_until_gone([guard, kernel]) == []
    row = wait_for_training(row_id, lambda row: row.status == "running" and row.deaths == 1)
    wait_for_epoch(row_id, reached + 2)
    with session_scope() as session:
        cancel_run(session, site.actor, JobKind.TRAINING, row_id)
    done = list_epochs(row_id)
    family = [process_of(row), find_process(home(), KERNEL)]
    assert wait_until_gone(family) == []
    after = list_epochs(row_id)
    assert len(after) <= len(done) + 1
    assert after == sorted(set(after))
    assert wait_for_training(row_id, has_ended).status == "cancelled"


def test_training_that_reaches_its_limit_keeps_its_state_and_goes_on_when_resumed_as_after_a_pause(site):
    row_id, limit_s = train_to_first_epoch(site)
    row = wait_for_training(row_id, has_ended)
    assert (row.status, row.deaths) == ("failed", 0)
    assert f"it reached its time limit of {limit_s} s after epoch" in row.error_message
    assert f"brinell resume {row_id} --time-limit {2 * limit_s}" in row.error_message
    assert wait_until_gone([process_of(row)]) == []
    reached = list_epochs(row_id)[-1]
    for end in (pause_experiment, lambda *act: cancel_run(*act[:2], JobKind.TRAINING, act[2])):
        with session_scope() as session:
            resume_experiment(session, site.actor, row_id, 3600)
        assert wait_for_epoch(row_id, reached + 1) > reached
        with session_scope() as session:
            end(session, site.actor, row_id)
        row = wait_for_training(row_id, lambda row: row.status != "running")
        assert wait_until_gone([process_of(row)]) == []
        epochs = list_epochs(row_id)
        # Nothing twice, nothing missing: it went on after the very epoch in which it was stopped.
        assert epochs == list(range(1, len(epochs) + 1))
        reached = epochs[-1]


def test_kernel_that_hears_no_signal_is_killed_a_grace_after_the_limit(site):
    row_id, limit_s = train_to_first_epoch(site)
    guard = find_process(home(), KERNEL)
    chain = [guard, *guard.children(recursive=True)]
    for process in reversed(chain):
        process.send_signal(signal.SIGSTOP)  # SIGTERM waits as long
    row = wait_for_training(row_id, has_ended)
    assert f"time limit of {limit_s} s after epoch" in row.error_message
    assert wait_until_gone([*chain, process_of(row)]) == []
    with read_scope() as session:
        row = session.get_one(type(row), row_id)
    assert (row.status, row.deaths) == ("failed", 0)
    # The worker has its place back.
    assert wait_for_generation(site.generate(f"after {row_id}"), has_ended).status == "completed"


def test_nothing_is_left_at_work_when_every_row_has_ended(site):
    for _ in range(100):
        at_work = [
            process for process in list_processes(home()) if "core.jobs.worker" not in process.cmdline()
        ]
        if not at_work:
            break
        time.sleep(0.1)
    assert at_work == []
    assert psutil.Process().children() != []
