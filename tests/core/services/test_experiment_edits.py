from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.models import Experiment, ExperimentStatus, Tag
from core.queries.tags import tags_of
from core.services import experiment_edits
from core.services.experiment_edits import ExperimentEdit, edit_experiments
from core.services.experiments import create_experiment
from core.services.tags import remove_tags
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


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_edits_that_cross_wait_for_one_another(researcher, ended, monkeypatch):
    edit(researcher, ended, add_tags=("a", "b"))
    half_way = Barrier(2)

    def take_off(*what):
        with suppress(BrokenBarrierError):
            half_way.wait(0.5)
        return remove_tags(*what)

    monkeypatch.setattr(experiment_edits, "remove_tags", take_off)
    with ThreadPoolExecutor(2) as threads:
        there = threads.submit(edit, researcher, ended[:1], add_tags=("a",), remove_tags=("b",))
        back = threads.submit(edit, researcher, ended[1:2], add_tags=("b",), remove_tags=("a",))
        assert (there.result(), back.result()) == (1, 1)
    assert [tags for tags, *_ in stored(ended)] == [{"a"}, {"b"}, {"a", "b"}]
