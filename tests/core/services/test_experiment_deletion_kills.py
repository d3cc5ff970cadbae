"""A deletion that is killed at any moment: all is there, or nothing is."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select

from core.clock import utc_now
from core.jobs.sealing import seal
from core.jobs.tidying import tidy
from core.models import Artifact, Experiment, ExperimentTag, SealedRemoval, Tag, TrainingRun
from core.queries.warehouse import ask
from core.services.experiment_deletion import delete_experiments
from core.storage.database import read_scope
from tests.core.services.test_experiment_deletion import THEIRS, add, do, files
from tests.core.storage.dying import survives_files, survives_statements


def stored(model, ids):
    column = model.id if model is Experiment else model.experiment_id
    with read_scope() as session:
        return session.scalar(select(func.count()).where(column.in_(ids)))


def named_files():
    with read_scope() as session:
        return sorted(session.scalars(select(Artifact.id)))


def is_usage_true():
    with read_scope() as session:
        borne = select(func.count()).where(ExperimentTag.tag_id == Tag.id).scalar_subquery()
        return not session.scalar(select(func.count()).where(Tag.usage_count != borne))


@pytest.mark.parametrize(
    ("survives", "first"), [(survives_statements, 1), (survives_files, 1), (survives_files, 3)]
)
def test_killed_deletion_leaves_all_or_nothing_and_its_files_are_tidied(
    home, researcher, dataset, survives, first
):
    (kept, _), *pair = add(researcher), add(researcher), add(researcher)
    ids = [each for each, _ in pair]
    seal(utc_now(), at_once=True)
    before = {model: stored(model, ids) for model in THEIRS}
    all_files = files(home)
    assert before[TrainingRun] == 6
    for n in count(first):
        is_done = survives(lambda: do(delete_experiments, researcher, ids), n)
        left = {model: stored(model, ids) for model in THEIRS}
        assert left in (before, dict.fromkeys(THEIRS, 0)), f"killed at {n}"
        assert is_usage_true()
        if left == before:
            assert not is_done
            assert files(home) == all_files == named_files()
        if is_done or left != before:
            break
    tidy(utc_now() + timedelta(days=2))
    assert files(home) == named_files()
    assert [stored(model, [kept]) for model in (Experiment, TrainingRun, Artifact)] == [1, 3, 1]
    assert ask("SELECT DISTINCT experiment_id FROM epochs").experiment_id.tolist() == [kept]
    with read_scope() as session:
        assert set(session.scalars(select(SealedRemoval.experiment_id))) == set(ids)
