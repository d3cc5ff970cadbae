"""The Celery application of the workers: `celery --app core.jobs.celery worker`.

Jobs wait in threads for processes of their own, so nothing that a job does, or a signal does to it, can harm
the worker. Every worker does the periodic tasks; the `ticks` table has each tick done by one of them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import structlog
from celery import bootsteps
from celery.signals import setup_logging, worker_init, worker_shutting_down

from core.clock import utc_now
from core.errors import DatabaseUnavailableError, DatabaseVersionError
from core.jobs.launch import JobProcesses
from core.jobs.reach import Reach
from core.jobs.running import worker_name
from core.jobs.sealing import SEAL_EVERY_S, seal
from core.jobs.ticking import Ticker
from core.jobs.tidying import tidy
from core.logs import configure_logs
from core.services.jobs import JobKind, resend_waiting, take_up_silent
from core.services.silent_campaigns import end_silent_campaigns
from core.services.ticks import claim_tick
from core.settings import get_settings
from core.storage.broker import RUN_JOB, make_celery
from core.storage.database import session_scope
from core.storage.migrations import check_version

logger = structlog.get_logger(__name__)

SWEEP_EVERY_S = 5.0
TIDY_EVERY_S = 3600.0
reach = Reach(2 * SWEEP_EVERY_S)


def sweep() -> None:
    """Heal what messages and workers lost: the rows know."""
    now = utc_now()
    with session_scope() as session:
        resend_waiting(session, now)
    if reach.is_steady():
        with session_scope() as session:
            take_up_silent(session, now)
            end_silent_campaigns(session, now)


class Periodic(NamedTuple):
    """What is done again and again, and how often."""

    act: Callable[[], object]
    every_s: float


PERIODIC = {
    "sweep": Periodic(sweep, every_s=SWEEP_EVERY_S),
    "tidy": Periodic(lambda: tidy(utc_now()), every_s=TIDY_EVERY_S),
    "seal": Periodic(lambda: seal(utc_now()), every_s=SEAL_EVERY_S),
}


app = make_celery(get_settings())
app.conf.update(worker_pool="threads", worker_concurrency=get_settings().worker_processes)
processes = JobProcesses()


def tick(name: str) -> None:
    """Do what a schedule's tick asks for, unless another worker has done it for this tick."""
    task = PERIODIC[name]
    with session_scope() as session:
        is_ours = claim_tick(session, name, task.every_s, utc_now(), worker_name())
    reach.renew()
    if is_ours:
        task.act()


class Ticking(bootsteps.StartStopStep):  # type: ignore[misc]  # celery ships no types
    """Every worker ticks, from its start on: where one lives, the others' deaths are noticed."""

    def create(self, _worker: Any) -> None:
        """Have a thread for each periodic task."""
        self._tickers = [Ticker(name, task.every_s, partial(tick, name)) for name, task in PERIODIC.items()]

    def start(self, _worker: Any) -> None:
        """Begin to tick."""
        for ticker in self._tickers:
            ticker.start()

    def stop(self, _worker: Any) -> None:
        """Let them end."""
        for ticker in self._tickers:
            ticker.stop()


app.steps["worker"].add(Ticking)


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
def configure_worker_logs(**_signal: object) -> None:
    """Log as the rest of Brinell does."""
    configure_logs()


@worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
def stop_processes(how: str, **_signal: object) -> None:
    """Wait for the jobs at work in a warm shutdown, and end them in a cold one."""
    processes.stop(at_once=how.lower() == "cold")


@worker_init.connect(weak=False)  # type: ignore[untyped-decorator]
def refuse_other_schema(**_signal: object) -> None:
    """End a worker whose code and database do not match; one that is only away is waited for."""
    try:
        check_version()
    except DatabaseVersionError as error:
        # Celery logs an ordinary error of a signal and goes on.
        raise SystemExit(str(error)) from error
    except DatabaseUnavailableError as error:
        logger.warning("database_away", reason=str(error))


@app.task(name=RUN_JOB)  # type: ignore[untyped-decorator]
def run(kind: str, row_id: int) -> None:
    """Run one job; where its row is not waiting there is nothing to do."""
    processes.run(JobKind(kind), row_id)
