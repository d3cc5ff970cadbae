"""Experiments that differ in all that a search looks at, as plain records and as rows of a database."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from core.models import (
    Dataset,
    Direction,
    Experiment,
    ExperimentMetric,
    ExperimentParameter,
    ExperimentSource,
    ExperimentStatus,
    ExperimentTag,
    HPOCampaign,
    HPOMethod,
    Tag,
    User,
)

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
MODELS = ("wdcnn", "resnet1d", "LSTM", "Transformer-XL")
DATASETS = ("cwru", "Paderborn 2016", "femto")
OWNERS = ("alice", "bob")
CAMPAIGNS = ("sweep one", "sweep-two")
SPLITS = ("by_bearing", "by_load", "random_windows")
TAGS = (("baseline", "baseline"), ("to check", "to-check"), ("Paper", "paper"), ("café", "cafe"))
OPTIMIZERS = ("adam", "adamw", "sgd", "true")
SAID = (
    "bearing",
    "load zone",
    "outer race",
    "Überlast",
    "café au lait",
    "envelope",
    "wdcnn",
    "98 percent",
    "a_b",
)
NUMBERS = (0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.95, 1.0, 64.0, -3.0)


@dataclass(slots=True)
class Record:
    """One experiment, as a search sees it."""

    id: int
    name: str
    model: str
    status: str
    source: str
    dataset: str
    owner: str
    created: datetime
    campaign: str | None = None
    split: str | None = None
    notes: str | None = None
    duration: float | None = None
    epochs: int | None = None
    archived: bool = False
    tags: set[str] = field(default_factory=set)
    metrics: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)  # best, last
    parameters: dict[str, float | str] = field(default_factory=dict)


def make_records(count: int, seed: int = 0) -> list[Record]:
    """Make so many records by chance."""
    rng = random.Random(seed)  # noqa: S311  # rows of a test
    return [_make_record(number, rng) for number in range(1, count + 1)]


def _make_record(number: int, rng: random.Random) -> Record:
    moment = NOW - timedelta(days=rng.choice([0, 0, 1, 2, 6, 8, 21, 40, 400]), minutes=rng.randrange(900))
    record = Record(
        id=number,
        name=f"{rng.choice(SAID)} {rng.choice(('run', 'Run', 'RÜN'))}-{number}",
        model=rng.choice(MODELS),
        status=rng.choice([member.value for member in ExperimentStatus]),
        source=rng.choice([member.value for member in ExperimentSource]),
        dataset=rng.choice(DATASETS),
        owner=rng.choice(OWNERS),
        created=moment,
        campaign=rng.choice([None, *CAMPAIGNS]),
        split=rng.choice([None, *SPLITS]),
        notes=rng.choice([None, "", " ".join(rng.sample(SAID, 3))]),
        duration=rng.choice([None, 12.5, 90.0, 3600.0, 7200.0]),
        epochs=rng.choice([None, 5, 50, 100]),
        archived=rng.random() < 0.15,
        tags={name for name, _ in TAGS if rng.random() < 0.3},
    )
    for name in ("val_accuracy", "val_loss", "train/loss"):
        if rng.random() < 0.8:
            record.metrics[name] = rng.choice([None, *NUMBERS]), rng.choice([None, *NUMBERS])
    for name, choices in (
        ("lr", NUMBERS), ("batch_size", (16.0, 32.0, 64.0)), ("optimizer", OPTIMIZERS),
        ("mixed", (1.0, 2.0, "two", "0.1", "auto")), ("val_accuracy", (0.5,)),
    ):  # fmt: skip
        if rng.random() < 0.8:
            record.parameters[name] = rng.choice(choices)
    return record


def store(session: Session, records: list[Record]) -> dict[str, int]:
    """Write the records into an empty database; return the owners' ids."""
    owners = {name: User(username=name, role="researcher") for name in OWNERS}
    session.add_all(owners.values())
    session.flush()
    maker = owners["alice"].id
    datasets = {name: Dataset(name=name, created_by=maker) for name in DATASETS}
    tags = {name: Tag(name=name, slug=slug, created_by=maker, usage_count=0) for name, slug in TAGS}
    session.add_all([*datasets.values(), *tags.values()])
    session.flush()
    campaigns = {
        name: HPOCampaign(
            name=name, method=HPOMethod.GRID_SEARCH, base_model_type="wdcnn", search_space={}, budget={},
            dataset_id=datasets["cwru"].id, created_by=maker,
        )
        for name in CAMPAIGNS
    }  # fmt: skip
    session.add_all(campaigns.values())
    session.flush()
    for each in records:
        session.add(
            Experiment(
                id=each.id, name=each.name, model_type=each.model, status=ExperimentStatus(each.status),
                source=ExperimentSource(each.source), dataset_id=datasets[each.dataset].id,
                created_by=owners[each.owner].id, created_at=each.created, split=each.split, notes=each.notes,
                hpo_campaign_id=each.campaign and campaigns[each.campaign].id,
                duration_seconds=each.duration, total_epochs=each.epochs,
                archived_at=NOW if each.archived else None,
            )
        )  # fmt: skip
    session.flush()
    for each in records:
        session.add_all(_beside(each, {name: tag.id for name, tag in tags.items()}))
    session.flush()
    return {name: user.id for name, user in owners.items()}


def _beside(
    each: Record, tags: dict[str, int]
) -> list[ExperimentTag | ExperimentMetric | ExperimentParameter]:
    return [
        *(ExperimentTag(experiment_id=each.id, tag_id=tags[name]) for name in sorted(each.tags)),
        *(
            ExperimentMetric(experiment_id=each.id, name=name, direction=Direction.MAX, best=best, last=last)
            for name, (best, last) in each.metrics.items()
        ),
        *(
            ExperimentParameter(
                experiment_id=each.id, name=name,
                number=value if isinstance(value, float) else None,
                text=value if isinstance(value, str) else None,
            )
            for name, value in each.parameters.items()
        ),
    ]  # fmt: skip
