"""The workers' Celery application with a schedule more, whose ticks are written down where they are fired.

`celery --app tests.core.jobs.counting worker`; its messages on Redis are given to another worker after 1 s.
"""

import os

from core.jobs import celery
from core.services.ticks import claim_tick, last_due
from core.settings import get_settings

COUNT, EVERY_S = "count", 1.0
LEDGER = get_settings().home / "ledger"

app = celery.app
if get_settings().broker_url:
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 1}


def claim_and_note(session, name, every_s, now, fired_by):
    """Write down which tick was taken by which process."""
    is_ours = claim_tick(session, name, every_s, now, fired_by)
    if is_ours and name == COUNT:
        with LEDGER.open("a") as ledger:
            ledger.write(f"{last_due(every_s, now).isoformat()} {os.getpid()}\n")
    return is_ours


celery.claim_tick = claim_and_note
celery.PERIODIC[COUNT] = celery.Periodic(lambda: None, EVERY_S)
