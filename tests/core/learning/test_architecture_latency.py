"""Latency: the median of what the clock says, with the process left as it was."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.learning.architecture import Cells
from core.learning.architecture_latency import measure_latency
from tests.core.learning.architectures import EVERYTHING


class Watched(nn.Module):
    """A network that notes under what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Cells(3, 512, EVERYTHING)
        self.seen: list[tuple[tuple[int, ...], bool, int]] = []

    def forward(self, windows: Tensor) -> Tensor:
        self.seen.append((tuple(windows.shape), self.training, torch.get_num_threads()))
        logits: Tensor = self.inner(windows)
        return logits


def ticks(*durations: float) -> Iterator[float]:
    """Yield a beginning and an end for each duration in seconds."""
    now = 0.0
    for duration in durations:
        yield now
        now += duration
        yield now


def test_latency_is_the_median_of_the_repeats_in_milliseconds() -> None:
    clock = ticks(0.001, 0.5, 0.002, 0.004, 0.003)
    latency = measure_latency(Watched(), 512, repeats=5, warm_up=2, clock=lambda: next(clock))
    assert latency.milliseconds == pytest.approx(3.0)
    assert latency.device == "cpu (1 threads)"


def test_one_window_is_asked_in_evaluation_on_one_thread_and_all_is_put_back() -> None:
    network, threads = Watched().train(), torch.get_num_threads()
    measure_latency(network, 512, repeats=2, warm_up=1)
    assert network.seen == [((1, 1, 1, 512), False, 1)] * 3
    assert network.training
    assert torch.get_num_threads() == threads


def test_number_of_threads_is_put_back_where_the_network_fails() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    with pytest.raises(RuntimeError):
        measure_latency(Cells(3, 512, EVERYTHING), 0)
    after = torch.get_num_threads()
    torch.set_num_threads(threads)
    assert after == 2


def test_no_repeats_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="repeats=0 measure nothing; take 1 or more"):
        measure_latency(Watched(), 512, repeats=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")
def test_gpu_is_named_and_waited_for() -> None:
    latency = measure_latency(Cells(3, 512, EVERYTHING).cuda(), 512)
    assert latency.milliseconds > 0
    assert latency.device == torch.cuda.get_device_name()
