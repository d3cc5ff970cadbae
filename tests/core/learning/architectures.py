"""Architectures that tests build."""

from collections.abc import Iterator

import numpy as np

from core.network_specs import ArchitectureSpace, CellsOptions

EVERYTHING = CellsOptions.model_validate(
    {
        "stem": {"kernel": 16, "stride": 4, "width": 6},
        "cells": [
            {"kind": "multiscale", "kernel": 3, "width": 5, "attention": "squeeze", "pooling": "mean"},
            {"kind": "dilated", "kernel": 5, "width": 8, "depth": 2, "residual": True, "pooling": "none"},
            {"kind": "separable", "width": 8, "residual": True, "attention": "self", "pooling": "max"},
            {"kind": "conv", "width": 4, "pooling": "none"},
        ],
        "dropout": 0.25,
    }
)


def draw_architectures(number: int, seed: int) -> Iterator[CellsOptions]:
    """Yield random architectures of the default space."""
    space, generator = ArchitectureSpace(), np.random.default_rng(seed)
    for _ in range(number):
        yield space.decode(
            {name: each[generator.integers(len(each))] for name, each in space.dimensions().items()}
        )
