"""Rows of hyperparameters, however long they are."""

import pytest
from sqlalchemy import select

from core.models import Experiment, ExperimentParameter
from core.storage.database import read_scope
from core.workspace import Workspace

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
LONG = "".join(map(chr, range(0x4E00, 0x9E00)))  # 20,480 letters that nothing compresses


@BOTH
def test_long_name_and_text_are_stored_whole_and_searched_by_their_start(database):
    told = {LONG: LONG, f"{LONG}2": f"{LONG}2", "weights": [n / 7 for n in range(1000)], "lr": 0.1}
    with Workspace().experiment(hyperparameters=told) as run:
        pass
    with read_scope() as session:
        assert session.get_one(Experiment, run.id).hyperparameters == told
        rows = session.scalars(select(ExperimentParameter).filter_by(experiment_id=run.id)).all()
    assert len(rows) == len({row.text for row in rows}) == len({row.name for row in rows}) == 4
    assert sum(row.name.startswith(LONG[:200]) and row.text.startswith(LONG[:200]) for row in rows) == 2
    assert {len(row.name.encode()) <= 1_000 for row in rows} == {True}
    assert {len((row.text or "").encode()) <= 1_600 for row in rows} == {True}
