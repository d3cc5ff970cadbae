"""Play hyperband with trials side by side, and hold every stop against the rule counted anew."""

import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from core.campaign_specs import CampaignSpec
from core.learning.search import Search, Suggestion


@dataclass
class Played:
    """One trial: its validation losses in order, and the turn at which each was reported."""

    number: int
    spec: CampaignSpec
    floor: float  # what its loss falls to
    reports: list[float] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    is_stopped: bool = False
    is_done: bool = False


class Curve:
    """A loss that falls to a floor, the slower the higher its noise, which a trial's number decides."""

    def __init__(self, floor: Callable[[Mapping[str, Any]], float]) -> None:
        self.floor = floor

    def loss(self, suggestion: Suggestion, epoch: int) -> float:
        """Return the loss after an epoch."""
        noise = np.random.default_rng([suggestion.number, epoch]).normal()
        return self.floor(suggestion.values) + 0.5 / epoch + 0.01 * float(noise)


class Report(NamedTuple):
    """A loss at a rung, in the order in which they came."""

    turn: int
    loss: float
    trial: Played


def play_side_by_side(spec: CampaignSpec, curve: Curve, lanes: int) -> list[Played]:
    """Train `lanes` trials in turn, an epoch each, while the epochs of all hold one more whole training."""
    search = Search(spec, "played")
    played: list[Played] = []
    running: list[tuple[Suggestion, Played]] = []
    left, turn = spec.budget.max_epochs or 0, 0
    while True:
        while len(running) < lanes and left >= spec.base.epochs:
            found = search.ask()
            assert found is not None
            left -= spec.base.epochs  # what it may need; what it leaves is given back
            played.append(Played(found.number, spec, curve.floor(found.values)))
            running.append((found, played[-1]))
        if not running:
            return played
        for found, trial in list(running):
            turn += 1
            _train_epoch(search, found, trial, curve, turn)
            if trial.is_done:
                running.remove((found, trial))
                left += spec.base.epochs - len(trial.reports)


def judge_rungs(searches: Sequence[Sequence[Played]]) -> tuple[int, list[str]]:
    """Return how many trials were stopped, and each decision that is not the rule's, in words."""
    wrong: list[str] = []
    for played in searches:
        rungs: dict[tuple[int, int], list[Report]] = defaultdict(list)
        for trial in played:
            epochs = rung_epochs(trial)
            if trial.is_stopped and len(trial.reports) not in epochs:
                wrong.append(f"trial {trial.number} stopped after {len(trial.reports)}, rungs {epochs}")
            for epoch in epochs:
                if epoch <= len(trial.reports):
                    place = (epochs[0], epoch)
                    rungs[place].append(Report(trial.turns[epoch - 1], trial.reports[epoch - 1], trial))
        for (_, epoch), reports in rungs.items():
            wrong += _judge_rung(epoch, sorted(reports, key=lambda report: report.turn))
    return sum(trial.is_stopped for played in searches for trial in played), wrong


def rung_epochs(trial: Played) -> list[int]:
    """Return after which epochs a trial of this number is judged.

    Li et al. 2018, algorithm 1: brackets 0 to s_max begin at r * eta**bracket and share the trials as
    (s_max + 1) * eta**s / (s + 1), s = s_max - bracket; Optuna deals them out by a checksum.
    """
    spec = trial.spec
    eta, most = spec.reduction_factor, spec.base.epochs
    last = 0
    while spec.min_epochs * eta ** (last + 1) <= most:
        last += 1
    shares = [math.ceil((last + 1) * eta**s / (s + 1)) for s in range(last, -1, -1)]
    drawn = zlib.crc32(f"seed {spec.seed}_{trial.number}".encode()) % sum(shares)
    bracket = int(np.searchsorted(np.cumsum(shares), drawn, side="right"))
    return [spec.min_epochs * eta**k for k in range(bracket, last + 1) if spec.min_epochs * eta**k < most]


def _judge_rung(epoch: int, reports: Sequence[Report]) -> list[str]:
    """Ask of each report whether it was among the best 1 in eta of those until then, or the best of few."""
    wrong = []
    for i, report in enumerate(reports):
        losses = sorted(earlier.loss for earlier in reports[: i + 1])
        goes_on = report.loss <= losses[max(len(losses) // report.trial.spec.reduction_factor, 1) - 1]
        went_on = len(report.trial.reports) > epoch
        if goes_on != went_on:
            wrong.append(f"trial {report.trial.number} after {epoch}: rule {goes_on}, was {went_on}")
    return wrong


def _train_epoch(search: Search, found: Suggestion, trial: Played, curve: Curve, turn: int) -> None:
    epoch = len(trial.reports) + 1
    trial.reports.append(curve.loss(found, epoch))
    trial.turns.append(turn)
    if search.report(found.number, epoch, trial.reports[-1]) is not None:
        trial.is_stopped = trial.is_done = True
        search.tell(found.number, "pruned")
    elif epoch == trial.spec.base.epochs:
        trial.is_done = True
        search.tell(found.number, "completed", trial.reports[-1])
