"""The space of architectures that a campaign searches: flat and categorical outside, cells inside."""

from collections.abc import Mapping
from itertools import product
from typing import Any, Self

from pydantic import Field, model_validator

from core.errors import InvalidInputError
from core.network_specs.counting import count_graphs
from core.network_specs.graphs import Layer, layers_of
from core.network_specs.options import (
    MOST_CELLS,
    Attention,
    CellOptions,
    CellsOptions,
    Depth,
    Dropout,
    Kernel,
    Kind,
    Pooling,
    StemKernel,
    StemOptions,
    StemStride,
    Width,
)
from core.specs import Spec

Value = str | int | float | bool
Choices = tuple[Value, ...]

CELL_FIELDS = {  # of CellOptions: field of the space
    "kind": "kinds",
    "kernel": "kernels",
    "width": "widths",
    "depth": "depths",
    "pooling": "poolings",
    "residual": "residuals",
    "attention": "attentions",
}
STEM_FIELDS = {"kernel": "stem_kernels", "stride": "stem_strides", "width": "stem_widths"}


class ArchitectureSpace(Spec):
    """What each part of an architecture may be chosen from; every cell has the same choices."""

    min_cells: int = Field(default=1, ge=1, le=MOST_CELLS)
    max_cells: int = Field(default=3, ge=1, le=MOST_CELLS)
    kinds: tuple[Kind, ...] = ("conv", "separable", "dilated", "multiscale")
    kernels: tuple[Kernel, ...] = (3, 7, 15)
    widths: tuple[Width, ...] = (16, 32, 64)
    depths: tuple[Depth, ...] = (1, 2)
    poolings: tuple[Pooling, ...] = ("none", "max", "mean")
    residuals: tuple[bool, ...] = (False, True)
    attentions: tuple[Attention, ...] = ("none", "squeeze", "self")
    stem_kernels: tuple[StemKernel, ...] = (16, 64)
    stem_strides: tuple[StemStride, ...] = (8,)
    stem_widths: tuple[Width, ...] = (16,)
    dropouts: tuple[Dropout, ...] = (0.0, 0.2)

    @model_validator(mode="after")
    def check_choices(self) -> Self:
        """Refuse a part without a choice, a choice named twice, and fewer cells at most than at least."""
        if self.min_cells > self.max_cells:
            raise ValueError(
                f"min_cells={self.min_cells} is above max_cells={self.max_cells}; lower it or raise max_cells"
            )
        for field in (*CELL_FIELDS.values(), *STEM_FIELDS.values(), "dropouts"):
            choices: Choices = getattr(self, field)
            if not choices:
                raise ValueError(f"{field} names no choice; name one, or leave it out for its default")
            if twice := sorted({str(choice) for choice in choices if choices.count(choice) > 1}):
                raise ValueError(f"{field}={choices} names {', '.join(twice)} twice; name each once")
        return self

    def dimensions(self) -> dict[str, Choices]:
        """Return the choices by name: `cells`, `stem_kernel`, `dropout`, `cell_1_kind` and so on."""
        return self._of_all_cells() | {
            f"cell_{number}_{part}": getattr(self, field)
            for number in range(1, self.max_cells + 1)
            for part, field in CELL_FIELDS.items()
        }

    def decode(self, values: Mapping[str, Any]) -> CellsOptions:
        """Return the architecture of `values`, where those of cells beyond `cells` are ignored.

        Raises InvalidInputError for a name that is no dimension, for a missing one that the architecture
        needs, and for a value that is no choice.
        """
        dimensions = self.dimensions()
        if unknown := sorted(set(values) - set(dimensions)):
            raise InvalidInputError(
                f"the space has no dimension {', '.join(unknown)}; it has {', '.join(dimensions)}"
            )

        def chosen(name: str) -> Any:
            return _check_choice(name, values, dimensions[name])

        return CellsOptions(
            stem=StemOptions(**{part: chosen(f"stem_{part}") for part in STEM_FIELDS}),
            cells=tuple(
                CellOptions(**{part: chosen(f"cell_{number}_{part}") for part in CELL_FIELDS})
                for number in range(1, chosen("cells") + 1)
            ),
            dropout=chosen("dropout"),
        )

    def encode(self, options: CellsOptions) -> dict[str, Value]:
        """Return a value for each dimension; cells that `options` has not got take the first choice of all.

        Raises InvalidInputError where the space does not hold `options`.
        """
        values: dict[str, Any] = {"cells": len(options.cells), "dropout": options.dropout}
        values |= {f"stem_{part}": getattr(options.stem, part) for part in STEM_FIELDS}
        for number, cell in enumerate(options.cells, 1):
            values |= {f"cell_{number}_{part}": getattr(cell, part) for part in CELL_FIELDS}
        dimensions = self.dimensions()
        _check_choice("cells", values, dimensions["cells"])
        return {
            name: _check_choice(name, values, choices) if name in values else choices[0]
            for name, choices in dimensions.items()
        }

    @property
    def size(self) -> int:
        """Return how many architectures of different `architecture_hash` the space holds."""
        around = len(self.stem_kernels) * len(self.stem_strides) * len(self.stem_widths) * len(self.dropouts)
        return around * count_graphs(self._cells(), self.min_cells, self.max_cells)

    def _of_all_cells(self) -> dict[str, Choices]:
        cells = {"cells": tuple(range(self.min_cells, self.max_cells + 1))}
        stem = {f"stem_{part}": getattr(self, field) for part, field in STEM_FIELDS.items()}
        return cells | stem | {"dropout": self.dropouts}

    def _cells(self) -> set[tuple[Layer, ...]]:
        rows = product(*(getattr(self, field) for field in CELL_FIELDS.values()))
        return {layers_of(CellOptions(**dict(zip(CELL_FIELDS, row, strict=True)))) for row in rows}


def _check_choice(name: str, values: Mapping[str, Any], choices: Choices) -> Any:
    if name not in values:
        raise InvalidInputError(f"{name} is missing; choose one of {choices}")
    if values[name] not in choices:
        raise InvalidInputError(
            f"{name}={values[name]!r} is none of {choices}; choose one of these or widen the space"
        )
    return values[name]
