"""The fast part of `python -m tests.proofs.methods`; each of its laws is seen to fail where it is broken."""

from dataclasses import replace

import pytest

from core.campaign_specs import HPOMethod
from core.learning.search import Search, Suggestion
from tests.proofs.methods import SPACE, bowl, judge_evenness, judge_grid, judge_tpe, make
from tests.proofs.rungs import Curve, Played, judge_rungs, play_side_by_side, rung_epochs


def test_grid_tries_every_cell_once() -> None:
    assert [law.found for law in judge_grid() if law.holds] == ["432 of 432 cells in 432 trials"]


@pytest.mark.parametrize("method", [HPOMethod.RANDOM_SEARCH, HPOMethod.HYPERBAND])
def test_draws_are_even_in_each_dimension(method: HPOMethod) -> None:
    laws = judge_evenness(method)
    assert [law for law in laws if not law.holds] == []
    assert len(laws) == len(SPACE)


def test_draws_of_tpe_are_seen_not_to_be_even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.proofs.methods.NUM_DRAWS", 150)
    search = Search(make(HPOMethod.BAYESIAN, SPACE, max_trials=1), "uneven")
    play = search.ask

    def ask() -> Suggestion | None:
        found = play()
        if found is not None:
            search.tell(found.number, "completed", bowl(found.values))
        return found

    monkeypatch.setattr(search, "ask", ask)
    monkeypatch.setattr("tests.proofs.methods.Search", lambda *_: search)
    assert not any(law.holds for law in judge_evenness(HPOMethod.BAYESIAN))


def test_tpe_finds_lower_values_than_chance() -> None:
    law = judge_tpe("a bowl", SPACE, bowl, seeds=8)
    assert law.holds, law.found


@pytest.fixture(scope="module")
def played() -> list[Played]:
    return play_side_by_side(make(HPOMethod.HYPERBAND, SPACE, max_epochs=40 * 27), Curve(bowl), lanes=4)


def test_hyperband_stops_at_its_rungs_whom_the_rule_stops(played: list[Played]) -> None:
    stops, wrong = judge_rungs([played])
    assert wrong == []
    assert stops > len(played) / 2
    assert {len(trial.reports) for trial in played} == {1, 3, 9, 27}


def test_hyperband_stays_within_its_epochs_and_tries_more_than_whole_trainings(played: list[Played]) -> None:
    assert sum(len(trial.reports) for trial in played) <= 40 * 27
    assert len(played) > 2 * 40


def test_stop_against_the_rule_is_found(played: list[Played]) -> None:
    first = next(trial for trial in played if rung_epochs(trial)[:1] == [1])
    best = replace(first, reports=[0.0], is_stopped=True)
    _, wrong = judge_rungs([[best if trial is first else trial for trial in played]])
    assert f"trial {first.number} after 1: rule True, was False" in wrong
    between = replace(first, reports=first.reports[:1] * 2, turns=first.turns[:1] * 2, is_stopped=True)
    assert any("stopped after 2, rungs [1, 3, 9]" in line for line in judge_rungs([[between]])[1])
