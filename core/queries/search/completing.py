"""What may come next: the words that begin as the one at the cursor does."""

import re
from collections.abc import Iterable

from sqlalchemy.orm import Session

from core.queries.search.fields import (
    BEST,
    LAST,
    OwnField,
    ParameterField,
    Taken,
    find_field,
    list_field_names,
)
from core.queries.search.known import VOCABULARIES, list_metric_names, list_parameter_texts
from core.queries.search.ordering import SORTS
from core.queries.search.parsing import DIRECTIVES

MOST_WORDS = 20
BARE = re.compile(r"""[^\s()",:=<>!“”„'-][^\s()",:=<>!“”„]*""")
# What stands before the cursor: a field, its operator and values before a comma, and the word begun.
AT_CURSOR = re.compile(
    r'(?:(?P<field>"(?:[^"\\]|\\.)*"|[^\s()",:=<>!]+)\s*(?P<operator>!=|[:=<>]+)\s*'
    r'(?:(?:"(?:[^"\\]|\\.)*"|[^\s()",:=<>]+)\s*,\s*)*)?(?P<begun>"(?:[^"\\]|\\.)*|[^\s()",:=<>]*)$'
)
DAYS = ("today", "yesterday", "7d", "30d")


def suggest_words(session: Session, text: str, position: int) -> list[str]:
    """Return what the word at the cursor may become, ready to stand in its place.

    It begins where `find_word_start` says. Fields come with their colon, values in quotes if they need them.
    """
    match = AT_CURSOR.search(text[:position])
    begun = match["begun"].lstrip('"') if match else ""
    if match is None or match["field"] is None:
        fields = [f"{_quote(name)}:" for name in (*list_field_names(session), *DIRECTIVES)]
        return _begin_with(begun, fields)
    return _begin_with(begun, map(_quote, _list_values(session, match["field"].strip('"'), begun)))


def find_word_start(text: str, position: int) -> int:
    """Return where the word at the cursor begins, with its quote."""
    match = AT_CURSOR.search(text[:position])
    return match.start("begun") if match else position


def _list_values(session: Session, name: str, begun: str) -> list[str]:
    if name.lower() == "sort":
        mark = "-" if begun.startswith("-") else ""
        metrics = (f"{which}{metric}" for metric in list_metric_names(session) for which in (BEST, LAST))
        return [f"{mark}{each}" for each in (*SORTS, *list_field_names(session), *metrics)]
    field = find_field(session, name)
    if isinstance(field, ParameterField):
        return list_parameter_texts(session, field.name)
    if not isinstance(field, OwnField):
        return []
    if field.takes is Taken.CHOICE:
        known = [word for word, _ in VOCABULARIES[field.name].list_all(session)]
        return ["me", *known] if field.name == "owner" else known
    return {Taken.MOMENT: [*DAYS], Taken.FLAG: ["yes", "no"]}.get(field.takes, [])


def _begin_with(begun: str, words: Iterable[str]) -> list[str]:
    folded = begun.casefold()
    found = dict.fromkeys(word for word in words if word.lstrip('"').casefold().startswith(folded))
    return list(found)[:MOST_WORDS]


def _quote(word: str) -> str:
    if BARE.fullmatch(word.removeprefix("-")) and word.lower() not in {"and", "or", "not"}:
        return word
    return '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"'))
