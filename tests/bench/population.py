"""A population: K trials trained at once by `fit_population` beside the same K one by one by `fit`."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from time import perf_counter

import torch
from torch import nn

from core.learning.networks import build
from core.learning.population import fit_population
from core.learning.population_engine import PopulationEngine
from core.learning.results import FitResult, StepRecord
from core.learning.trainer import device_name, fit, resolve_device
from core.learning.windows import WindowSet
from core.specs import TrainingSpec
from tests.bench.training import LENGTH, NUM_CLASSES, make_windows

ROUNDS = 3
STEPS_COMPARED = 10


def measure(num_trials: int | None = None, device: str = "auto", model: str = "wdcnn") -> dict[str, object]:
    """Return seconds of an epoch of all trials both ways, in alternating rounds, and their ratio."""
    where = resolve_device(device)
    on_cuda = where.type == "cuda"
    specs = _specs(num_trials or (64 if on_cuda else 8), device, model)
    windows = make_windows(4096 if on_cuda else 512)
    make = partial(build, model, NUM_CLASSES, LENGTH)
    turns: dict[str, Callable[[], object]] = {
        "one_by_one": lambda: _fit_each(windows, make, specs),
        "together": lambda: _fit_all(windows, make, specs),
    }
    for name, by_matmul in {"together_grouped": False, "together_matmul": True}.items():
        engine = PopulationEngine(make(), windows, None, specs, where, by_matmul=by_matmul)
        turns[name] = engine.run_epoch
    seconds = _time(turns)
    return {
        "device": device_name(where),
        "model": model,
        "trials": len(specs),
        "windows": len(windows),
        "batch_size": specs[0].batch_size,
        **{f"{name}_s": round(median(taken), 3) for name, taken in seconds.items()},
        "ratio": round(
            median(
                alone / together
                for alone, together in zip(seconds["one_by_one"], seconds["together"], strict=True)
            ),
            2,
        ),
        "rounds": ROUNDS,
        "max_difference_after_ten_steps": _compare(model, specs[:8]),
    }


def _specs(num_trials: int, device: str, model: str) -> list[TrainingSpec]:
    """Return trials that differ in all that may differ, but in how long they take."""
    return [
        TrainingSpec.model_validate(
            {
                "dataset": "bench",
                "model": model,
                "epochs": 1,
                "device": device,
                "seed": seed,
                "optimizer": {"learning_rate": 1e-3 * 2 ** (seed % 4), "weight_decay": 0.01 * (seed % 3)},
            }
        )
        for seed in range(num_trials)
    ]


def _fit_each(
    windows: WindowSet,
    make: Callable[[], nn.Module],
    specs: list[TrainingSpec],
    on_step: Callable[[int, StepRecord], None] = lambda _place, _record: None,
) -> list[FitResult]:
    return [
        fit(
            windows,
            None,
            make(),
            spec,
            on_epoch=lambda _: None,
            should_stop=lambda: None,
            on_step=partial(on_step, place),
        )
        for place, spec in enumerate(specs)
    ]


def _fit_all(
    windows: WindowSet,
    make: Callable[[], nn.Module],
    specs: list[TrainingSpec],
    on_step: Callable[[int, StepRecord], None] = lambda _place, _record: None,
) -> list[FitResult]:
    return fit_population(
        windows,
        None,
        make,
        specs,
        on_epoch=lambda _place, _record: None,
        should_stop=lambda _place: None,
        on_step=on_step,
    )


def _time(turns: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in turns}
    for round_ in range(ROUNDS + 1):
        # Who goes first changes, so that a drift of the machine favours none.
        for name in sorted(turns, reverse=bool(round_ % 2)):
            began = perf_counter()
            turns[name]()
            if round_:  # the first turn of each pays for kernels and imports
                taken[name].append(perf_counter() - began)
    return taken


def _compare(model: str, specs: list[TrainingSpec]) -> dict[str, float]:
    """Return how far losses and weights are apart after ten steps, at most of all trials.

    In double precision, in which CUDA's autocast leaves them: in single precision Adam makes a step of
    every rounding, and ten of those are far apart in one-by-one training on two machines, too.
    """
    windows = make_windows(STEPS_COMPARED * specs[0].batch_size)
    windows = replace(windows, samples=windows.samples.double())
    losses: list[dict[int, StepRecord]] = [{}, {}]

    def make() -> nn.Module:
        return build(model, NUM_CLASSES, LENGTH).double()

    alone = _fit_each(windows, make, specs, losses[0].__setitem__)
    together = _fit_all(windows, make, specs, losses[1].__setitem__)
    weights = [
        (result.best_state[name] - found.best_state[name]).abs().max()
        for result, found in zip(alone, together, strict=True)
        if result.best_state is not None and found.best_state is not None
        for name in result.best_state
    ]
    apart = [abs(losses[0][place].losses - losses[1][place].losses).max() for place in losses[0]]
    return {"loss": float(max(apart)), "weight": float(torch.stack(weights).max())}


def main() -> None:
    """Measure what the command line asks for."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, help="how many at once; left out, 64 on CUDA and 8 on the CPU")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--model", choices=("wdcnn", "resnet1d"), default="wdcnn")
    asked = parser.parse_args()
    print(json.dumps(measure(asked.trials, asked.device, asked.model)))


if __name__ == "__main__":
    main()
