import pytest
from sqlalchemy import func, select, text

from core.clock import utc_now
from core.errors import ConflictError, ForbiddenError, NotFoundError, SupersededError
from core.models import (
    Artifact,
    Experiment,
    ExperimentMetric,
    ExperimentParameter,
    ExperimentStatus,
    ExperimentTag,
    Explanation,
    HPOCampaign,
    HPOMethod,
    NASCampaign,
    NASTrial,
    SealedPart,
    SealedRemoval,
    Tag,
    TrainingRun,
)
from core.services.experiment_deletion import delete_experiments, plan_deletion
from core.services.experiments import Epoch, create_experiment, record_epochs
from core.services.jobs import JobKind, claim_run
from core.specs import TrainingSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
THEIRS = (
    TrainingRun,
    ExperimentMetric,
    ExperimentParameter,
    ExperimentTag,
    Explanation,
    Artifact,
    Experiment,
)


def epoch(number):
    return Epoch(
        epoch=number, train_loss=0.5, train_accuracy=0.75, val_loss=None, val_accuracy=0.5,
        learning_rate=0.01, duration_seconds=0.1, metrics={},
    )  # fmt: skip


def add(actor, status="completed", name=None, epochs=3):
    """Store an experiment with epochs, a file, an explanation and two tags; return it and its claim."""
    with session_scope() as session:
        row = create_experiment(
            session, actor, TrainingSpec(dataset="rig"), name, notes="a rare word: xylophone"
        )
        claim = claim_run(session, JobKind.TRAINING, row.id, worker="host:1")
        record_epochs(session, claim, [epoch(n + 1) for n in range(epochs)])
        with artifacts.writing() as draft:
            draft.path.write_bytes(b"0123456789")
        session.add_all(
            [
                Artifact(
                    id=draft.artifact_id, experiment_id=row.id, kind="notebook", name="n", media_type="m",
                    size_bytes=draft.size, sha256=draft.sha256,
                ),
                Explanation(experiment_id=row.id, signal_id="s", method="saliency", created_by=actor.user_id),
                *(ExperimentTag(experiment_id=row.id, tag_id=tag.id) for tag in tags(session)),
            ]
        )  # fmt: skip
        session.refresh(row)
        row.status = ExperimentStatus(status)
        return row.id, claim


def tags(session):
    stored = session.scalars(select(Tag)).all()
    if not stored:
        stored = [Tag(name=name, slug=name, usage_count=0) for name in ("one", "two")]
        session.add_all(stored)
    for tag in stored:
        tag.usage_count += 1
    session.flush()
    return stored


def do(act, *args):
    with session_scope() as session:
        return act(session, *args)


def count(model):
    with read_scope() as session:
        return session.scalar(select(func.count()).select_from(model))


def files(home):
    return sorted(path.name for path in (home / "artifacts").rglob("*") if path.is_file())


@BOTH
def test_all_that_is_an_experiments_goes_and_all_of_others_stays(home, researcher, dataset):
    kept, gone = [[add(researcher)[0] for _ in range(2)] for _ in range(2)]
    before = {model: count(model) for model in THEIRS}
    assert len(files(home)) == 4
    assert do(delete_experiments, researcher, gone) == 2
    assert {model: count(model) for model in THEIRS} == {model: n // 2 for model, n in before.items()}
    with read_scope() as session:
        assert session.scalars(select(Experiment.id).order_by(Experiment.id)).all() == kept
        named = sorted(session.scalars(select(Artifact.id)))
        assert set(session.scalars(select(TrainingRun.experiment_id))) == set(kept)
        assert session.scalars(select(Tag.usage_count)).all() == [2, 2]
        removed = session.execute(select(SealedRemoval.experiment_id, SealedRemoval.after_epoch)).all()
    assert files(home) == named
    assert sorted(removed) == [(each, 0) for each in gone]


@BOTH
def test_deleted_notes_are_found_by_no_search(database, researcher, dataset):
    gone, _ = add(researcher)
    found = {
        "sqlite": "SELECT count(*) FROM experiment_words WHERE experiment_words MATCH 'xylophone'",
        "postgresql": "SELECT count(*) FROM experiments WHERE search_vector @@ 'xylophone'::tsquery",
    }[database.partition(":")[0].partition("+")[0]]
    with read_scope() as session:
        assert session.scalar(text(found)) == 1
    do(delete_experiments, researcher, [gone])
    with read_scope() as session:
        assert session.scalar(text(found)) == 0


@BOTH
def test_plan_tells_what_the_deletion_then_takes(researcher, dataset, monkeypatch):
    monkeypatch.setattr("core.services.experiment_deletion.AT_ONCE", 2)
    ids = [add(researcher)[0] for _ in range(3)]
    with session_scope() as session:
        second = session.scalars(select(TrainingRun.id).order_by(TrainingRun.id)).all()[1]
        session.add(
            SealedPart(
                log="training_runs", first_id=1, last_id=second, num_rows=2, size_bytes=9, sha256="0" * 64
            )
        )
    with read_scope() as session:
        plan = plan_deletion(session, researcher, reversed(ids))
    assert plan.steps == ((ids[0], ids[1]), (ids[2],))
    assert (plan.experiments, plan.artifacts, plan.artifact_bytes, plan.sealed_rows) == (3, 3, 30, 2)
    assert plan.rows == {model.__tablename__: count(model) for model in THEIRS}
    for step in plan.steps:
        do(delete_experiments, researcher, step)
    assert [count(model) for model in THEIRS] == [0] * len(THEIRS)


@BOTH
def test_files_go_only_once_the_rows_are_gone_for_good(home, researcher, dataset):
    kept, _ = add(researcher)

    def delete_and_fail():
        with session_scope() as session:
            delete_experiments(session, researcher, [kept])
            assert len(files(home)) == 1
            raise TimeoutError

    with pytest.raises(TimeoutError):
        delete_and_fail()
    assert (len(files(home)), count(Artifact), count(Experiment)) == (1, 1, 1)


@BOTH
def test_searches_keep_their_figures_and_name_no_experiment_that_is_gone(researcher, dataset):
    best, _ = add(researcher)
    with session_scope() as session:
        row = session.get_one(Experiment, best)
        campaign = HPOCampaign(
            name="c", method=HPOMethod.BAYESIAN, base_model_type="wdcnn", dataset_id=row.dataset_id,
            search_space={}, budget={}, best_experiment_id=best, best_accuracy=0.9,
            created_by=researcher.user_id,
        )  # fmt: skip
        search = NASCampaign(
            name="n", dataset_id=row.dataset_id, search_algorithm="random", num_trials=1,
            max_epochs_per_trial=1, search_space_config={}, created_by=researcher.user_id,
        )  # fmt: skip
        search.trials.append(
            NASTrial(trial_number=1, architecture={}, architecture_hash="h", experiment_id=best)
        )
        session.add_all([campaign, search])
        session.flush()
        row.hpo_campaign_id = campaign.id
    do(delete_experiments, researcher, [best])
    with read_scope() as session:
        left = session.scalars(select(HPOCampaign)).one()
        assert (left.best_experiment_id, left.best_accuracy) == (None, 0.9)
        assert session.scalars(select(NASTrial)).one().experiment_id is None


@BOTH
@pytest.mark.parametrize("act", [plan_deletion, delete_experiments])
@pytest.mark.parametrize("status", ["pending", "running", "paused"])
def test_what_may_still_go_on_refuses_the_deletion_of_all(researcher, dataset, act, status):
    ended, busy = add(researcher)[0], add(researcher, status, "busy")[0]
    with pytest.raises(ConflictError, match=rf"experiment {busy} \(busy\) is {status}"):
        do(act, researcher, [ended, busy])
    assert count(Experiment) == 2


def test_paused_one_goes_once_it_is_archived_and_its_worker_writes_no_more(home, researcher, dataset):
    paused, claim = add(researcher, "paused")
    with session_scope() as session:
        session.get_one(Experiment, paused).archived_at = utc_now()
    assert do(delete_experiments, researcher, [paused]) == 1
    with pytest.raises(SupersededError):
        do(record_epochs, claim, [epoch(4)])
    assert (count(TrainingRun), count(Experiment), files(home)) == (0, 0, [])


@pytest.mark.parametrize("act", [plan_deletion, delete_experiments])
def test_others_and_missing_ones_refuse_all(make_actor, researcher, dataset, act):
    mine, theirs = add(researcher)[0], add(make_actor("stranger"), name="theirs")[0]
    with pytest.raises(ForbiddenError, match=rf"experiment {theirs} \(theirs\) belongs to another user"):
        do(act, researcher, [mine, theirs])
    with pytest.raises(NotFoundError, match="there is no experiment 99"):
        do(act, researcher, [mine, 99])
    with pytest.raises(ForbiddenError, match="your role is viewer"):
        do(act, make_actor("guest", "viewer"), [mine])
    assert count(Experiment) == 2


@BOTH
def test_number_of_a_deleted_experiment_is_given_to_no_other(researcher, dataset):
    gone, _ = add(researcher)
    do(delete_experiments, researcher, [gone])
    assert add(researcher)[0] > gone
