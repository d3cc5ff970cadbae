"""Cost: known answers counted by hand, and nothing random is touched."""

from typing import Any

import pytest
import torch

from core.errors import InvalidInputError
from core.learning.architecture_cost import measure_cost
from core.network_specs import CellsOptions
from tests.core.learning.architectures import EVERYTHING

# A stem of kernel 16, stride 8 and width 4 on 512 samples: (512 + 14 - 16) // 8 + 1 = 64 steps.
STEM = 4 * 16 + 2 * 4  # weights, and the scale and offset of the normalisation
STEM_FLOPS = 2 * 64 * 4 * 16  # a multiply-add counts 2
HEAD, HEAD_FLOPS = 8 * 5 + 5, 2 * 8 * 5

BY_HAND: dict[str, tuple[dict[str, Any], int, int]] = {
    "conv": ({}, 4 * 8 * 3 + 16, 2 * 64 * 4 * 8 * 3),
    "twice": (
        {"depth": 2},
        (4 * 8 * 3 + 16) + (8 * 8 * 3 + 16),
        2 * 64 * (4 * 8 * 3 + 8 * 8 * 3),
    ),
    "dilated": ({"kind": "dilated"}, 4 * 8 * 3 + 16, 2 * 64 * 4 * 8 * 3),
    "separable": ({"kind": "separable"}, 4 * 3 + 4 * 8 + 16, 2 * 64 * (4 * 3 + 4 * 8)),
    "multiscale": ({"kind": "multiscale"}, 4 * 4 * 3 + 4 * 4 * 7 + 16, 2 * 64 * 4 * 4 * (3 + 7)),
    "residual": (
        {"residual": True},
        (4 * 8 * 3 + 16) + (4 * 8 + 16),
        2 * 64 * (4 * 8 * 3 + 4 * 8),
    ),
    "squeeze": (
        {"attention": "squeeze"},
        (4 * 8 * 3 + 16) + (8 * 2 + 2) + (2 * 8 + 8),
        2 * 64 * 4 * 8 * 3 + 2 * (8 * 2 + 2 * 8),
    ),
    "self": (
        {"attention": "self"},
        (4 * 8 * 3 + 16) + (8 * 24 + 8 * 8 + 16),
        2 * 64 * (4 * 8 * 3 + 8 * 24 + 8 * 8) + 2 * (2 * 64 * 64 * 8),
    ),
}


@pytest.mark.parametrize(("cell", "parameters", "flops"), BY_HAND.values(), ids=BY_HAND)
def test_cost_is_what_is_counted_by_hand(cell: dict[str, Any], parameters: int, flops: int) -> None:
    options = CellsOptions.model_validate(
        {"stem": {"kernel": 16, "width": 4}, "cells": [{"width": 8, "pooling": "max"} | cell]}
    )
    cost = measure_cost(options, 5, 512)
    assert cost.num_parameters == STEM + parameters + HEAD
    assert cost.flops == STEM_FLOPS + flops + HEAD_FLOPS


def test_size_is_that_of_all_weights_and_running_statistics() -> None:
    options = CellsOptions.model_validate({"stem": {"kernel": 16, "width": 4}, "cells": [{"width": 8}]})
    parameters = STEM + (4 * 8 * 3 + 16) + HEAD
    statistics = 4 * 2 * (4 + 8) + 2 * 8  # mean and variance as float32, and how often as int64
    assert measure_cost(options, 5, 512).size_mb == pytest.approx((4 * parameters + statistics) / 1e6)


def test_longer_window_costs_more_operations_and_no_more_weights() -> None:
    short, long = (measure_cost(EVERYTHING, 5, length) for length in (512, 1024))
    assert (short.num_parameters, short.size_mb) == (long.num_parameters, long.size_mb)
    assert long.flops > 2 * short.flops  # attention grows with the square


def test_measuring_leaves_the_global_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    measure_cost(EVERYTHING, 5, 512)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_window_that_is_too_short_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="10 samples are too short"):
        measure_cost(EVERYTHING, 5, 10)
