"""Stopped campaigns whose worker fell silent before it could end their trials."""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from core.models import TrialState
from core.services.jobs import MODELS, SILENT_S
from core.services.trials import TRIALS, end_resting


def end_silent_campaigns(session: Session, now: datetime) -> int:
    """End the trials that a stopped campaign's lost worker left as running; return of how many campaigns."""
    ended = 0
    for kind, trials in TRIALS.items():
        model = MODELS[kind]
        left = exists().where(trials.campaign_id == model.id, trials.state == TrialState.RUNNING)
        silent = or_(model.heartbeat_at.is_(None), model.heartbeat_at < now - timedelta(seconds=SILENT_S))
        found = select(model).where(model.status == "cancelled", silent, left).order_by(model.id)
        for row in session.scalars(found.with_for_update(skip_locked=True)).all():
            row.attempt += 1  # whatever is left of the worker writes no more
            end_resting(session, kind, row.id)
            ended += 1
    return ended
