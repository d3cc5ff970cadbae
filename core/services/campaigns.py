"""Campaigns as people handle them: asked for, paused, resumed, extended, stopped, asked for again."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.campaign_specs import Budget, CampaignSpec, HPOMethod, NASSpec
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.models import HPOCampaign, NASCampaign
from core.search_spaces import grid_size
from core.services.access import Actor, require_ownership, require_researcher
from core.services.datasets import get_dataset
from core.services.experiments import check_recordings
from core.services.jobs import MODELS, Campaign, JobKind, cancel_run, enqueue_run, lock_run
from core.services.trials import end_resting
from core.specs import Name

NAME: TypeAdapter[str] = TypeAdapter(Name)
WHAT = {JobKind.SEARCH: "campaign", JobKind.NAS: "architecture search"}
IMPORTED = "imported"  # the part of a configuration that tells where an import found its study
PAGES = {JobKind.SEARCH: "Campaigns", JobKind.NAS: "Architectures"}
SPECS: dict[JobKind, type[CampaignSpec] | type[NASSpec]] = {
    JobKind.SEARCH: CampaignSpec,
    JobKind.NAS: NASSpec,
}


def get_campaign(session: Session, campaign_id: int, kind: JobKind = JobKind.SEARCH) -> Campaign:
    """Return the campaign's row."""
    row: Campaign | None = session.get(MODELS[kind], campaign_id)
    if row is None:
        raise NotFoundError(
            f"there is no {WHAT[kind]} {campaign_id}; {PAGES[kind]} lists those that are stored"
        )
    return row


def create_campaign(
    session: Session, actor: Actor, spec: CampaignSpec | NASSpec, name: str | None = None
) -> Campaign:
    """Write a pending campaign and send it to the workers when the transaction commits."""
    require_researcher(actor)
    dataset = get_dataset(session, spec.base.dataset)
    check_recordings(session, dataset, spec.base.channel)
    wanted = None if name is None else NAME.validate_python(name)
    row: Campaign
    if isinstance(spec, CampaignSpec):
        kind, method = JobKind.SEARCH, spec.method.value
        row = HPOCampaign(method=spec.method, base_model_type=spec.base.model.value)
    else:
        kind, method = JobKind.NAS, spec.algorithm.value
        row = NASCampaign(search_algorithm=method)
    row.dataset_id, row.created_by = dataset.id, actor.user_id
    _state(row, spec)
    _add_named(session, row, wanted, f"{spec.base.model} {method} {spec.base.dataset}"[:190])
    enqueue_run(session, kind, row)
    return row


def _state(row: Campaign, spec: CampaignSpec | NASSpec) -> None:
    """Write a specification into a row, in the whole and in the columns that tell parts of it."""
    told = spec.model_dump(mode="json")
    row.config = told
    if isinstance(row, HPOCampaign) and isinstance(spec, CampaignSpec):
        row.search_space, row.budget = told["space"], told["budget"]
        row.trials_total = count_trials(spec)
    elif isinstance(row, NASCampaign):
        row.search_space_config, row.max_epochs_per_trial = told["space"], spec.base.epochs
        row.num_trials = spec.budget.max_trials or 0


def count_trials(spec: CampaignSpec) -> int | None:
    """Return how many trials a campaign makes at most, None where only time or epochs end it."""
    cells = grid_size(spec.space) if spec.method is HPOMethod.GRID_SEARCH else None
    limits = [each for each in (spec.budget.max_trials, cells) if each is not None]
    return min(limits, default=None)


def _add_named(session: Session, row: Campaign, wanted: str | None, stem: str) -> None:
    model = type(row)
    names = model.name.startswith(stem, autoescape=True) if wanted is None else model.name == wanted
    taken = set(session.scalars(select(model.name).where(names)))
    # The guide leaves names of architecture searches free, but two of one name could not be told apart.
    if wanted is not None and wanted in taken:
        raise ConflictError(f"a campaign named {wanted!r} exists; choose another name")
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


def pause_campaign(session: Session, actor: Actor, campaign_id: int, kind: JobKind = JobKind.SEARCH) -> None:
    """Ask a running or waiting campaign to rest; its trials stop after their epoch and keep their state."""
    row = _lock_own(session, actor, campaign_id, kind)
    if row.status not in {"running", "pending"}:
        raise ConflictError(f"{WHAT[kind]} {campaign_id} is {row.status}; only what runs or waits can pause")
    _set_status(row, "paused")


def resume_campaign(session: Session, actor: Actor, campaign_id: int, kind: JobKind = JobKind.SEARCH) -> None:
    """Send a paused, failed or stopped campaign to the workers again; it goes on where it was."""
    row = _lock_own(session, actor, campaign_id, kind)
    if row.status not in {"paused", "failed", "cancelled"}:
        raise ConflictError(
            f"{WHAT[kind]} {campaign_id} is {row.status}; only a paused, failed or stopped one can resume"
        )
    _send_again(session, row, kind)


def extend_campaign(
    session: Session,
    actor: Actor,
    campaign_id: int,
    kind: JobKind = JobKind.SEARCH,
    *,
    max_trials: int | None = None,
    max_seconds: float | None = None,
    max_epochs: int | None = None,
) -> None:
    """Raise a campaign's budget; one that has ended goes on, one that rests goes on resting."""
    row = _lock_own(session, actor, campaign_id, kind)
    spec = SPECS[kind].model_validate(row.config)
    given = {"max_trials": max_trials, "max_seconds": max_seconds, "max_epochs": max_epochs}
    raised = {name: value for name, value in given.items() if value is not None}
    if not raised:
        raise InvalidInputError("nothing to extend by; give max_trials, max_seconds or max_epochs")
    for name, value in raised.items():
        _check_raised(spec.budget, name, value)
    budget = spec.budget.model_copy(update=raised)
    _state(row, SPECS[kind].model_validate(spec.model_dump() | {"budget": budget.model_dump()}))
    if row.status in {"completed", "failed", "cancelled"}:
        _send_again(session, row, kind)


def _check_raised(budget: Budget, name: str, value: float) -> None:
    now = getattr(budget, name)
    if now is None:
        raise InvalidInputError(f"the campaign has no {name}, so it is not what ends it; raise what does")
    if value <= now:
        raise InvalidInputError(f"{name}={value:g} is not above the {now:g} that the campaign has; give more")


def stop_campaign(session: Session, actor: Actor, campaign_id: int, kind: JobKind = JobKind.SEARCH) -> None:
    """End a campaign with what it has; trials at work stop after their epoch, those at rest at once."""
    status = get_campaign(session, campaign_id, kind).status
    cancel_run(session, actor, kind, campaign_id)
    if status != "running":
        end_resting(session, kind, campaign_id)


def clone_campaign(
    session: Session,
    actor: Actor,
    campaign_id: int,
    name: str | None = None,
    *,
    kind: JobKind = JobKind.SEARCH,
    method: str | None = None,
    seed: int | None = None,
) -> Campaign:
    """Ask for the same search again, anybody's, as one's own; by another method or seed where given."""
    row = get_campaign(session, campaign_id, kind)
    _require_trainable(row)
    told: dict[str, Any] = dict(row.config)
    if method is not None:
        told["method" if kind is JobKind.SEARCH else "algorithm"] = method
    if seed is not None:
        told["seed"] = seed
    return create_campaign(session, actor, SPECS[kind].model_validate(told), name)


def _lock_own(session: Session, actor: Actor, campaign_id: int, kind: JobKind) -> Campaign:
    row = get_campaign(session, campaign_id, kind)
    require_ownership(actor, row, f"{WHAT[kind]} {campaign_id}")
    _require_trainable(row)
    lock_run(session, kind, campaign_id)
    return row


def is_imported(row: Campaign) -> bool:
    """Return whether a campaign was made elsewhere, so that nothing here knows what its trials trained."""
    return IMPORTED in row.config


def _require_trainable(row: Campaign) -> None:
    if is_imported(row):
        raise ConflictError(
            f"campaign {row.id} was imported, and how its trials trained is not stored, so it cannot go on "
            "here; start a search of your own over its space"
        )


def _set_status(row: Campaign, word: str) -> None:
    row.status = type(row.status)(word)


def _send_again(session: Session, row: Campaign, kind: JobKind) -> None:
    _set_status(row, "pending")
    row.deaths = 0
    row.error_message = row.finished_at = row.duration_seconds = None
    enqueue_run(session, kind, row)
