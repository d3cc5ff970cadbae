from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.models import (
    APIKey,
    APIRequestLog,
    APIUsage,
    Artifact,
    Base,
    Dataset,
    EmailLog,
    Experiment,
    ExperimentTag,
    Explanation,
    HPOCampaign,
    HPOMethod,
    NASCampaign,
    NASTrial,
    SavedSearch,
    SessionLog,
    Signal,
    Tag,
    TrainingRun,
    User,
)

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def owner(session: Session) -> User:
    owner = User(username="owner")
    session.add(owner)
    session.flush()
    return owner


@pytest.fixture
def experiment(session: Session, owner: User) -> Experiment:
    dataset = Dataset(name="d", created_by=owner.id)
    experiment = Experiment(name="e", model_type="wdcnn", dataset=dataset, created_by=owner.id)
    session.add(experiment)
    session.flush()
    return experiment


def count(session: Session, model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def delete(session: Session, row: Base) -> None:
    """Delete a row as a fresh session would, with none of its children loaded."""
    session.flush()
    session.expire_all()
    session.delete(row)
    session.flush()


def test_user_takes_what_is_private_along_and_leaves_the_logs(session: Session) -> None:
    user = User(username="leaver")
    key = APIKey(key_hash="h", name="n", prefix="p", rate_limit=60)
    key.usage_records.append(APIUsage(endpoint="/", method="GET", status_code=200, response_time_ms=1))
    user.api_keys.append(key)
    user.sessions.append(SessionLog(session_token="t", expires_at=NOW))  # noqa: S106 - a value of a test
    user.saved_searches.append(SavedSearch(name="n", query="q"))
    user.email_logs.append(EmailLog(recipient_email="a@b.c", event_type="e", subject="s"))
    session.add(user)
    delete(session, user)
    assert [count(session, model) for model in (APIKey, APIUsage, SessionLog, SavedSearch)] == [0, 0, 0, 0]
    assert session.scalars(select(EmailLog)).one().user_id is None


def test_key_leaves_its_request_log(session: Session, owner: User) -> None:
    key = APIKey(user=owner, key_hash="h", name="n", prefix="p", rate_limit=60)
    log = APIRequestLog(endpoint="/", method="GET", status_code=200, request_time=NOW, response_time_ms=1.5)
    key.request_logs.append(log)
    session.add(key)
    delete(session, key)
    assert session.scalars(select(APIRequestLog)).one().api_key_id is None


def test_experiment_takes_its_epochs_tags_explanations_and_artifacts(
    session: Session, owner: User, experiment: Experiment
) -> None:
    experiment.training_runs.append(TrainingRun(epoch=1))
    experiment.experiment_tags.append(ExperimentTag(tag=Tag(name="t", slug="t")))
    experiment.explanations.append(Explanation(signal_id="s", method="saliency", created_by=owner.id))
    experiment.artifacts.append(
        Artifact(kind="onnx", name="n", media_type="m", size_bytes=1, sha256="0" * 64)
    )
    delete(session, experiment)
    assert [count(session, model) for model in (TrainingRun, ExperimentTag, Explanation, Artifact)] == [0] * 4
    assert count(session, Tag) == 1


@pytest.mark.parametrize("child", ["experiment", "signal"])
def test_data_set_in_use_is_not_deleted(session: Session, experiment: Experiment, child: str) -> None:
    dataset = experiment.dataset
    if child == "signal":
        session.delete(experiment)
        dataset.signals.append(
            Signal(
                signal_id="s",
                fault_class="healthy",
                severity="nominal",
                file_path="f",
                sampling_rate_hz=12e3,
                num_samples=4_000_000_000,
                channel="DE",
                checksum="c",
            )
        )
    with pytest.raises(IntegrityError):
        delete(session, dataset)


def test_architecture_search_goes_with_its_data_set_and_leaves_the_trained_experiment(
    session: Session, owner: User, experiment: Experiment
) -> None:
    other = Dataset(name="other", created_by=owner.id)
    campaign = NASCampaign(
        name="n",
        dataset=other,
        search_algorithm="random",
        num_trials=1,
        max_epochs_per_trial=1,
        search_space_config={},
        created_by=owner.id,
    )
    campaign.trials.append(
        NASTrial(trial_number=1, architecture={}, architecture_hash="h", experiment=experiment)
    )
    campaign.best_trial = campaign.trials[0]
    session.add(campaign)
    delete(session, other)
    assert (count(session, NASCampaign), count(session, NASTrial), count(session, Experiment)) == (0, 0, 1)


def test_search_and_its_best_experiment_point_at_each_other_and_part(
    session: Session, owner: User, experiment: Experiment
) -> None:
    campaign = HPOCampaign(
        name="h",
        method=HPOMethod.BAYESIAN,
        base_model_type="wdcnn",
        dataset_id=experiment.dataset_id,
        search_space={},
        budget={},
        created_by=owner.id,
    )
    campaign.experiments.append(experiment)
    campaign.best_experiment = experiment
    session.add(campaign)
    delete(session, campaign)
    assert session.scalars(select(Experiment)).one().hpo_campaign_id is None


def test_epoch_is_recorded_once(session: Session, experiment: Experiment) -> None:
    experiment.training_runs.extend([TrainingRun(epoch=1), TrainingRun(epoch=1)])
    with pytest.raises(IntegrityError):
        session.flush()
