import numpy as np
import pytest
from sqlalchemy import insert

from core.models import TrainingRun
from core.queries.curves import read_curves
from core.storage.database import read_scope, session_scope


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_curves_are_whole_in_order_and_nan_where_nothing_was_measured(database, experiment_id):
    with session_scope() as session:
        rows = [(3, None, {}), (1, 0.5, {"f1": 0.25}), (2, 0.75, {"f1": None})]
        told = [
            {"experiment_id": experiment_id, "epoch": epoch, "val_loss": loss, "metrics": metrics}
            for epoch, loss, metrics in rows
        ]
        session.execute(insert(TrainingRun), told)
    with read_scope() as session:
        of_loss = read_curves(session, [experiment_id, experiment_id + 1], "val_loss")
        of_f1 = read_curves(session, [experiment_id], "f1")
        assert read_curves(session, [], "val_loss") == {}
    assert of_loss.keys() == {experiment_id}
    assert of_loss[experiment_id].epochs.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(of_loss[experiment_id].values, [0.5, 0.75, np.nan])
    np.testing.assert_array_equal(of_f1[experiment_id].values, [0.25, np.nan, np.nan])
