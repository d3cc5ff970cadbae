"""Trials of campaigns, written under the campaign's claim: begun, taken up again, and ended, each once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.clock import utc_now
from core.errors import SupersededError
from core.models import (
    Artifact,
    Experiment,
    ExperimentSource,
    ExperimentStatus,
    HPOCampaign,
    HPOTrial,
    NASCampaign,
    NASTrial,
    TrainingRun,
    TrialState,
)
from core.services.commits import after_commit
from core.services.experiment_names import add_named
from core.services.experiments import ArtifactFile, tell_hyperparameters
from core.services.jobs import Campaign, Claim, JobKind, complete_run, fail_run, get_run, hold_claim
from core.services.parameter_rows import insert_parameters
from core.specs import TrainingSpec, metric_direction
from core.storage import artifacts

Trial = HPOTrial | NASTrial
BATCH = 500  # ids a statement
STOPPED = "the campaign was stopped"
# mypy joins the classes to their base, which has none of their columns.
TRIALS: dict[JobKind, type[Any]] = {JobKind.SEARCH: HPOTrial, JobKind.NAS: NASTrial}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What a sampler suggested, as its trial's row states it; `facts` are further columns of that row."""

    number: int
    parameters: Mapping[str, Any]
    attrs: Mapping[str, Any]
    facts: Mapping[str, Any]
    spec: TrainingSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """A trial as a search is rebuilt from it; `reports` are the campaign's metric by epoch."""

    number: int
    experiment_id: int | None
    state: str
    experiment_status: str | None
    parameters: dict[str, Any]
    value: float | None
    epochs: int
    attrs: dict[str, Any]
    reports: dict[int, float]
    started_at: datetime | None = None
    finished_at: datetime | None = None


def begin_trial(session: Session, claim: Claim, suggested: Suggested, worker: str) -> Claim | None:
    """Make a trial and its experiment, at work already; None where the campaign rests or has ended.

    Done again after a commit that went unanswered it finds what it made.
    """
    if hold_claim(session, claim) != "running":
        return None
    campaign, trials = _get_campaign(session, claim), TRIALS[claim.kind]
    made = session.scalar(
        select(trials.experiment_id).where(
            trials.campaign_id == campaign.id, trials.trial_number == suggested.number
        )
    )
    if made is not None:
        return Claim(JobKind.TRAINING, made, 1)
    experiment = _add_experiment(session, campaign, suggested, worker)
    session.add(
        trials(
            campaign_id=campaign.id,
            experiment_id=experiment.id,
            trial_number=suggested.number,
            parameters=dict(suggested.parameters),
            attrs=dict(suggested.attrs),
            worker=worker,
            started_at=utc_now(),
            **suggested.facts,
        )
    )
    session.flush()
    return Claim(JobKind.TRAINING, experiment.id, 1)


def _add_experiment(session: Session, campaign: Campaign, suggested: Suggested, worker: str) -> Experiment:
    spec, now = suggested.spec, utc_now()
    row = Experiment(
        model_type=spec.model.value,
        dataset_id=campaign.dataset_id,
        status=ExperimentStatus.RUNNING,
        source=ExperimentSource.TRIAL,
        config=spec.model_dump(mode="json"),
        hyperparameters=tell_hyperparameters(spec),
        split=spec.split.kind.value,
        total_epochs=spec.epochs,
        created_by=campaign.created_by,
        hpo_campaign_id=campaign.id if isinstance(campaign, HPOCampaign) else None,
        attempt=1,
        worker=worker,
        heartbeat_at=now,
        started_at=now,
    )
    add_named(session, row, None, f"{campaign.name[:180]} trial {suggested.number}")
    insert_parameters(session.connection(), row.id, row.hyperparameters)
    return row


def take_up_trial(session: Session, claim: Claim, experiment_id: int, worker: str) -> Claim | None:
    """Let another process go on with a trial, and whoever had it before write no more."""
    if hold_claim(session, claim) != "running":
        return None
    row = session.get(Experiment, experiment_id, with_for_update=True, populate_existing=True)
    if row is None:
        return None
    if row.worker == worker and row.status is ExperimentStatus.RUNNING:
        return Claim(JobKind.TRAINING, row.id, row.attempt)  # by a first try whose commit went unanswered
    row.attempt += 1
    row.status, row.worker, row.heartbeat_at = ExperimentStatus.RUNNING, worker, utc_now()
    row.error_message = row.finished_at = row.duration_seconds = None
    trials = TRIALS[claim.kind]
    trial = session.scalars(
        select(trials).where(trials.campaign_id == claim.row_id, trials.experiment_id == experiment_id)
    ).one()
    trial.worker = worker
    session.flush()
    return Claim(JobKind.TRAINING, row.id, row.attempt)


def note_attrs(session: Session, claim: Claim, number: int, attrs: Mapping[str, Any]) -> None:
    """Store what sampler and pruner noted of a trial, so that a rebuilt search decides alike."""
    hold_claim(session, claim)
    _get_trial(session, claim, number).attrs = dict(attrs)


def end_trial(
    session: Session,
    claim: Claim,
    number: int,
    state: TrialState,
    reason: str | None,
    *,
    cost: Mapping[str, Any] | None = None,
) -> None:
    """End a trial and count it; its value is the best that its epochs measured of the campaign's metric.

    Where its experiment was deleted meanwhile the trial has failed.
    """
    hold_claim(session, claim)
    trial, campaign = _get_trial(session, claim, number), _get_campaign(session, claim)
    reports = read_reports(session, [trial.experiment_id], get_metric(campaign)).get(trial.experiment_id, {})
    trial.epochs = max(reports, default=0)
    trial.value = best_of(reports.values(), get_metric(campaign))
    trial.state, trial.reason, trial.finished_at = state, reason, utc_now()
    if isinstance(trial, NASTrial):
        _copy_scores(session, trial)
        _copy_cost(trial, cost or {})
    session.flush()
    refresh_best(session, campaign)


def _copy_scores(session: Session, trial: NASTrial) -> None:
    row = None if trial.experiment_id is None else session.get(Experiment, trial.experiment_id)
    best = None if row is None else _best_epoch(session, row.id)
    if row is not None and best is not None:
        trial.validation_accuracy, trial.validation_loss = best.val_accuracy, best.val_loss
        trial.training_time = row.duration_seconds


def _copy_cost(trial: NASTrial, cost: Mapping[str, Any]) -> None:
    """Enter what a network takes: parameters, operations, size; latency and its device beside them."""
    if cost:
        trial.num_parameters, trial.flops = cost["num_parameters"], cost["flops"]
        trial.model_size_mb = cost["size_mb"]
        trial.metrics = {"latency_ms": cost["latency_ms"], "latency_device": cost["device"]}


def _best_epoch(session: Session, experiment_id: int) -> TrainingRun | None:
    ordered = select(TrainingRun).where(TrainingRun.experiment_id == experiment_id)
    return session.scalar(ordered.order_by(TrainingRun.val_accuracy.desc(), TrainingRun.val_loss).limit(1))


def end_resting(session: Session, kind: JobKind, campaign_id: int) -> None:
    """End the trials of a stopped campaign that nobody is at work on."""
    campaign, trials, now = get_run(session, kind, campaign_id), TRIALS[kind], utc_now()
    resting = session.scalars(
        select(trials).where(trials.campaign_id == campaign_id, trials.state == TrialState.RUNNING)
    )
    for trial in resting:
        trial.state, trial.reason, trial.finished_at = TrialState.PRUNED, STOPPED, now
        experiment = None if trial.experiment_id is None else session.get(Experiment, trial.experiment_id)
        if experiment is not None and experiment.status is not ExperimentStatus.COMPLETED:
            experiment.status, experiment.error_message = ExperimentStatus.CANCELLED, STOPPED
            experiment.finished_at = now
    session.flush()
    assert isinstance(campaign, Campaign)  # noqa: S101 - the kind says so
    refresh_best(session, campaign)


def refresh_best(session: Session, campaign: Campaign) -> None:
    """Count a campaign's ended trials anew, and find the best of those that were completed and are stored."""
    trials: Any = HPOTrial if isinstance(campaign, HPOCampaign) else NASTrial
    metric = get_metric(campaign)
    order = trials.value.desc() if metric_direction(metric) == "max" else trials.value
    # Of architectures that score alike the one with the fewest parameters is the best.
    cheaper = (NASTrial.num_parameters,) if trials is NASTrial else ()
    best = session.scalar(
        select(trials)
        .where(
            trials.campaign_id == campaign.id,
            trials.state == TrialState.COMPLETED,
            trials.value.is_not(None),
            trials.experiment_id.is_not(None),
        )
        .order_by(order, *cheaper, trials.trial_number)
        .limit(1)
    )
    experiment_id = None if best is None else best.experiment_id
    if best is None or metric == "val_accuracy":  # an imported one may have measured it once, not by epoch
        campaign.best_accuracy = None if best is None else best.value
    else:
        campaign.best_accuracy = _accuracy(session, best.experiment_id)
    if isinstance(campaign, NASCampaign):
        campaign.best_trial_id = None if best is None else best.id
        return
    campaign.best_experiment_id = experiment_id
    ended = select(func.count()).where(trials.campaign_id == campaign.id, trials.state != TrialState.RUNNING)
    campaign.trials_completed = session.scalar(ended) or 0


def _accuracy(session: Session, experiment_id: int) -> float | None:
    """Return the validation accuracy of the epoch whose weights were kept."""
    return session.scalar(
        select(TrainingRun.val_accuracy)
        .join(Experiment, Experiment.id == TrainingRun.experiment_id)
        .where(Experiment.id == experiment_id, TrainingRun.epoch == Experiment.best_epoch)
    )


def keep_notebook(session: Session, claim: Claim, file: ArtifactFile) -> None:
    """Enter a campaign's executed notebook in the place of the one before."""
    hold_claim(session, claim)
    campaign = _get_campaign(session, claim)
    if campaign.notebook_id == file.id:
        return  # entered by a first try whose commit went unanswered
    if campaign.notebook_id is not None:
        session.execute(delete(Artifact).where(Artifact.id == campaign.notebook_id))
        after_commit(session, partial(artifacts.delete, campaign.notebook_id))
    session.add(Artifact(**asdict(file)))
    session.flush()
    campaign.notebook_id = file.id


def spend(session: Session, claim: Claim, seconds: float) -> tuple[str, dict[str, Any]]:
    """Note the time a campaign was at work; return its status and its specification as they stand now."""
    status = hold_claim(session, claim)
    campaign = _get_campaign(session, claim)
    session.refresh(campaign)
    campaign.spent_seconds = seconds
    return status, campaign.config


def list_trials(session: Session, claim: Claim) -> list[TrialRow]:
    """List all trials of a claimed campaign, by number, each with what its epochs measured."""
    return read_trial_rows(session, _get_campaign(session, claim))


def read_trial_rows(session: Session, campaign: Campaign) -> list[TrialRow]:
    """Return all trials of a campaign, by number, each with what its epochs measured."""
    trials: Any = HPOTrial if isinstance(campaign, HPOCampaign) else NASTrial
    rows = session.execute(
        select(trials, Experiment.status)
        .outerjoin(Experiment, Experiment.id == trials.experiment_id)
        .where(trials.campaign_id == campaign.id)
        .order_by(trials.trial_number)
    ).all()
    reports = read_reports(session, [trial.experiment_id for trial, _ in rows], get_metric(campaign))
    return [
        TrialRow(
            number=trial.trial_number,
            experiment_id=trial.experiment_id,
            state=trial.state.value,
            experiment_status=None if status is None else str(status),
            parameters=trial.parameters,
            value=trial.value,
            epochs=trial.epochs,
            attrs=trial.attrs,
            reports=reports.get(trial.experiment_id, {}),
            started_at=trial.started_at,
            finished_at=trial.finished_at,
        )
        for trial, status in rows
    ]


def finish_campaign(session: Session, claim: Claim) -> None:
    """Complete a campaign that still runs, or fail it where none of its trials was completed."""
    status = hold_claim(session, claim)
    if status == "cancelled":
        end_resting(session, claim.kind, claim.row_id)
    if status != "running":
        return
    trials = list_trials(session, claim)
    if any(trial.state == TrialState.COMPLETED for trial in trials):
        complete_run(session, claim)
    else:
        fail_run(session, claim, _tell_failure(trials))


def _tell_failure(trials: list[TrialRow]) -> str:
    if not trials:
        return "its budget allowed no trial; extend it"
    return f"none of its {len(trials)} trials was completed; each says why"


def read_reports(
    session: Session, experiment_ids: list[int | None], metric: str
) -> dict[int | None, dict[int, float]]:
    """Return a metric by epoch of each experiment that measured it."""
    found: dict[int | None, dict[int, float]] = {}
    ids = [each for each in experiment_ids if each is not None]
    column = getattr(TrainingRun, metric, None)
    for begin in range(0, len(ids), BATCH):
        chosen = select(
            TrainingRun.experiment_id, TrainingRun.epoch, TrainingRun.metrics if column is None else column
        ).where(TrainingRun.experiment_id.in_(ids[begin : begin + BATCH]))
        for experiment_id, epoch, told in session.execute(chosen.order_by(TrainingRun.id)):
            value = told.get(metric) if column is None else told
            if value is not None:
                found.setdefault(experiment_id, {})[epoch] = value
    return found


def get_metric(campaign: Campaign) -> str:
    """Return the metric that a campaign looks for."""
    return str(campaign.config.get("budget", {}).get("metric", "val_accuracy"))


def best_of(values: Any, metric: str) -> float | None:
    """Return the best of some values of a metric; None where there are none."""
    chosen: float | None = (max if metric_direction(metric) == "max" else min)(values, default=None)
    return chosen


def _get_campaign(session: Session, claim: Claim) -> Campaign:
    row = get_run(session, claim.kind, claim.row_id)
    assert isinstance(row, Campaign)  # noqa: S101 - the claim's kind says so
    return row


def _get_trial(session: Session, claim: Claim, number: int) -> Trial:
    trials = TRIALS[claim.kind]
    row: Trial | None = session.scalar(
        select(trials).where(trials.campaign_id == claim.row_id, trials.trial_number == number)
    )
    if row is None:
        raise SupersededError(f"trial {number} of {claim.kind.value} {claim.row_id} was deleted")
    return row
