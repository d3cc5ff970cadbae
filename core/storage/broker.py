"""The message broker: carries a job's kind and id to Celery; the row in the database is the truth."""

from functools import lru_cache

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from core.settings import Settings, get_settings
from core.storage import folder_broker

logger = structlog.get_logger(__name__)

RUN_JOB = "brinell.run_job"
# A waiting row is sent again every 10 s, so that a message need not outlive that by much.
EXPIRES_S = 40


def make_celery(settings: Settings) -> Celery:
    """Make the Celery application of the server and the workers of one home."""
    app = Celery("brinell", broker=settings.resolved_broker_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        accept_content=["json"],
        task_default_queue="brinell",
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker waits for a broker that is away, however long
        broker_transport=_transport(settings),
        broker_transport_options=_transport_options(settings),
        # One job a process: a worker must not reserve trainings that another could start.
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
    )
    return app


def _transport(settings: Settings) -> str | None:
    """Return our own transport for the home's folder; the others go by their URL."""
    return f"{folder_broker.__name__}:Transport" if _is_folder(settings) else None


def _is_folder(settings: Settings) -> bool:
    return settings.resolved_broker_url.startswith("filesystem")


def _transport_options(settings: Settings) -> dict[str, object]:
    if not _is_folder(settings):
        # Whoever sends, a click on a page among them, must not wait for a broker that is away.
        return {"max_retries": 1, "interval_start": 0, "interval_step": 0, "socket_connect_timeout": 2}
    queue, control = settings.broker_dir / "queue", settings.broker_dir / "control"
    for folder in (queue, control):
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "control_folder": str(control),
        "polling_interval": 0.1,
    }


@lru_cache(maxsize=8)
def _sender(settings: Settings) -> Celery:
    return make_celery(settings)


def send_job(kind: str, row_id: int) -> None:
    """Send one job; where the broker is away the row stays pending and the next sweep sends it again."""
    try:
        _sender(get_settings()).send_task(RUN_JOB, args=[kind, row_id], retry=False, expires=EXPIRES_S)
    except (OperationalError, OSError) as error:
        logger.warning("broker_away", kind=kind, row_id=row_id, error=str(error))


def check_broker(settings: Settings) -> None:
    """Connect to the broker once; raise what kombu or the file system raises where it is away."""
    with make_celery(settings).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=3)
