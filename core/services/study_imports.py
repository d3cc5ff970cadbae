"""Searches that were made elsewhere with Optuna, entered as campaigns that are over: each trial once."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.campaign_specs import HPOMethod
from core.clock import seconds_between
from core.errors import ConflictError, InvalidInputError
from core.models import ExperimentStatus, HPOCampaign, HPOTrial, TrainingRun
from core.search_spaces import SearchSpace
from core.services.access import Actor, require_ownership, require_researcher
from core.services.campaigns import IMPORTED, NAME, is_imported
from core.services.experiment_history import insert_history
from core.services.foreign_trials import (
    ForeignTrial,
    find_method,
    judge,
    list_times,
    sum_union,
    tell_history,
    tell_trial,
)
from core.services.jobs import JobKind, lock_run
from core.services.logged_datasets import ensure_logged_dataset
from core.services.summaries import MEASURED
from core.services.trials import refresh_best
from core.specs import metric_direction

SPACE: TypeAdapter[SearchSpace] = TypeAdapter(SearchSpace)
FRACTIONS = ("train_accuracy", "val_accuracy")


def import_study(
    session: Session,
    actor: Actor,
    *,
    dataset: str,
    name: str,
    metric: str,
    direction: Literal["min", "max"],
    space: SearchSpace,
    trials: Sequence[ForeignTrial],
) -> HPOCampaign:
    """Enter a study as a completed campaign, each ended trial as an experiment; again adds what is new.

    Trials that still run are left out, and the campaign's findings say how many.
    """
    require_researcher(actor)
    ended = [trial for trial in trials if trial.state != "running"]
    _check(metric, direction, ended)
    budget = {"metric": metric, "direction": direction}
    campaign = _take_campaign(session, actor, dataset, NAME.validate_python(name), budget)
    known = _list_known(session, campaign)
    _require_same_study(campaign, known, ended)
    fresh = [trial for trial in ended if trial.number not in known]
    histories = [tell_history(campaign, dataset, name, metric, trial) for trial in fresh]
    ids = insert_history(session, actor, histories)
    rows = [tell_trial(campaign, *each) for each in zip(fresh, ids, strict=True)]
    if rows:
        session.execute(insert(HPOTrial), rows)
    _sum_up(campaign, space, ended, num_running=len(trials) - len(ended))
    session.flush()
    refresh_best(session, campaign)
    return campaign


def count_stored(session: Session, name: str) -> int:
    """Return how many trials the campaign of that name has."""
    chosen = select(func.count(HPOTrial.id)).join(HPOCampaign, HPOCampaign.id == HPOTrial.campaign_id)
    return session.scalar(chosen.where(HPOCampaign.name == name)) or 0


def _check(metric: str, direction: str, trials: Sequence[ForeignTrial]) -> None:
    if metric in TrainingRun.__mapper__.attrs and metric not in MEASURED:
        raise InvalidInputError(f"{metric!r} is the name of a column of another meaning; choose another")
    own = metric_direction(metric)
    if direction != own:
        example = "val_loss" if direction == "min" else "val_accuracy"
        raise InvalidInputError(
            f"{metric} is best at its {own}, and the study looks for the {direction}; "
            f"name what it looks for, such as {example}"
        )
    if metric not in FRACTIONS:
        return
    for trial in trials:
        for value in (*trial.reports.values(), trial.value):
            if value is not None and math.isfinite(value) and not 0 <= value <= 1:
                raise InvalidInputError(
                    f"{metric} is a fraction of 1, and trial {trial.number} has {value:g}; "
                    "name the metric otherwise, such as val_percent"
                )


def _take_campaign(
    session: Session, actor: Actor, dataset: str, name: str, budget: dict[str, str]
) -> HPOCampaign:
    """Return the campaign of an earlier import of that name, held; or a new one."""
    dataset_id = ensure_logged_dataset(session, actor, dataset).id
    row = session.scalar(select(HPOCampaign).where(HPOCampaign.name == name))
    if row is None:
        return _add_campaign(session, actor, dataset_id, name, budget)
    if not is_imported(row):
        raise ConflictError(f"a campaign named {name!r} exists, and it was made here; choose another name")
    require_ownership(actor, row, f"campaign {row.id}")
    lock_run(session, JobKind.SEARCH, row.id)
    if (row.dataset_id, row.budget) != (dataset_id, budget):
        raise ConflictError(
            f"campaign {row.id} was imported as {name!r} with {row.budget['metric']} on data set "
            f"{row.dataset_id}, and now {budget['metric']} on {dataset_id} is stated; state the same, "
            "or choose another name"
        )
    return row


def _add_campaign(
    session: Session, actor: Actor, dataset_id: int, name: str, budget: dict[str, str]
) -> HPOCampaign:
    row = HPOCampaign(
        name=name,
        method=HPOMethod.RANDOM_SEARCH,
        status=ExperimentStatus.COMPLETED,
        base_model_type="unspecified",
        dataset_id=dataset_id,
        search_space={},
        budget=budget,
        config={IMPORTED: {"program": "optuna", "study": name}, "budget": budget},
        created_by=actor.user_id,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # entered by somebody else meanwhile
        raise ConflictError(
            f"a campaign named {name!r} exists; import it again, or by another name"
        ) from error
    return row


def _list_known(session: Session, campaign: HPOCampaign) -> dict[int, dict[str, Any]]:
    """Return the values of the trials that are stored, by number."""
    chosen = select(HPOTrial.trial_number, HPOTrial.parameters)
    rows = session.execute(chosen.where(HPOTrial.campaign_id == campaign.id))
    return {row.trial_number: row.parameters for row in rows}


def _require_same_study(
    campaign: HPOCampaign, known: Mapping[int, Mapping[str, Any]], trials: Sequence[ForeignTrial]
) -> None:
    for trial in trials:
        stored = known.get(trial.number)
        if stored is not None and stored != dict(trial.values):
            raise ConflictError(
                f"trial {trial.number} of campaign {campaign.id} tried {dict(stored)}, and in the study of "
                f"the same name {dict(trial.values)}; they are two studies, so choose another name"
            )


def _sum_up(
    campaign: HPOCampaign, space: SearchSpace, trials: Sequence[ForeignTrial], num_running: int
) -> None:
    """Write what all trials of the study come to into the campaign."""
    method = find_method(trials)
    findings = []
    if method is None:
        findings.append("the study does not say how its trials were chosen, so it counts as a random search")
    if num_running:
        findings.append(f"still running, and so left out: {num_running}; import again when they have ended")
    if without := sum(trial.state == "completed" and judge(trial)[1] is None for trial in trials):
        findings.append(f"completed without a finite value, and so counted as failed: {without}")
    campaign.method = method or HPOMethod.RANDOM_SEARCH
    campaign.findings = findings
    campaign.search_space = SPACE.dump_python(space, mode="json")
    told = {"method": campaign.method.value, "space": campaign.search_space}
    campaign.config = {**campaign.config, **told}
    campaign.trials_total = len(trials)
    times = sorted(list_times(trials))
    if times:
        campaign.started_at, campaign.finished_at = times[0][0], max(ended for _, ended in times)
        campaign.duration_seconds = seconds_between(campaign.started_at, campaign.finished_at)
        campaign.spent_seconds = sum_union(times)
