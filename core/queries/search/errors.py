"""What is wrong with a search, where it stands, and what may have been meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from core.errors import InvalidInputError

SHOWN = 72  # characters of a long text around the place
ALIKE = 0.65  # of 1: far enough that `finished` is not taken for `failed`


class SearchError(InvalidInputError):
    """A search that cannot be answered as it stands; it is never answered as a wider one."""

    def __init__(
        self, text: str, position: int, length: int, problem: str, suggestions: Iterable[str] = ()
    ) -> None:
        self.text, self.position, self.length = text, position, max(length, 1)
        self.problem, self.suggestions = problem, tuple(suggestions)
        super().__init__(f"{self.message}\n{self._show_place()}")

    @property
    def message(self) -> str:
        """The problem and the suggestion in one line, for a reader who sees the place otherwise."""
        meant = " or ".join(self.suggestions)
        return f"{self.problem}; did you mean {meant}?" if meant else self.problem

    def _show_place(self) -> str:
        begin = max(0, self.position - SHOWN // 2)
        shown = "".join(char if char.isprintable() else " " for char in self.text[begin : begin + SHOWN])
        marks = "^" * min(self.length, SHOWN - (self.position - begin))
        return f"  {shown}\n  {' ' * (self.position - begin)}{marks}"


def find_nearest(word: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Return the known words that a typed one is most like, whatever their case."""
    by_fold: dict[str, str] = {}
    for name in known:
        by_fold.setdefault(name.casefold(), name)
    typed = word.casefold()
    near = get_close_matches(typed, by_fold, count, ALIKE)
    begun = [name for name in by_fold if name.startswith(typed) and name not in near] if typed else []
    return tuple(by_fold[name] for name in [*near, *sorted(begun)][:count])
