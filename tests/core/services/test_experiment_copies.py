import pytest
from pydantic import ValidationError

from core.errors import ConflictError, ForbiddenError, InvalidInputError
from core.models import Experiment, ExperimentParameter, ExperimentSource
from core.services.experiment_copies import duplicate_experiment, run_again
from core.services.experiments import create_experiment
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope

SPEC = TrainingSpec(dataset="rig", seed=7, batch_size=32, model_options={"channels": 8})
BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def original(researcher, dataset):
    with session_scope() as session:
        return create_experiment(session, researcher, SPEC, notes="of the first one").id


def do(act, *args, **named):
    with session_scope() as session:
        return act(session, *args, **named).id


def spec_of(experiment_id):
    with read_scope() as session:
        return TrainingSpec.model_validate(session.get_one(Experiment, experiment_id).config)


@BOTH
def test_again_is_the_same_specification_and_seed_and_waits_for_a_worker(researcher, original, list_messages):
    again = do(run_again, researcher, original)
    assert again != original
    assert spec_of(again) == SPEC
    assert list_messages()[-1] == ("training", again)
    with read_scope() as session:
        row = session.get_one(Experiment, again)
        assert (row.status, row.notes, row.metrics, row.total_epochs) == ("pending", None, {}, SPEC.epochs)
        seed = session.get_one(ExperimentParameter, {"experiment_id": again, "name": "seed"})
        assert seed.number == 7


def test_again_with_another_seed_and_name_changes_nothing_else(researcher, original):
    again = do(run_again, researcher, original, seed=8, name="seed 8")
    assert spec_of(again) == SPEC.model_copy(update={"seed": 8})
    with read_scope() as session:
        assert session.get_one(Experiment, again).name == "seed 8"


@BOTH
def test_duplicate_takes_changes_by_path(researcher, original):
    changes = {
        "optimizer.learning_rate": 1e-3,
        "split.test_share": 0.5,
        "model_options.kernel": 64,
        "epochs": 3,
    }
    made = spec_of(do(duplicate_experiment, researcher, original, changes))
    assert (made.optimizer.learning_rate, made.split.test_share, made.epochs) == (1e-3, 0.5, 3)
    assert made.model_options == {"channels": 8, "kernel": 64}
    assert (made.seed, made.batch_size) == (7, 32)
    assert spec_of(original) == SPEC


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("optimizer.learning_rates", "no field .learning_rates. to change; did you mean .learning_rate.?"),
        ("optimiser.kind", "a specification has no field 'optimiser' to change; did you mean 'optimizer'"),
        ("epochs.most", "'epochs.most' reaches into 'epochs', which is one value"),
        ("__class__", "no field '__class__' to change; it has dataset, channel"),
        ("", "no field ''"),
    ],
)  # fmt: skip
def test_unknown_path_is_named_with_the_nearest(researcher, original, path, told):
    with pytest.raises(InvalidInputError, match=told):
        do(duplicate_experiment, researcher, original, {path: 1})
    with read_scope() as session:
        assert session.query(Experiment).count() == 1


def test_value_that_no_specification_takes_makes_nothing(researcher, original):
    for path, value in (("epochs", 0), ("optimizer.kind", "lion"), ("split", "by_record"), ("seed", "x")):
        with pytest.raises(ValidationError):
            do(duplicate_experiment, researcher, original, {path: value})
    with read_scope() as session:
        assert session.query(Experiment).count() == 1


@pytest.mark.parametrize("source", ["logged", "imported"])
def test_what_was_not_trained_here_is_not_run_again(researcher, original, source):
    with session_scope() as session:
        row = session.get_one(Experiment, original)
        row.source, row.config = ExperimentSource(source), {}
    with pytest.raises(ConflictError, match=rf"experiment {original} \(.*\) was {source}, not trained here"):
        do(run_again, researcher, original)


def test_anybody_who_may_train_copies_anothers_as_their_own(make_actor, original):
    colleague = make_actor("colleague")
    again = do(run_again, colleague, original)
    with read_scope() as session:
        assert session.get_one(Experiment, again).created_by == colleague.user_id
    with pytest.raises(ForbiddenError, match="your role is viewer"):
        do(run_again, make_actor("guest", "viewer"), original)
