"""Spaces: flat values and architectures are one another's inverse, and the size is a true count."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from core.errors import InvalidInputError
from core.network_specs import ArchitectureSpace, CellOptions, CellsOptions, architecture_hash
from core.network_specs.spaces import CELL_FIELDS


def draw(space: ArchitectureSpace, generator: np.random.Generator) -> dict[str, Any]:
    return {name: each[generator.integers(len(each))] for name, each in space.dimensions().items()}


def test_every_part_of_a_cell_can_be_searched() -> None:
    assert set(CELL_FIELDS) == set(CellOptions.model_fields)


def test_dimensions_are_named_by_cell_and_part() -> None:
    space = ArchitectureSpace(min_cells=2, max_cells=3, kernels=(3, 5))
    dimensions = space.dimensions()
    assert dimensions["cells"] == (2, 3)
    assert dimensions["cell_3_kernel"] == (3, 5)
    assert dimensions["stem_kernel"] == (16, 64)
    assert len(dimensions) == 5 + 3 * 7


def test_encode_is_the_inverse_of_decode() -> None:
    space, generator = ArchitectureSpace(), np.random.default_rng(0)
    for _ in range(100):
        options = space.decode(draw(space, generator))
        values = space.encode(options)
        assert values.keys() == space.dimensions().keys()
        assert space.decode(values) == options


def test_values_of_cells_that_are_not_there_change_nothing() -> None:
    space, generator = ArchitectureSpace(), np.random.default_rng(0)
    values = draw(space, generator) | {"cells": 1}
    beyond = {
        name: value for name, value in draw(space, generator).items() if name[:6] in ("cell_2", "cell_3")
    }
    assert values != values | beyond
    assert space.decode(values) == space.decode(values | beyond)
    assert space.decode({k: v for k, v in values.items() if k not in beyond}) == space.decode(values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell_1_kernel": 5}, r"cell_1_kernel=5 is none of \(3, 7, 15\); choose one of these or widen"),
        ({"cells": 4}, r"cells=4 is none of \(1, 2, 3\)"),
        ({"cell_4_kind": "conv"}, "no dimension cell_4_kind; it has cells, stem_kernel"),
    ],
)
def test_values_outside_the_space_are_refused(changes: dict[str, Any], message: str) -> None:
    space = ArchitectureSpace()
    with pytest.raises(InvalidInputError, match=message):
        space.decode(space.encode(space_default(space)) | changes)


def space_default(space: ArchitectureSpace) -> CellsOptions:
    return space.decode({name: each[0] for name, each in space.dimensions().items()})


def test_missing_value_is_refused() -> None:
    space = ArchitectureSpace()
    values = space.encode(space_default(space))
    del values["cell_1_width"]
    with pytest.raises(InvalidInputError, match=r"cell_1_width is missing; choose one of \(16, 32, 64\)"):
        space.decode(values)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (({"kernel": 5},), r"cell_1_kernel=5 is none of \(3, 7, 15\)"),
        (({},) * 4, r"cells=4 is none of \(1, 2, 3\)"),
    ],
)
def test_architecture_outside_the_space_is_not_encoded(cells: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        ArchitectureSpace().encode(CellsOptions.model_validate({"cells": cells}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"min_cells": 4}, "min_cells=4 is above max_cells=3; lower it or raise max_cells"),
        ({"kernels": ()}, "kernels names no choice"),
        ({"kernels": (3, 5, 3)}, r"kernels=\(3, 5, 3\) names 3 twice"),
        ({"kernels": (3, 4)}, "4 is even"),
        ({"dropouts": (0.0, 1.0)}, "less than 1"),
        ({"kinds": ("lstm",)}, "kinds"),
        ({"optimizers": ("sgd",)}, "Extra inputs"),
    ],
)
def test_space_that_contradicts_itself_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ArchitectureSpace.model_validate(fields)


ONE = {
    "kinds": ("conv",),
    "kernels": (3,),
    "widths": (8,),
    "depths": (1,),
    "poolings": ("none",),
    "residuals": (False,),
    "attentions": ("none",),
    "stem_kernels": (64,),
    "dropouts": (0.0,),
    "max_cells": 3,
}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"depths": (1, 3)},
        {"depths": (2,), "min_cells": 2},
        {"depths": (2, 3), "poolings": ("none", "mean")},
        {"poolings": ("mean",), "depths": (1, 2)},
        {"poolings": ("max", "mean"), "widths": (4, 8)},
        {"kinds": ("conv", "dilated"), "depths": (1, 2), "poolings": ("none", "max")},
        {"kinds": ("conv", "separable", "multiscale"), "kernels": (1, 3), "max_cells": 2, "depths": (1, 2)},
        {"kernels": (1, 3), "residuals": (False, True), "depths": (1, 2), "poolings": ("none", "mean")},
        {"kernels": (1,), "residuals": (True,), "depths": (1, 2, 4)},
        {"widths": (1, 2), "attentions": ("none", "squeeze"), "kinds": ("conv", "multiscale")},
        {"widths": (1,), "attentions": ("squeeze", "self"), "depths": (1, 2)},
        {"stem_kernels": (16, 64), "dropouts": (0.0, 0.1, 0.2), "min_cells": 2, "depths": (1, 2)},
    ],
)
def test_size_is_the_number_of_different_hashes(fields: dict[str, Any]) -> None:
    space = ArchitectureSpace.model_validate(ONE | fields)
    dimensions = space.dimensions()
    hashes = {
        architecture_hash(space.decode(dict(zip(dimensions, row, strict=True))))
        for row in product(*dimensions.values())
    }
    assert space.size == len(hashes)


def test_size_of_a_wide_space_is_counted_without_listing_it() -> None:
    wide = ArchitectureSpace(
        max_cells=8, kernels=(1, 3, 5, 7, 15, 31), widths=(1, 8, 16, 32), depths=(1, 2, 3)
    )
    assert wide.size > 10**20
