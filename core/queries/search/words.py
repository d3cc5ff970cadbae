"""Words and phrases as the full-text indexes of both databases understand them.

A word is a run of letters and digits, in lower case and without accents. An unquoted word finds those that
begin with it, a phrase stands as it is. FTS5 cuts it itself; for PostgreSQL it is cut here, by the same rule.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from core.models import Experiment

WEIGHTS = {"name": "A", "model_type": "B", "notes": "C"}
EVERYWHERE = tuple(WEIGHTS)
LONGEST_WORD = 500  # as the trigger cuts them
_INDEX = table("experiment_words", column("rowid"), column("experiment_words"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row; of an unquoted one the last is the beginning of a word."""

    text: str
    is_open: bool
    column: str | None = None  # None: wherever free text counts

    def columns(self, heard_in: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns in which it is looked for."""
        return heard_in if self.column is None else (self.column,)


def cut_words(text: str) -> list[str]:
    """Cut a text as PostgreSQL's `brinell_words` does."""
    lowered = unicodedata.normalize("NFD", text).lower()
    bare = re.sub("[\u0300-\u036f]", "", lowered)
    spaced = "".join(char if _is_of_word(char) else " " for char in bare)
    return [word[:LONGEST_WORD] for word in spaced.split()]


def _is_of_word(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] == "L" or category == "Nd"


def match_words(
    phrases: tuple[Phrase, ...], *, any_of: bool, heard_in: tuple[str, ...], dialect: str
) -> ColumnElement[bool]:
    """Return the condition that the index finds all phrases, or any."""
    if dialect == "sqlite":
        return Experiment.id.in_(select_said(phrases, any_of=any_of, heard_in=heard_in).correlate(None))
    asked = (" | " if any_of else " & ").join(_to_tsquery(phrase, heard_in) for phrase in phrases)
    return Experiment.search_vector.op("@@", is_comparison=True)(cast(asked, TSQUERY))


def select_said(phrases: tuple[Phrase, ...], *, any_of: bool, heard_in: tuple[str, ...]) -> Select[Any]:
    """Select from SQLite's index the ids where it finds all phrases, or any."""
    asked = (" OR " if any_of else " AND ").join(_to_fts5(phrase, heard_in) for phrase in phrases)
    return select(_INDEX.c.rowid).where(_INDEX.c.experiment_words.op("MATCH", is_comparison=True)(asked))


def _to_fts5(phrase: Phrase, heard_in: tuple[str, ...]) -> str:
    quoted = '"{}"'.format(phrase.text.replace('"', '""')) + ("*" if phrase.is_open else "")
    columns = phrase.columns(heard_in)
    return quoted if columns == EVERYWHERE else f"{{{' '.join(columns)}}} : {quoted}"


def _to_tsquery(phrase: Phrase, heard_in: tuple[str, ...]) -> str:
    columns = phrase.columns(heard_in)
    weights = "" if columns == EVERYWHERE else "".join(WEIGHTS[name] for name in columns)
    words = cut_words(phrase.text)
    marks = [weights] * (len(words) - 1) + [("*" if phrase.is_open else "") + weights]
    lexemes = [f"'{word}'" + (f":{mark}" if mark else "") for word, mark in zip(words, marks, strict=True)]
    return f"({' <-> '.join(lexemes)})"
