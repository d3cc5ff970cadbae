"""No rule of the grammar and no refusal is without an example that the other tests hold to its law."""

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.queries import search
from core.queries.search import SearchError, parse_search, plan_search
from core.queries.search.grammar import get_parser
from tests.core.queries.search.examples import BROKEN, READ, UNKNOWN
from tests.core.queries.search.made_rows import NOW

FOLDER = Path(search.__file__).parent
# What these return is what a search is refused with.
TOLD_BY = {"_waits", "_describe_unexpected", "_unsortable"}


def test_every_alternative_of_every_rule_is_taken_by_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    callbacks = get_parser().parser.parser.parser.callbacks  # type: ignore[attr-defined]  # by rule
    taken = set()
    for rule, build in list(callbacks.items()):

        def note(children: list[Any], rule: Any = rule, build: Callable[..., Any] = build) -> Any:
            taken.add(rule)
            return build(children)

        monkeypatch.setitem(callbacks, rule, note)
    for text, _ in READ:
        parse_search.__wrapped__(text)
    assert set(get_parser().rules) - taken == set()


def test_every_word_of_the_grammar_is_written_in_an_example() -> None:
    parser = get_parser()
    known = {terminal.name for terminal in parser.terminals} - set(parser.ignore_tokens)
    assert known - {token.type for text, _ in READ for token in parser.lex(text)} == set()


def test_every_refusal_is_met_by_an_example(rows: Session) -> None:
    places = {place for path in FOLDER.glob("*.py") for place in _list_refusals(path)}
    assert len(places) > 30
    with _lines_of(FOLDER) as met:
        for text, *_ in BROKEN:
            with pytest.raises(SearchError):
                parse_search.__wrapped__(text)
        for text, *_ in UNKNOWN:
            with pytest.raises(SearchError):
                plan_search(rows, text, actor_id=1, now=NOW)
        with pytest.raises(SearchError, match="nobody is signed in"):
            plan_search(rows, "owner:me")
    assert sorted(places - met) == []


def _list_refusals(path: Path) -> Iterator[tuple[str, int]]:
    """Give file and line of each statement that makes a SearchError or says what one is to say."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef) or function.name == "fail":
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Raise | ast.Return | ast.Expr) and (
                _is_refusal(node) or (function.name in TOLD_BY and _is_told(node))
            ):
                yield path.name, node.lineno


def _is_refusal(statement: ast.stmt) -> bool:
    called = (node.func for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(
        (isinstance(each, ast.Name) and each.id == "SearchError")
        or (isinstance(each, ast.Attribute) and each.attr == "fail")
        for each in called
    )


def _is_told(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Return):
        return False
    value = statement.value
    return not (value is None or (isinstance(value, ast.Constant) and value.value is None))


@contextmanager
def _lines_of(folder: Path) -> Iterator[set[tuple[str, int]]]:
    """Note file and line of all that is run in a folder."""
    met: set[tuple[str, int]] = set()

    def note(frame: FrameType, event: str, _: Any) -> Any:
        path = Path(frame.f_code.co_filename)
        if path.parent != folder:
            return None
        if event == "line":
            met.add((path.name, frame.f_lineno))
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        yield met
    finally:
        sys.settrace(before)
