import pytest
from pydantic import ValidationError

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.models import Experiment, ExperimentStatus
from core.services.experiment_lifecycle import archive_experiments, rename_experiment, restore_experiments
from core.services.experiments import create_experiment
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def ended(researcher, dataset):
    """Three completed experiments of the researcher."""
    return [add(researcher, "completed") for _ in range(3)]


def add(actor, status, name=None):
    with session_scope() as session:
        row = create_experiment(session, actor, TrainingSpec(dataset="rig"), name)
        row.status = ExperimentStatus(status)
        return row.id


def do(act, *args):
    with session_scope() as session:
        return act(session, *args)


def archived():
    with read_scope() as session:
        rows = session.query(Experiment).order_by(Experiment.id)
        return [row.id for row in rows if row.archived_at is not None]


@BOTH
def test_archiving_counts_what_it_changes_and_is_undone_by_restoring(researcher, ended):
    assert do(archive_experiments, researcher, ended[:2]) == 2
    assert do(archive_experiments, researcher, ended) == 1
    assert archived() == ended
    assert do(restore_experiments, researcher, ended[1:]) == 2
    assert do(restore_experiments, researcher, ended[1:]) == 0
    assert archived() == ended[:1]


@BOTH
@pytest.mark.parametrize("status", ["pending", "running"])
def test_one_that_is_at_work_refuses_the_archiving_of_all(researcher, ended, status):
    busy = add(researcher, status)
    with pytest.raises(ConflictError, match=rf"experiment {busy} \(.*\) is {status} and cannot be archived"):
        do(archive_experiments, researcher, [*ended, busy])
    assert archived() == []


@BOTH
def test_first_one_of_another_refuses_all_and_is_named(make_actor, researcher, ended):
    stranger, admin = make_actor("stranger"), make_actor("boss", "admin")
    other, another = add(stranger, "completed", "theirs"), add(stranger, "completed", "theirs too")
    with pytest.raises(ForbiddenError, match=rf"experiment {other} \(theirs\) belongs to another user"):
        do(archive_experiments, researcher, [another, *ended, other])
    assert archived() == []
    assert do(archive_experiments, admin, [another, *ended, other]) == 5


def test_viewer_changes_nothing_not_even_what_is_not_there(make_actor, ended):
    viewer = make_actor("guest", "viewer")
    for act in (archive_experiments, restore_experiments):
        with pytest.raises(ForbiddenError, match="your role is viewer"):
            do(act, viewer, [*ended, 99])
    with pytest.raises(ForbiddenError, match="your role is viewer"):
        do(rename_experiment, viewer, ended[0], "mine")


def test_missing_one_and_none_at_all_are_told(researcher, ended):
    with pytest.raises(NotFoundError, match="there is no experiment 99, so nothing was changed"):
        do(archive_experiments, researcher, [*ended, 99])
    with pytest.raises(InvalidInputError, match="no experiment is named"):
        do(archive_experiments, researcher, [])
    assert archived() == []


@BOTH
def test_many_are_archived_in_several_statements(researcher, dataset, monkeypatch):
    monkeypatch.setattr("core.services.experiment_rows.BATCH", 2)
    ids = [add(researcher, "failed") for _ in range(5)]
    assert do(archive_experiments, researcher, reversed(ids)) == 5
    assert archived() == ids


@BOTH
def test_name_is_trimmed_and_taken_by_one_only(researcher, ended):
    assert do(rename_experiment, researcher, ended[0], "  the best ") == "the best"
    assert do(rename_experiment, researcher, ended[0], "the best") == "the best"
    with pytest.raises(ConflictError, match="an experiment named 'the best' exists"):
        do(rename_experiment, researcher, ended[1], "the best")
    for wrong in ("", "x" * 201, "a\nb"):
        with pytest.raises(ValidationError):
            do(rename_experiment, researcher, ended[0], wrong)
    with read_scope() as session:
        assert session.get_one(Experiment, ended[0]).name == "the best"
