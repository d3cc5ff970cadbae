"""Forty experiments of two owners that differ in all that is counted, grouped and sorted."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest

from core.clock import utc_now
from core.models import (
    Dataset,
    Experiment,
    ExperimentSource,
    ExperimentStatus,
    ExperimentTag,
    HPOCampaign,
    HPOMethod,
    Tag,
)
from core.services.epoch_rows import insert_epochs
from core.services.parameter_rows import insert_parameters
from core.services.summaries import summarise_figures
from core.storage.database import session_scope

COUNT = 40
STATUSES = ("completed", "failed", "running", "completed")


@dataclass(frozen=True)
class Made:
    """What is known of one of them without asking the database."""

    id: int
    name: str
    status: str
    model: str
    dataset: str
    split: str
    owner: str
    source: str
    tags: frozenset[str]
    campaign: str | None
    parameters: dict[str, float | str]
    accuracy: list[float]  # by epoch
    test_accuracy: float | None
    archived: bool


@pytest.fixture
def made(make_actor) -> list[Made]:
    """All of them, in the order of their ids."""
    rng, now = np.random.default_rng(7), utc_now()
    owners = [make_actor("ann"), make_actor("bob")]
    with session_scope() as session:
        datasets = [Dataset(name=name, created_by=owners[0].user_id) for name in ("rig", 'x"y, z')]
        tags = [Tag(name=name, slug=name.replace(" ", "-"), usage_count=0) for name in ("a", "to do", "c")]
        session.add_all([*datasets, *tags])
        session.flush()
        campaign = HPOCampaign(
            name="wide", method=HPOMethod.RANDOM_SEARCH, base_model_type="wdcnn", search_space={}, budget={},
            dataset_id=datasets[0].id, created_by=owners[0].user_id,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        made = []
        for n in range(COUNT):
            pick = [int(rng.integers(size)) for size in (4, 2, 2, 3, 2, 3, 4)]
            owner, dataset = owners[pick[1]], datasets[pick[2]]
            parameters = {"lr": [0.1, 1e-3, 0.5][pick[3]], "optimizer": ["sgd", "adam"][pick[4]], "seed": n}
            if n % 5 == 0:
                parameters["dropout"] = "none" if n % 2 else 0.5
            row = Experiment(
                name=f"run {n}", model_type=["wdcnn", "resnet1d"][pick[4]], dataset_id=dataset.id,
                status=ExperimentStatus(STATUSES[pick[0]]), config={"private": "x" * 500},
                hyperparameters=parameters, total_epochs=4, created_by=owner.user_id,
                split=[None, "by_load", "by_record"][pick[5]],
                source=ExperimentSource(["logged", "imported"][pick[2]]),
                notes=f"# Heading {n}\n\nbody" if n % 3 == 0 else None,
                archived_at=now if n % 10 == 9 else None, created_at=now - timedelta(minutes=n),
                hpo_campaign_id=campaign.id if n % 4 == 0 else None,
            )  # fmt: skip
            session.add(row)
            session.flush()
            borne = tags[: pick[6]]
            session.add_all(ExperimentTag(experiment_id=row.id, tag_id=tag.id) for tag in borne)
            insert_parameters(session.connection(), row.id, parameters)
            accuracy = [] if n % 7 == 3 else rng.uniform(0.3, 0.9, size=int(rng.integers(1, 5))).tolist()
            if accuracy:
                insert_epochs(
                    session.connection(), [_epoch(row.id, e + 1, a) for e, a in enumerate(accuracy)]
                )
            test = float(rng.uniform(0.3, 0.9)) if row.status == "completed" else None
            summarise_figures(session.connection(), row.id, {"test_accuracy": test})
            made.append(
                Made(
                    row.id, row.name, row.status.value, row.model_type, dataset.name, row.split or "",
                    ["ann", "bob"][pick[1]], row.source.value, frozenset(tag.name for tag in borne),
                    "wide" if n % 4 == 0 else None, parameters, accuracy, test, n % 10 == 9,
                )
            )  # fmt: skip
    return made


def _epoch(experiment_id: int, epoch: int, accuracy: float) -> dict[str, object]:
    blank = dict.fromkeys(("train_loss", "val_loss", "train_accuracy", "learning_rate", "duration_seconds"))
    now = {"metrics": {}, "created_at": utc_now(), "updated_at": utc_now()}
    return {"experiment_id": experiment_id, "epoch": epoch, "val_accuracy": accuracy} | blank | now
