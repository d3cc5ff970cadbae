"""The Celery application of the workers: `celery -A core.jobs.celery worker -B`."""

import structlog
from celery.signals import setup_logging

from core.clock import utc_now
from core.jobs.running import run_job
from core.logs import configure_logs
from core.services.jobs import JobKind, resend_waiting, take_up_silent
from core.settings import get_settings
from core.storage.broker import RUN_JOB, make_celery
from core.storage.database import session_scope

logger = structlog.get_logger(__name__)

SWEEP = "brinell.sweep"
SWEEP_EVERY_S = 5.0

app = make_celery(get_settings())
# A sweep that waited longer than its period is worth nothing: the next one sees the same rows.
app.conf.beat_schedule = {
    SWEEP: {"task": SWEEP, "schedule": SWEEP_EVERY_S, "options": {"expires": SWEEP_EVERY_S}}
}


@setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]  # celery ships no types
def configure_worker_logs(**_signal: object) -> None:
    """Log as the rest of Brinell does."""
    configure_logs()


@app.task(name=RUN_JOB)  # type: ignore[untyped-decorator]  # celery ships no types
def run(kind: str, row_id: int) -> None:
    """Run one job; where its row is not waiting there is nothing to do."""
    run_job(JobKind(kind), row_id)


@app.task(name=SWEEP)  # type: ignore[untyped-decorator]  # celery ships no types
def sweep() -> None:
    """Heal what messages and workers lost: the rows know."""
    now = utc_now()
    with session_scope() as session:
        resend_waiting(session, now)
    with session_scope() as session:
        take_up_silent(session, now)
