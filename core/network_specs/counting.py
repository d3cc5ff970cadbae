"""How many different graphs some cells can make, where several rows of cells may make the same one."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from core.network_specs.graphs import Convolution, Layer, Pooling

Cell = tuple[Layer, ...]


@dataclass(frozen=True)
class _Letter:
    """A kind of body: what it may be followed by, and how many cells it may take, a set of bits a length."""

    is_run: bool  # a run of one convolution, which several cells can share
    suffixes: frozenset[Cell]  # attention and pooling
    cells: tuple[int, ...]

    @property
    def ends(self) -> frozenset[Cell]:
        """Return what may follow at the very end, where the head makes mean pooling no layer."""
        return frozenset(
            suffix[:-1] if suffix[-1:] == (Pooling("mean"),) else suffix for suffix in self.suffixes
        )


def count_graphs(cells: Collection[Cell], least: int, most: int) -> int:
    """Return how many different graphs `least` to `most` of `cells` in a row have, counted exactly.

    A graph is read in one way only as bodies with their suffixes, where a run of one convolution is taken
    whole; the numbers of cells that could have written it so far are carried along as a set of bits.
    """
    letters = _letters(cells, most)
    allowed = sum(1 << number for number in range(least, most + 1))

    @cache
    def count(taken: int, last: _Letter | None) -> int:
        total = 0
        for letter, number in letters.items():
            others = number - (letter == last)  # the same convolution would be the same run
            for more in letter.cells:
                after = _add(taken, more, most)
                if others and after:
                    total += others * len(letter.ends) * bool(after & allowed)
                    total += others * len(letter.suffixes - {()}) * count(after, None)
                    if () in letter.suffixes:
                        total += others * count(after, letter if letter.is_run else None)
        return total

    return count(1, None)


def _letters(cells: Collection[Cell], most: int) -> Counter[_Letter]:
    depths: dict[Cell, set[int]] = {}
    suffixes: dict[Cell, set[Cell]] = {}
    for cell in cells:
        length = max(1, sum(isinstance(layer, Convolution) for layer in cell))
        body = cell[:1] if len(set(cell[:length])) == 1 else cell[:length]
        depths.setdefault(body, set()).add(length if len(body) == 1 else 1)
        suffixes.setdefault(body, set()).add(cell[length:])
    return Counter(_letter(body, depths[body], suffixes[body], most) for body in depths)


def _letter(body: Cell, depths: set[int], suffixes: set[Cell], most: int) -> _Letter:
    # A dilated convolution begins anew with each cell, so that two of depth 1 are no run.
    first = body[0]
    is_run = len(body) == 1 and isinstance(first, Convolution) and first.dilation == 1 and () in suffixes
    return _Letter(
        is_run, frozenset(suffixes), _cells_of_run(depths, most) if is_run else (0b10,) * len(depths)
    )


def _cells_of_run(depths: set[int], most: int) -> tuple[int, ...]:
    """Return, for each length that `most` cells can have, the numbers of cells that can have it."""
    numbers: Counter[int] = Counter()
    lengths = {0}
    for number in range(1, most + 1):
        lengths = {length + depth for length in lengths for depth in depths}
        for length in lengths:
            numbers[length] |= 1 << number
    return tuple(numbers[length] for length in sorted(numbers))


def _add(taken: int, more: int, most: int) -> int:
    """Return the sums, up to `most`, of a number in `taken` and a number in `more`."""
    sums = 0
    for number in range(1, most + 1):
        if more >> number & 1:
            sums |= taken << number
    return sums & ((1 << most + 1) - 1)
