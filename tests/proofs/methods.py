"""Do the four methods of a campaign keep their laws? `python -m tests.proofs.methods` plays many searches.

Grid: every cell once. Random search: even in each dimension, in its logarithm where that is asked for. TPE:
better than random search on two functions. Hyperband: stops at its rungs only, there the worse ones, and
finds more in as many epochs. Draws are seeded: a law that holds today holds tomorrow. Ends with 1 else.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy import stats

from core.campaign_specs import CampaignSpec, HPOMethod
from core.learning.search import Search
from core.search_spaces import grid_size, iterate_values
from core.specs import TrainingSpec
from tests.proofs.rungs import Curve, judge_rungs, play_side_by_side

ALPHA = 0.001  # below it a draw is not even, or one method is better than another
NUM_DRAWS, NUM_TRIALS = 2_000, 60
SPACE: dict[str, dict[str, Any]] = {
    "lr": {"type": "float", "min": 1e-4, "max": 1.0, "log": True},
    "weight_decay": {"type": "float", "min": 1e-6, "max": 1.0, "log": True},
    "dropout": {"type": "float", "min": 0.0, "max": 0.9},
    "width": {"type": "int", "min": 8, "max": 64, "step": 8},
}
PLANE = {"dropout": SPACE["dropout"], "weight_decay": {"type": "float", "min": 0.0, "max": 10.0}}
CELLS: dict[str, dict[str, Any]] = {
    "lr": {"type": "float", "min": 0.1, "max": 0.9, "step": 0.1},
    "batch_size": {"type": "int", "min": 16, "max": 128, "step": 16},
    "optimizer": {"type": "categorical", "choices": ["adam", "adamw", "sgd"]},
    "schedule": {"type": "categorical", "choices": ["constant", "cosine"]},
}
console = Console(width=150)


class Law(NamedTuple):
    """What was found for one law, and whether it holds."""

    name: str
    found: str
    holds: bool


def main(seeds: Annotated[int, typer.Option(min=20, help="searches of each kind")] = 20) -> None:
    """Print what was found for each law; end with 1 where one does not hold."""
    laws = [
        *judge_grid(),
        *judge_evenness(HPOMethod.RANDOM_SEARCH),
        *judge_evenness(HPOMethod.HYPERBAND),
        judge_tpe("Branin's function", PLANE, branin, seeds),
        judge_tpe("a bowl in 4 dimensions, 2 of them logarithms", SPACE, bowl, seeds),
        *judge_hyperband(seeds),
    ]
    table = Table("law", "found", "holds")
    for law in laws:
        table.add_row(law.name, law.found, "yes" if law.holds else "NO")
    console.print(table)
    if not all(law.holds for law in laws):
        raise typer.Exit(1)


def make(
    method: HPOMethod, space: Mapping[str, Any], seed: int = 0, metric: str = "val_loss", **budget: int
) -> CampaignSpec:
    """Return a campaign over a base training of 27 epochs."""
    given = {"method": method, "space": space, "seed": seed, "budget": {"metric": metric, **budget}}
    return CampaignSpec.model_validate({"base": TrainingSpec(dataset="made", epochs=27), **given})


def judge_grid() -> list[Law]:
    """Walk a grid in two searches, the second rebuilt from nothing in between."""
    spec = make(HPOMethod.GRID_SEARCH, CELLS, max_trials=1_000)
    size = grid_size(spec.space)
    search = Search(spec, "grid")
    cells = []
    while (found := search.ask()) is not None:
        cells.append(tuple(found.values.items()))
        search.tell(found.number, "failed")
    expected = math.prod(len(list(iterate_values(parameter))) for parameter in spec.space.values())
    holds = len(cells) == len(set(cells)) == size == expected
    return [Law("grid: every cell once", f"{len(set(cells))} of {size} cells in {len(cells)} trials", holds)]


def judge_evenness(method: HPOMethod) -> list[Law]:
    """Test each dimension of many draws against the even distribution on its range."""
    search = Search(make(method, SPACE, max_trials=NUM_DRAWS), "even")
    draws = [found.values for _ in range(NUM_DRAWS) if (found := search.ask())]
    laws = []
    for name, parameter in SPACE.items():
        values = np.array([draw[name] for draw in draws], dtype=np.float64)
        low, high = parameter["min"], parameter["max"]
        if "step" in parameter:
            counts = [int((values == value).sum()) for value in range(low, high + 1, parameter["step"])]
            test, p = "chi squared", float(stats.chisquare(counts).pvalue)
        else:
            if parameter.get("log"):
                values, low, high = np.log(values), math.log(low), math.log(high)
            test, p = "Kolmogorov-Smirnov", float(stats.kstest(values, "uniform", (low, high - low)).pvalue)
        scale = "log " if parameter.get("log") else ""
        laws.append(
            Law(f"{method}: {scale}{name} is even", f"{test}, {len(draws)} draws: p={p:.3f}", p > ALPHA)
        )
    return laws


def judge_tpe(
    name: str, space: Mapping[str, Any], function: Callable[[Mapping[str, Any]], float], seeds: int
) -> Law:
    """Compare the best of so many trials, search by search of different seeds."""
    tpe = [best_of(HPOMethod.BAYESIAN, space, function, seed) for seed in range(seeds)]
    chance = [best_of(HPOMethod.RANDOM_SEARCH, space, function, seed) for seed in range(1_000, 1_000 + seeds)]
    p = float(stats.mannwhitneyu(tpe, chance, alternative="less").pvalue)
    found = f"best of {NUM_TRIALS}: median {np.median(tpe):.4g} beside {np.median(chance):.4g}; p={p:.1e}"
    return Law(f"bayesian: below random search on {name}", f"{found} ({seeds} seeds)", p < ALPHA)


def best_of(
    method: HPOMethod, space: Mapping[str, Any], function: Callable[[Mapping[str, Any]], float], seed: int
) -> float:
    """Return the lowest value of a search of 60 trials, one after the other."""
    search = Search(make(method, space, seed, max_trials=NUM_TRIALS), "best")
    values = []
    for _ in range(NUM_TRIALS):
        found = search.ask()
        assert found is not None
        values.append(function(found.values))
        search.tell(found.number, "completed", values[-1])
    return min(values)


def judge_hyperband(seeds: int) -> list[Law]:
    """Play searches of 40 whole trainings' epochs, 4 trials side by side, and look at every rung."""
    budget, played, chance = 40 * 27, [], []
    for seed in range(seeds):
        spec = make(HPOMethod.HYPERBAND, SPACE, seed, max_epochs=budget)
        played.append(play_side_by_side(spec, Curve(bowl), lanes=4))
        rest = make(HPOMethod.RANDOM_SEARCH, SPACE, 1_000 + seed, max_epochs=budget)
        chance.append(play_side_by_side(rest, Curve(bowl), lanes=4))
    stops, wrong = judge_rungs(played)
    spent = [sum(len(trial.reports) for trial in trials) for trials in played]
    tried = float(np.median([len(trials) for trials in played]))
    best, by_chance = ([min(t.floor for t in trials) for trials in kind] for kind in (played, chance))
    p = float(stats.mannwhitneyu(best, by_chance, alternative="less").pvalue)
    return [
        Law("hyperband: within its epochs", f"at most {max(spent)} of {budget}", max(spent) <= budget),
        Law(
            "hyperband: stops at rungs, whom the rule stops",
            f"{stops} stopped, {len(wrong)} of them or of those that went on against the rule {wrong[:3]}",
            stops > 0 and not wrong,
        ),
        Law(
            "hyperband: below random search in as many epochs",
            f"{tried:.0f} trials beside {budget // 27}; best floor, median {np.median(best):.4g} beside "
            f"{np.median(by_chance):.4g}; p={p:.1e} ({seeds} seeds)",
            p < ALPHA,
        ),
    ]


def branin(values: Mapping[str, Any]) -> float:
    """Return Branin's function (Dixon and Szegoe 1978), lowest 0.398, stretched over dropout and decay."""
    x, y = -5 + 15 * values["dropout"] / 0.9, 1.5 * values["weight_decay"]
    bent = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def bowl(values: Mapping[str, Any]) -> float:
    """Return the squared distance from lr 1e-2, decay 1e-4, dropout 0.3 and width 32, each in its range."""
    return (
        ((math.log10(values["lr"]) + 2) / 4) ** 2
        + ((math.log10(values["weight_decay"]) + 4) / 6) ** 2
        + ((values["dropout"] - 0.3) / 0.9) ** 2
        + ((values["width"] - 32) / 56) ** 2
    )


if __name__ == "__main__":
    typer.run(main)
