"""How long a network takes for one window, measured where it lives."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import nn

from core.errors import InvalidInputError
from core.learning.devices import device_name


@dataclass(frozen=True)
class Latency:
    """The median over repeats, and on what it was measured."""

    milliseconds: float
    device: str  # such as "cpu (1 threads)"


def measure_latency(
    network: nn.Module,
    window_length: int,
    *,
    repeats: int = 30,
    warm_up: int = 5,
    clock: Callable[[], float] = perf_counter,
) -> Latency:
    """Return the milliseconds for one window: batch 1, float32, evaluation, one thread on the CPU.

    Measured on the device of the network's weights, after `warm_up` runs that are not counted; a GPU is
    waited for. `clock` gives seconds. The network's mode and the number of threads are put back afterwards.

    Raises InvalidInputError for fewer than one repeat.
    """
    if repeats < 1:
        raise InvalidInputError(f"repeats={repeats} measure nothing; take 1 or more")
    device = next(network.parameters()).device
    windows = torch.zeros(1, 1, 1, window_length, device=device)
    durations = []
    with _evaluation(network), _one_thread(), torch.inference_mode():
        for _ in range(warm_up):
            network(windows)
        for _ in range(repeats):
            _wait(device)
            began = clock()
            network(windows)
            _wait(device)
            durations.append(clock() - began)
        return Latency(median(durations) * 1e3, device_name(device))


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _evaluation(network: nn.Module) -> Iterator[None]:
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
