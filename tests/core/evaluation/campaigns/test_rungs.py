import numpy as np
import pytest

from core.errors import InvalidInputError
from core.evaluation.campaigns.rungs import Rung, count_survivors, tabulate_rungs

ENDS = [1, 1, 3, 9, 9]
STATES = ["pruned", "pruned", "pruned", "completed", "failed"]


def epochs_of(ends: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of trials that end at these epochs, of values 0.1 a trial and 0.01 an epoch."""
    trials = np.repeat(np.arange(len(ends)), ends)
    epochs = np.concatenate([np.arange(1, end + 1) for end in ends])
    return trials, epochs, 0.1 * trials + 0.01 * epochs


def test_survivors_fall_where_trials_end() -> None:
    trials, epochs, _ = epochs_of(ENDS)
    found = count_survivors(trials, epochs, STATES)
    assert found.epochs.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert found.reached.tolist() == [5, 3, 3, 2, 2, 2, 2, 2, 2]
    assert found.pruned.tolist() == [2, 0, 1, 0, 0, 0, 0, 0, 0]


def test_rungs_are_the_epochs_where_trials_were_pruned() -> None:
    first, second = tabulate_rungs(*epochs_of(ENDS), STATES, direction="max")
    assert first._replace(cut=None, best_pruned=None) == Rung(None, 1, 5, 2, 3, None, None)
    assert (first.cut, first.best_pruned) == pytest.approx((0.21, 0.11))
    assert (second.epoch, second.reached, second.pruned, second.went_on) == (3, 3, 1, 2)
    assert second.cut == pytest.approx(0.33)
    assert not first.is_crossed("max")


def test_a_pruned_trial_better_than_one_that_went_on_is_told() -> None:
    (rung,) = tabulate_rungs([0, 1, 1], [1, 1, 2], [0.9, 0.5, 0.6], ["pruned", "running"], direction="max")
    assert (rung.cut, rung.best_pruned) == (0.5, 0.9)
    assert rung.is_crossed("max")
    assert not rung.is_crossed("min")


def test_trials_compete_within_their_bracket() -> None:
    rows = epochs_of([1, 3, 3, 9])
    states = ["pruned", "completed", "pruned", "completed"]
    found = tabulate_rungs(*rows, states, direction="max", brackets=[0, 0, 1, 1])
    assert [(rung.bracket, rung.epoch, rung.reached, rung.went_on) for rung in found] == [
        (0, 1, 2, 1),
        (1, 3, 2, 1),
    ]


def test_where_none_went_on_there_is_no_cut() -> None:
    (rung,) = tabulate_rungs([0, 1], [0, 0], [0.5, np.nan], ["pruned", "failed"], direction="min")
    assert (rung.cut, rung.best_pruned, rung.reached) == (None, 0.5, 2)
    assert not rung.is_crossed("min")


def test_trials_that_wrote_nothing_are_in_no_count() -> None:
    assert tabulate_rungs([], [], [], ["pending"], direction="max") == ()
    assert count_survivors([], [], ["pending"]).epochs.size == 0
    assert count_survivors([1], [1], ["pruned", "running"]).reached.tolist() == [1]


def test_rows_of_unknown_trials_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="trials 0 to 3 and there are 2 states"):
        count_survivors([0, 3], [1, 1], ["running", "running"])
