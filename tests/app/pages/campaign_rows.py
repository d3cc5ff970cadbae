"""Campaigns as a search would leave them, written through services and storage."""

from datetime import timedelta

from sqlalchemy import select

from core.campaign_specs import Budget, CampaignSpec, HPOMethod
from core.clock import utc_now
from core.learning.studies import PastTrial
from core.models import Dataset, ExperimentStatus, HPOCampaign, HPOTrial, TrialState
from core.search_spaces import FloatRange
from core.services.campaigns import create_campaign
from core.services.experiments import record_epochs
from core.services.study_imports import import_study
from core.services.users import get_local_actor
from core.specs import SplitKind, SplitSpec, TrainingSpec
from core.storage.database import session_scope
from tests.app.pages.experiment_rows import add_dataset, epoch_of, start_experiment

SPACE = {
    "lr": {"type": "float", "min": 1e-4, "max": 1e-1, "log": True},
    "width": {"type": "categorical", "choices": [4, 8, 16]},
    "optimizer": {"type": "categorical", "choices": ["adam", "sgd"]},
}


def add_campaign(
    trials: int = 0, *, method: str = "random_search", status: str = "running", metric: str = "val_accuracy"
) -> int:
    """Store a campaign with so many trials; every third was pruned after its second epoch."""
    with session_scope() as session:
        if session.scalar(select(Dataset).where(Dataset.name == "cwru")) is None:
            add_dataset(session)
        actor = get_local_actor(session, via="cli")
        spec = CampaignSpec(
            base=TrainingSpec(
                dataset="cwru", channel="DE", split=SplitSpec(kind=SplitKind.BY_RECORD), epochs=4
            ),
            method=HPOMethod(method),
            space=SPACE,
            budget=Budget(max_trials=60, metric=metric),
        )
        campaign_id = create_campaign(session, actor, spec).id
        set_status(campaign_id, status, session)
    for number in range(trials):
        add_trial(campaign_id, number)
    return campaign_id


def add_study(trials: int) -> int:
    """Store a study that Optuna carried out elsewhere."""
    with session_scope() as session:
        if session.scalar(select(Dataset).where(Dataset.name == "cwru")) is None:
            add_dataset(session)
        past = [
            PastTrial(n, {"lr": 0.001 * (n + 1)}, "completed", 0.9 - n / 100, {1: 0.5, 2: 0.9 - n / 100}, {})
            for n in range(trials)
        ]
        return import_study(
            session,
            get_local_actor(session, via="cli"),
            dataset="cwru",
            name="theirs",
            metric="val_accuracy",
            direction="max",
            space={"lr": FloatRange(min=1e-4, max=1e-1, log=True)},
            trials=past,
        ).id


def set_status(campaign_id: int, status: str, session=None) -> None:
    """Have a campaign stand as its worker would have left it."""
    if session is None:
        with session_scope() as own:
            set_status(campaign_id, status, own)
        return
    row = session.get(HPOCampaign, campaign_id)
    row.status, row.started_at = ExperimentStatus(status), utc_now()


def add_trial(campaign_id: int, number: int) -> None:
    """Store a trial that has ended, with an experiment and its epochs."""
    is_pruned = number % 3 == 2
    last = 2 if is_pruned else 4
    with session_scope() as session:
        row, claim = start_experiment(session, name=f"campaign {campaign_id} trial {number}", epochs=4)
        record_epochs(session, claim, [epoch_of(epoch, 4) for epoch in range(1, last + 1)])
        began = utc_now() + timedelta(seconds=10 * (number // 2))
        session.add(
            HPOTrial(
                campaign_id=campaign_id,
                experiment_id=row.id,
                trial_number=number,
                state=TrialState.PRUNED if is_pruned else TrialState.COMPLETED,
                parameters={
                    "lr": 1e-4 * 10 ** (3 * (number * 7 % 20) / 20),
                    "width": (4, 8, 16)[number % 3],
                    "optimizer": ("adam", "sgd")[number % 2],
                },
                value=0.6 + 0.01 * (number * 7 % 20),
                epochs=last,
                worker=f"host:{number % 2}",
                started_at=began,
                finished_at=began + timedelta(seconds=2 * last),
                reason="not among the best 1 in 3" if is_pruned else None,
            )
        )
        campaign = session.get(HPOCampaign, campaign_id)
        campaign.best_experiment_id, campaign.best_accuracy = row.id, 0.9
