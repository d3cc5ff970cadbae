"""Campaigns as people handle them: asked for, paused, resumed, extended, stopped, asked for again."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.campaign_specs import Budget, CampaignSpec, HPOMethod
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.models import ExperimentStatus, HPOCampaign
from core.search_spaces import grid_size
from core.services.access import Actor, require_ownership, require_researcher
from core.services.datasets import get_dataset
from core.services.experiments import check_recordings
from core.services.jobs import JobKind, cancel_run, enqueue_run, lock_run
from core.services.trials import end_resting
from core.specs import Name

NAME: TypeAdapter[str] = TypeAdapter(Name)


def get_campaign(session: Session, campaign_id: int) -> HPOCampaign:
    """Return the campaign's row."""
    row = session.get(HPOCampaign, campaign_id)
    if row is None:
        raise NotFoundError(f"there is no campaign {campaign_id}; Campaigns lists those that are stored")
    return row


def create_campaign(
    session: Session, actor: Actor, spec: CampaignSpec, name: str | None = None
) -> HPOCampaign:
    """Write a pending campaign and send it to the workers when the transaction commits."""
    require_researcher(actor)
    dataset = get_dataset(session, spec.base.dataset)
    check_recordings(session, dataset, spec.base.channel)
    row = HPOCampaign(
        method=spec.method,
        base_model_type=spec.base.model.value,
        dataset_id=dataset.id,
        created_by=actor.user_id,
    )
    _state(row, spec)
    wanted = None if name is None else NAME.validate_python(name)
    _add_named(session, row, wanted, f"{spec.base.model} {spec.method} {spec.base.dataset}"[:190])
    enqueue_run(session, JobKind.SEARCH, row)
    return row


def _state(row: HPOCampaign, spec: CampaignSpec) -> None:
    """Write a specification into a row, in the whole and in the columns that tell parts of it."""
    told = spec.model_dump(mode="json")
    row.config, row.search_space, row.budget = told, told["space"], told["budget"]
    row.trials_total = count_trials(spec)


def count_trials(spec: CampaignSpec) -> int | None:
    """Return how many trials a campaign makes at most, None where only time or epochs end it."""
    cells = grid_size(spec.space) if spec.method is HPOMethod.GRID_SEARCH else None
    limits = [each for each in (spec.budget.max_trials, cells) if each is not None]
    return min(limits, default=None)


def _add_named(session: Session, row: HPOCampaign, wanted: str | None, stem: str) -> None:
    taken = set(
        session.scalars(select(HPOCampaign.name).where(HPOCampaign.name.startswith(stem, autoescape=True)))
    )
    number = 1
    while True:
        row.name = wanted or (stem if number == 1 else f"{stem} {number}")
        number += 1
        if wanted is None and row.name in taken:
            continue
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError as error:
            if wanted is None:
                taken.add(row.name)  # by somebody else, meanwhile
                continue
            raise ConflictError(f"a campaign named {wanted!r} exists; choose another name") from error
        return


def pause_campaign(session: Session, actor: Actor, campaign_id: int) -> None:
    """Ask a running or waiting campaign to rest; its trials stop after their epoch and keep their state."""
    row = _lock_own(session, actor, campaign_id)
    if row.status not in {ExperimentStatus.RUNNING, ExperimentStatus.PENDING}:
        raise ConflictError(
            f"campaign {campaign_id} is {row.status.value}; only what runs or waits can pause"
        )
    row.status = ExperimentStatus.PAUSED


def resume_campaign(session: Session, actor: Actor, campaign_id: int) -> None:
    """Send a paused, failed or stopped campaign to the workers again; it goes on where it was."""
    row = _lock_own(session, actor, campaign_id)
    if row.status not in {ExperimentStatus.PAUSED, ExperimentStatus.FAILED, ExperimentStatus.CANCELLED}:
        raise ConflictError(
            f"campaign {campaign_id} is {row.status.value}; only a paused, failed or stopped one can resume"
        )
    _send_again(session, row)


def extend_campaign(
    session: Session,
    actor: Actor,
    campaign_id: int,
    *,
    max_trials: int | None = None,
    max_seconds: float | None = None,
    max_epochs: int | None = None,
) -> None:
    """Raise a campaign's budget; one that has ended goes on, one that rests goes on resting."""
    row = _lock_own(session, actor, campaign_id)
    spec = CampaignSpec.model_validate(row.config)
    given = {"max_trials": max_trials, "max_seconds": max_seconds, "max_epochs": max_epochs}
    raised = {name: value for name, value in given.items() if value is not None}
    if not raised:
        raise InvalidInputError("nothing to extend by; give max_trials, max_seconds or max_epochs")
    for name, value in raised.items():
        _check_raised(spec.budget, name, value)
    budget = spec.budget.model_copy(update=raised)
    _state(row, CampaignSpec.model_validate(spec.model_dump() | {"budget": budget.model_dump()}))
    if row.status in {ExperimentStatus.COMPLETED, ExperimentStatus.FAILED, ExperimentStatus.CANCELLED}:
        _send_again(session, row)


def _check_raised(budget: Budget, name: str, value: float) -> None:
    now = getattr(budget, name)
    if now is None:
        raise InvalidInputError(f"the campaign has no {name}, so it is not what ends it; raise what does")
    if value <= now:
        raise InvalidInputError(f"{name}={value:g} is not above the {now:g} that the campaign has; give more")


def stop_campaign(session: Session, actor: Actor, campaign_id: int) -> None:
    """End a campaign with what it has; trials at work stop after their epoch, those at rest at once."""
    status = get_campaign(session, campaign_id).status
    cancel_run(session, actor, JobKind.SEARCH, campaign_id)
    if status is not ExperimentStatus.RUNNING:
        end_resting(session, JobKind.SEARCH, campaign_id)


def clone_campaign(
    session: Session,
    actor: Actor,
    campaign_id: int,
    name: str | None = None,
    *,
    method: HPOMethod | None = None,
    seed: int | None = None,
) -> HPOCampaign:
    """Ask for the same search again, anybody's, as one's own; by another method or seed where given."""
    told: dict[str, Any] = dict(get_campaign(session, campaign_id).config)
    if method is not None:
        told["method"] = method
    if seed is not None:
        told["seed"] = seed
    return create_campaign(session, actor, CampaignSpec.model_validate(told), name)


def _lock_own(session: Session, actor: Actor, campaign_id: int) -> HPOCampaign:
    row = get_campaign(session, campaign_id)
    require_ownership(actor, row, f"campaign {campaign_id}")
    lock_run(session, JobKind.SEARCH, campaign_id)
    return row


def _send_again(session: Session, row: HPOCampaign) -> None:
    row.status = ExperimentStatus.PENDING
    row.deaths = 0
    row.error_message = row.finished_at = row.duration_seconds = None
    enqueue_run(session, JobKind.SEARCH, row)
