"""A search as it was read: words, comparisons, and how they are joined."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a quoted phrase, as free text, as a field's name or as a value."""

    text: str
    position: int
    length: int  # as typed, with its quotes
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, an operator, and a value or several of which any will do."""

    field: Word
    operator: str  # : = != < <= > >=
    values: tuple[Word, ...]
    position: int  # of the operator


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    """What holds together."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Of what at least one holds."""

    parts: tuple["Node", ...]


Node = Word | Comparison | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Sort:
    """What the results are ordered by."""

    field: Word
    descending: bool


@dataclass(frozen=True, slots=True)
class Search:
    """A whole search; without a tree it finds everything."""

    text: str
    tree: Node | None
    sort: Sort | None = None
    limit: int | None = None


def list_leaves(node: Node) -> Iterator[Word | Comparison]:
    """Go through the words and comparisons of a tree, from left to right."""
    if isinstance(node, Not):
        yield from list_leaves(node.part)
    elif isinstance(node, AllOf | AnyOf):
        for part in node.parts:
            yield from list_leaves(part)
    else:
        yield node
