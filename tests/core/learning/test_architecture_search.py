import pytest

from core.campaign_specs import NASSpec
from core.errors import InvalidInputError, NotFoundError
from core.learning.architecture_search import ArchitectureSearch
from core.learning.studies import PastTrial
from core.network_specs import ArchitectureSpace, architecture_hash

SMALL = ArchitectureSpace(
    max_cells=1, kinds=("conv", "separable"), kernels=(1, 3), widths=(4,), depths=(1,), poolings=("none",),
    residuals=(False,), attentions=("none",), stem_kernels=(16,), dropouts=(0.0,),
)  # fmt: skip
ALGORITHMS = ["random", "evolution", "bayesian"]


def make_spec(algorithm="random", space=None, **further):
    base = {"dataset": "rig", "model": "cells", "epochs": 8}
    told = {"base": base, "algorithm": algorithm, "budget": {"max_trials": 50}, "population": 4}
    return NASSpec.model_validate({**told, "space": space or ArchitectureSpace(), **further})


def score(values):
    return values["cells"] / 3 + (values["cell_1_kernel"] == 7) / 10


def play(search, number):
    """Train that many trials of a toy at once after the other."""
    told = []
    for _ in range(number):
        suggestion = search.ask()
        if suggestion is None:
            break
        search.tell(suggestion.number, "completed", score(suggestion.values))
        told.append(suggestion)
    return told


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_architecture_is_tried_twice_and_repeats_take_no_number(algorithm):
    search = ArchitectureSearch(make_spec(algorithm, SMALL))
    told = play(search, 50)
    hashes = [architecture_hash(SMALL.decode(each.values)) for each in told]
    assert len(set(hashes)) == len(hashes) == SMALL.size
    assert [each.number for each in told] == list(range(SMALL.size))


def test_repeats_that_were_avoided_are_counted():
    told = play(ArchitectureSearch(make_spec("random", SMALL)), 50)
    assert sum(each.attrs["avoided"] for each in told) > 0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rebuilt_search_goes_on_as_the_unbroken_one(algorithm):
    spec = make_spec(algorithm)
    unbroken = play(ArchitectureSearch(spec), 9)
    past = [PastTrial(s.number, s.values, "completed", score(s.values), {}, s.attrs) for s in unbroken[:6]]
    again = play(ArchitectureSearch(spec, past), 3)
    assert [each.values for each in again] == [each.values for each in unbroken[6:]]
    assert [each.attrs for each in again] == [each.attrs for each in unbroken[6:]]


def test_children_name_their_parent_and_what_was_changed():
    told = play(ArchitectureSearch(make_spec("evolution")), 12)
    assert all("parent" not in each.attrs for each in told[:4])
    for each in told[4:]:
        parent = next(one for one in told if one.number == each.attrs["parent"])
        changed = [name for name, value in each.values.items() if value != parent.values[name]]
        assert changed == [each.attrs["mutated"]]


def test_trial_that_ranks_low_is_stopped_at_a_rung_and_says_why():
    search = ArchitectureSearch(make_spec())
    first, second = search.ask(), search.ask()
    assert search.report(first.number, 1, 0.9) is None
    why = search.report(second.number, 1, 0.5)
    assert "val_accuracy 0.5 after epoch 1" in why
    assert search.attrs(second.number)["stopped"] == why


def test_last_epoch_stops_nothing():
    search = ArchitectureSearch(make_spec())
    first, second = search.ask(), search.ask()
    search.report(first.number, 8, 0.9)
    assert search.report(second.number, 8, 0.1) is None


def test_suggestion_that_never_became_a_trial_comes_again():
    search = ArchitectureSearch(make_spec())
    first = search.ask()
    search.forget(first.number)
    assert search.ask() == first


def test_what_was_never_suggested_and_what_is_of_another_space_are_refused():
    with pytest.raises(NotFoundError, match="trial 3 was never suggested"):
        ArchitectureSearch(make_spec()).attrs(3)
    past = PastTrial(0, {"cells": 9}, "completed", 0.5, {}, {})
    with pytest.raises(InvalidInputError, match="not of the space"):
        ArchitectureSearch(make_spec(), [past])


def test_another_network_is_refused():
    with pytest.raises(ValueError, match="set model to cells"):
        make_spec(base={"dataset": "rig", "model": "wdcnn"})
