"""Trials that were made elsewhere with Optuna, as experiments and as trials of a campaign."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from core.campaign_specs import HPOMethod
from core.clock import seconds_between
from core.models import HPOCampaign, TrialState
from core.services.experiment_history import History

# What a sampler or pruner of Optuna's leaves at a trial tells which one it was.
_MARKS = {
    "completed_rung_": HPOMethod.HYPERBAND,
    "grid_id": HPOMethod.GRID_SEARCH,
    "tpe:": HPOMethod.BAYESIAN,
}
_EXPERIMENT_STATUS = {
    TrialState.COMPLETED: "completed",
    TrialState.PRUNED: "cancelled",
    TrialState.FAILED: "failed",
}


class ForeignTrial(Protocol):
    """A trial as its study tells of it; PastTrial of the learning side is one."""

    @property
    def number(self) -> int: ...
    @property
    def values(self) -> Mapping[str, Any]: ...
    @property
    def state(self) -> Literal["running", "completed", "pruned", "failed"]: ...
    @property
    def value(self) -> float | None: ...
    @property
    def reports(self) -> Mapping[int, float]: ...
    @property
    def attrs(self) -> Mapping[str, Any]: ...
    @property
    def began_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...


def judge(trial: ForeignTrial) -> tuple[TrialState, float | None]:
    """Return how a trial ended and its value; a completed one without a finite value has failed."""
    value = trial.value if trial.value is not None and math.isfinite(trial.value) else None
    if trial.state == "completed" and value is None:
        return TrialState.FAILED, None
    return TrialState(trial.state), value


def _tell_reason(trial: ForeignTrial) -> str | None:
    state, _ = judge(trial)
    if state is TrialState.PRUNED:
        return (
            f"the study pruned it after step {max(trial.reports)}" if trial.reports else "the study pruned it"
        )
    if trial.state == "completed" and state is TrialState.FAILED:
        return f"its value is {trial.value}, which is no finite number"
    return "it failed in the study, which does not say why" if state is TrialState.FAILED else None


def tell_history(
    campaign: HPOCampaign, dataset: str, study: str, metric: str, trial: ForeignTrial
) -> History:
    """Return a trial as an experiment that is over; its reports are the epochs of the metric."""
    state, value = judge(trial)
    steps = sorted(trial.reports)
    reports: dict[str, list[float]] = {}
    if steps:
        reports = {"epoch": list(map(float, steps)), metric: [trial.reports[step] for step in steps]}
    return History(
        name=f"{campaign.name[:180]} trial {trial.number}",
        dataset=dataset,
        hyperparameters=dict(trial.values),
        metrics={} if value is None else {metric: value},
        epochs=reports,
        status=_EXPERIMENT_STATUS[state],
        started_at=trial.began_at,
        finished_at=trial.ended_at,
        error_message=_tell_reason(trial),
        config={"import": {"program": "optuna", "study": study, "trial": trial.number}},
        hpo_campaign_id=campaign.id,
    )


def tell_trial(campaign: HPOCampaign, trial: ForeignTrial, experiment_id: int) -> dict[str, Any]:
    """Return the columns of a trial of the campaign."""
    state, value = judge(trial)
    return {
        "campaign_id": campaign.id,
        "experiment_id": experiment_id,
        "trial_number": trial.number,
        "state": state,
        "parameters": dict(trial.values),
        "value": value,
        "epochs": len(trial.reports),  # steps may begin anywhere and leave some out
        "attrs": {key: noted for key, noted in trial.attrs.items() if key.startswith(tuple(_MARKS))},
        "started_at": trial.began_at,
        "finished_at": trial.ended_at,
        "reason": _tell_reason(trial),
    }


def find_method(trials: Sequence[ForeignTrial]) -> HPOMethod | None:
    """Return how the trials were chosen, as far as they tell."""
    keys = {key for trial in trials for key in trial.attrs}
    found = (method for mark, method in _MARKS.items() if any(key.startswith(mark) for key in keys))
    return next(found, None)


def list_times(trials: Sequence[ForeignTrial]) -> Iterator[tuple[datetime, datetime]]:
    """Go through beginning and end of the trials that have both."""
    for trial in trials:
        if trial.began_at is not None and trial.ended_at is not None:
            yield trial.began_at, trial.ended_at


def sum_union(times: Sequence[tuple[datetime, datetime]]) -> float:
    """Return how many seconds at least one trial ran, of times in the order of their beginnings."""
    seconds, until = 0.0, times[0][0]
    for began, ended in times:
        if ended > until:
            seconds += seconds_between(max(began, until), ended)
            until = ended
    return seconds
