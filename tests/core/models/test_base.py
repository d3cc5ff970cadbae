import json
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from core.models import (
    APIKey,
    Dataset,
    Experiment,
    ExperimentStatus,
    Tag,
    TrainingRun,
    User,
    WebhookConfiguration,
)

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@BOTH
def test_moment_comes_back_aware_in_utc(session: Session) -> None:
    noon_in_india = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5.5)))
    session.add(User(username="a", password_changed_at=noon_in_india))
    session.commit()
    session.expunge_all()
    stored = session.scalars(select(User.password_changed_at)).one()
    assert stored == noon_in_india
    assert stored is not None
    assert stored.tzinfo is UTC or stored.utcoffset() == timedelta(0)
    assert session.scalars(select(User).where(User.password_changed_at == noon_in_india)).one()
    assert session.scalars(select(User).where(User.password_changed_at > noon_in_india)).all() == []


@BOTH
def test_naive_moment_is_refused(session: Session) -> None:
    session.add(User(username="a", password_changed_at=datetime(2026, 3, 1)))  # noqa: DTZ001 - that is the case
    with pytest.raises(StatementError, match="has no timezone"):
        session.flush()


@BOTH
def test_update_moves_updated_at_only(session: Session) -> None:
    tag = Tag(name="a", slug="a")
    session.add(tag)
    session.flush()
    created, updated = tag.created_at, tag.updated_at
    tag.name = "b"
    session.flush()
    assert tag.created_at == created
    assert tag.updated_at > updated


@BOTH
def test_status_is_stored_by_its_value(session: Session) -> None:
    add_experiment(session, status=ExperimentStatus.CANCELLED)
    assert session.execute(text("SELECT status FROM experiments")).scalar() == "cancelled"
    session.expunge_all()
    assert session.scalars(select(Experiment.status)).one() is ExperimentStatus.CANCELLED


def test_unknown_status_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="'done' is not among the defined enum values"):
        add_experiment(session, status="done")


@BOTH
def test_absent_json_is_null_in_sql(session: Session) -> None:
    add_experiment(session, audit=None)
    assert session.execute(text("SELECT count(*) FROM experiments WHERE audit IS NULL")).scalar() == 1


@BOTH
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_holds_null_never_nan(session: Session, number: float) -> None:
    add_experiment(session, metrics={"ece": number, "evaluation": {"per_class": [{"f1": number}, 0.5]}})
    session.expunge_all()
    stored = session.execute(text("SELECT CAST(metrics AS text) FROM experiments")).scalar_one()
    assert json.loads(stored, parse_constant=pytest.fail)["evaluation"] == {"per_class": [{"f1": None}, 0.5]}
    assert session.scalars(select(Experiment.metrics)).one()["ece"] is None


@BOTH
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_of_both_kinds_holds_null_never_nan(session: Session, number: float) -> None:
    hook = WebhookConfiguration(provider_type="slack", webhook_url="https://h", name="n")
    hook.settings = {"after": [number]}
    session.add(User(username="a", webhook_configurations=[hook]))
    session.flush()
    session.expunge_all()
    assert session.scalars(select(WebhookConfiguration.settings)).one() == {"after": [None]}


@BOTH
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_measured_number_is_null_never_nan(session: Session, number: float) -> None:
    row = add_experiment(session, duration_seconds=number)
    session.add(TrainingRun(experiment_id=row.id, epoch=1, train_loss=number, val_loss=0.25))
    session.flush()
    found = session.execute(
        text(
            "SELECT e.duration_seconds, t.train_loss, t.val_loss FROM experiments e"
            " JOIN training_runs t ON t.experiment_id = e.id"
        )
    )
    assert tuple(found.one()) == (None, None, 0.25)


@BOTH
def test_scopes_and_settings_keep_their_shape(session: Session) -> None:
    user = User(username="a")
    user.api_keys.append(APIKey(key_hash="h", name="n", prefix="p", scopes=["read", "run"], rate_limit=60))
    hook = WebhookConfiguration(
        provider_type="slack",
        webhook_url="https://h",
        name="n",
        enabled_events=["a"],
        settings={"b": [1, None]},
    )
    user.webhook_configurations.append(hook)
    session.add(user)
    session.commit()
    session.expunge_all()
    assert session.scalars(select(APIKey.scopes)).one() == ["read", "run"]
    stored = session.scalars(select(WebhookConfiguration)).one()
    assert (stored.enabled_events, stored.settings) == (["a"], {"b": [1, None]})


def test_secrets_are_loaded_only_when_asked_for(session: Session) -> None:
    session.add(User(username="a", password_hash="hash", totp_secret="secret"))  # noqa: S106 - values of a test
    session.commit()
    session.expunge_all()
    unloaded = inspect(session.scalars(select(User)).one()).unloaded
    assert {"password_hash", "totp_secret"} <= unloaded


def add_experiment(session: Session, **values: object) -> Experiment:
    user = User(username="owner")
    session.add(user)
    session.flush()
    dataset = Dataset(name="d", created_by=user.id)
    experiment = Experiment(name="e", model_type="wdcnn", dataset=dataset, created_by=user.id, **values)
    session.add(experiment)
    session.flush()
    return experiment
