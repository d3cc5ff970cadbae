import pytest

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.models import Experiment, ExperimentStatus, Tag
from core.queries.tags import tags_of
from core.services.experiment_edits import ExperimentEdit, edit_experiments
from core.services.experiments import create_experiment
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def ended(researcher, dataset):
    with session_scope() as session:
        rows = [create_experiment(session, researcher, TrainingSpec(dataset="rig")) for _ in range(3)]
        for row in rows:
            row.status = ExperimentStatus.COMPLETED
    return [row.id for row in rows]


def edit(actor, ids, **changes):
    with session_scope() as session:
        return edit_experiments(session, actor, ids, ExperimentEdit(**changes))


def stored(ids):
    with read_scope() as session:
        tags = tags_of(session, ids)
        rows = [session.get_one(Experiment, each) for each in ids]
        return [({tag.name for tag in tags[row.id]}, row.notes, row.archived_at is not None) for row in rows]


@BOTH
def test_every_change_reaches_every_one(researcher, ended):
    assert edit(researcher, ended, add_tags=("a", "b"), append_notes="seen", archive=True) == 3
    assert stored(ended) == [({"a", "b"}, "seen", True)] * 3
    assert edit(researcher, ended[:2], remove_tags=("a",), archive=False) == 2
    assert stored(ended) == [({"b"}, "seen", False)] * 2 + [({"a", "b"}, "seen", True)]
    with read_scope() as session:
        assert {tag.name: tag.usage_count for tag in session.query(Tag)} == {"a": 1, "b": 3}


@BOTH
def test_one_refusal_undoes_all_of_it(make_actor, researcher, ended):
    with session_scope() as session:
        session.get_one(Experiment, ended[2]).status = ExperimentStatus.RUNNING
    for actor, changes, error in (
        (researcher, {"archive": True}, ConflictError),
        (researcher, {"remove_tags": ("unknown",)}, NotFoundError),
        (researcher, {"append_notes": "x" * 100_001}, InvalidInputError),
        (make_actor("stranger"), {}, ForbiddenError),
    ):
        with pytest.raises(error):
            edit(actor, ended, **({"add_tags": ("a",), "append_notes": "seen"} | changes))
        assert stored(ended) == [(set(), None, False)] * 3
