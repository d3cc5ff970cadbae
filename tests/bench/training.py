"""Training: windows per second of `fit` beside the best bare loop, in turns on the same windows."""

import json
from statistics import median
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.learning.networks import build
from core.learning.trainer import device_name, fit, resolve_device
from core.learning.windows import WindowSet
from core.specs import OptimizerSpec, TrainingSpec

NUM_CLASSES = 9
LENGTH = 2048
ROUNDS = 5


def measure() -> dict[str, object]:
    """Return windows per second of both, the median over alternating rounds, and their ratio."""
    device = resolve_device("auto")
    windows = make_windows(32_768 if device.type == "cuda" else 4096)
    spec = TrainingSpec(dataset="bench", epochs=2)
    turns = {"fit": lambda: _time_fit(windows, spec), "bare": lambda: _time_bare(windows, spec, device)}
    for turn in turns.values():  # the first turn of each pays for kernels and imports
        turn()
    found: dict[str, list[float]] = {name: [] for name in turns}
    for round_ in range(ROUNDS):
        # Who goes first changes, so that a drift of the machine favours neither.
        for name in sorted(turns, reverse=bool(round_ % 2)):
            found[name].append(turns[name]())
    pairs = zip(found["fit"], found["bare"], strict=True)
    return {
        "device": device_name(device),
        "model": spec.model,
        "batch_size": spec.batch_size,
        "fit_windows_per_second": round(median(found["fit"])),
        "bare_windows_per_second": round(median(found["bare"])),
        "ratio": round(median(ours / bare for ours, bare in pairs), 3),
        "rounds": ROUNDS,
    }


def make_windows(number: int) -> WindowSet:
    """Return windows of noise, their classes in turns."""
    generator = np.random.default_rng(0)
    samples = generator.standard_normal((number, 1, 1, LENGTH), dtype=np.float32)
    labels = torch.arange(number) % NUM_CLASSES
    return WindowSet(torch.from_numpy(samples), labels, torch.zeros_like(labels), torch.zeros_like(labels))


def _time_fit(windows: WindowSet, spec: TrainingSpec) -> float:
    network = build(spec.model, NUM_CLASSES, LENGTH, spec.model_options)
    began = perf_counter()
    fit(windows, None, network, spec, on_epoch=lambda _: None, should_stop=lambda: None)
    return spec.epochs * len(windows) / (perf_counter() - began)


def _time_bare(windows: WindowSet, spec: TrainingSpec, device: torch.device) -> float:
    """Time a loop that does nothing but train: no records, no validation, no schedule."""
    network = build(spec.model, NUM_CLASSES, LENGTH, spec.model_options)
    began = perf_counter()
    network.to(device, memory_format=torch.channels_last).train()
    samples, labels = windows.samples.to(device), windows.labels.to(device)
    optimizer = _optimizer(network, spec.optimizer)
    for _ in range(spec.epochs):
        for index in torch.randperm(len(labels), device=device).split(spec.batch_size):
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                loss = functional.cross_entropy(network(samples[index]), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    loss.item()  # waits for the device
    return spec.epochs * len(labels) / (perf_counter() - began)


def _optimizer(network: nn.Module, spec: OptimizerSpec) -> torch.optim.Optimizer:
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[spec.kind]
    return kind(network.parameters(), lr=spec.learning_rate, weight_decay=spec.weight_decay, fused=True)


if __name__ == "__main__":
    print(json.dumps(measure()))
