import pytest

from core.errors import InvalidInputError, NotFoundError
from core.workspace import Workspace


def test_notebook_gets_every_part_of_a_comparison_as_frames(add_run, add_predictions):
    ids = [add_run([0.5 + 0.01 * i, 0.6 + 0.01 * i], lr=0.01 * (1 + i % 2), seed=i) for i in range(8)]
    add_predictions(ids[0], {"r1": [(0, 0)], "r2": [(0, 0)]})
    add_predictions(ids[1], {"r1": [(0, 0)], "r2": [(0, 1)]})
    compared = Workspace().compare(ids)
    assert compared.runs().loc[ids[1], "lr"] == 0.02
    assert list(compared.differences().index) == ["optimizer.learning_rate", "seed"]
    assert compared.metrics("val_accuracy", baseline=ids[0]).index[0] == ids[-1]
    assert set(compared.metrics()["metric"]) == {"val_accuracy"}
    assert compared.curves("val_accuracy", "time")["time"].tolist() == [2.0, 4.0] * 8
    assert compared.groups("val_accuracy", "lr")["n"].tolist() == [4, 4]
    assert compared.test(ids[0], ids[1]).records.n == 2
    assert len(Workspace().compare(ids[:2]).predictions()) == 2
    assert set(compared.importance("val_accuracy").index) == {"lr", "seed"}


def test_one_experiment_or_an_unknown_one_is_refused(add_run):
    known = add_run()
    with pytest.raises(InvalidInputError, match="1 experiment is nothing to compare"):
        Workspace().compare([known])
    with pytest.raises(NotFoundError, match="no experiment 998, 999"):
        Workspace().compare([known, 998, 999])
