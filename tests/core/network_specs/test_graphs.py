"""Graphs: what is one network has one hash however it is written, and what differs has another."""

import json
from itertools import combinations
from typing import Any

import pytest

from core.network_specs import CellsOptions, architecture_hash, canonical


def options(*cells: dict[str, Any], **others: Any) -> CellsOptions:
    return CellsOptions.model_validate({"cells": cells, **others})


LAST = {"width": 8}  # a cell after those in question, so that they are not at the end

EQUAL = {
    "separable of kernel 1 is conv": (
        options({"kind": "separable", "kernel": 1}, LAST),
        options({"kind": "conv", "kernel": 1}, LAST),
    ),
    "dilated of kernel 1 is conv": (
        options({"kind": "dilated", "kernel": 1, "depth": 3}, LAST),
        options({"kind": "conv", "kernel": 1, "depth": 3}, LAST),
    ),
    "multiscale of width 1 is conv": (
        options({"kind": "multiscale", "width": 1}, LAST),
        options({"kind": "conv", "width": 1}, LAST),
    ),
    "squeeze of width 1 is none": (
        options({"width": 1, "attention": "squeeze"}, LAST),
        options({"width": 1, "attention": "none"}, LAST),
    ),
    "shortcut beside one conv of kernel 1 is none": (
        options({"kernel": 1, "residual": True}, LAST),
        options({"kernel": 1, "residual": False}, LAST),
    ),
    "shortcut beside what comes down to one conv of kernel 1 is none": (
        options({"kind": "separable", "kernel": 1, "residual": True}, LAST),
        options({"kind": "dilated", "kernel": 1, "residual": False}, LAST),
    ),
    "mean pooling at the end is none": (
        options(LAST, {"pooling": "mean"}),
        options(LAST, {"pooling": "none"}),
    ),
    "two cells in a row are the deeper cell": (
        options({"pooling": "none"}, {"depth": 2, "attention": "self", "pooling": "max"}),
        options({"depth": 3, "attention": "self", "pooling": "max"}),
    ),
    "two separable cells in a row are the deeper cell": (
        options({"kind": "separable", "pooling": "none"}, {"kind": "separable"}),
        options({"kind": "separable", "depth": 2}),
    ),
    "defaults may be left out": (
        options({"kernel": 3, "depth": 1, "residual": False}, dropout=0),
        options({}, stem={"stride": 8}),
    ),
    "numbers of one value are one": (options({}, dropout=-0.0), options({}, dropout=0)),
}

DIFFERENT = [
    options({}),
    options({}, {}),
    options({}, dropout=0.1),
    options({}, stem={"kernel": 32}),
    options({}, stem={"stride": 4}),
    options({}, stem={"width": 8}),
    options({"kind": "separable"}),
    options({"kind": "dilated"}),
    options({"kind": "multiscale"}),
    options({"kind": "multiscale", "kernel": 1}),  # its other kernel is 3
    options({"kernel": 1}),
    options({"kernel": 5}),
    options({"width": 8}),
    options({"depth": 2}),
    options({"pooling": "mean"}),
    options({"pooling": "mean"}, {}),
    options({"residual": True}),
    options({"residual": True, "depth": 2}),
    options({"residual": True, "pooling": "none"}, {}),
    options({"kernel": 1, "residual": True, "depth": 2}),
    options({"kernel": 1, "depth": 2}),
    options({"attention": "squeeze"}),
    options({"attention": "self"}),
    options({"kind": "dilated", "depth": 2}),  # dilations 2, 4
    options({"kind": "dilated", "pooling": "none"}, {"kind": "dilated"}),  # 2, 2
    options({"width": 1, "attention": "self"}),
    options({"width": 1}),
]


@pytest.mark.parametrize("pair", EQUAL.values(), ids=EQUAL)
def test_equal_networks_have_one_hash(pair: tuple[CellsOptions, CellsOptions]) -> None:
    first, second = pair
    assert canonical(first) == canonical(second)
    assert architecture_hash(first) == architecture_hash(second)


def test_different_networks_have_different_hashes() -> None:
    hashes = [architecture_hash(each) for each in DIFFERENT]
    twice = [(i, j) for i, j in combinations(range(len(hashes)), 2) if hashes[i] == hashes[j]]
    assert twice == []


@pytest.mark.parametrize("each", DIFFERENT)
def test_canonical_form_is_json(each: CellsOptions) -> None:
    assert json.loads(json.dumps(canonical(each))) == canonical(each)


def test_hash_is_the_same_in_every_version() -> None:
    # Hashes are stored with trials: what they are made of may not change unseen.
    assert (
        architecture_hash(CellsOptions())
        == "b973afa0be503db5b1b84f5c6b2f08e4c6697ea3639327b8c11dcf4c657ce270"
    )
