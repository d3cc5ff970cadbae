"""Text in, tree out; what cannot be read is told with its place."""

import unicodedata
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

from core.queries.search.errors import SearchError
from core.queries.search.grammar import OPERATORS, get_parser
from core.queries.search.tree import AllOf, AnyOf, Comparison, Node, Not, Search, Sort, Word, list_leaves
from core.queries.search.words import cut_words

LONGEST_TEXT = 4_000  # characters
MOST_TERMS = 100  # words and values
DEEPEST = 30  # brackets, ands, ors and nots within each other
MOST_RESULTS = 1_000_000
DIRECTIVES = ("sort", "limit")
MEANT = {
    "==": "=", "=<": "<=", "=>": ">=", "<>": "!=", "::": ":", ":=": ":", ":<": "<", ":<=": "<=", ":>": ">",
    ":>=": ">=", "<<": "<", ">>": ">",
}  # fmt: skip


@lru_cache(maxsize=512)
def parse_search(text: str) -> Search:
    """Read a search; what it names is looked up later, by `plan_search`."""
    _check_characters(text)
    try:
        tree = cast("Node | None", cast("Any", get_parser().parse(text)))
    except UnexpectedInput as error:
        raise _explain(text, error) from None
    if tree is None:
        return Search(text, None)
    _check_depth(text, tree)
    search = _take_directives(Search(text, tree))
    if search.tree is not None:
        _check_terms(text, search.tree)
    return search


def _check_characters(text: str) -> None:
    if len(text) > LONGEST_TEXT:
        problem = f"this search has {len(text)} characters, and {LONGEST_TEXT} are the most; search in steps"
        raise SearchError(text, LONGEST_TEXT, len(text) - LONGEST_TEXT, problem)
    for position, char in enumerate(text):
        if unicodedata.category(char) in {"Cc", "Cs"} and not char.isspace():
            raise SearchError(text, position, 1, f"{char!r} is no character to search for; leave it out")


def _check_depth(text: str, tree: Node) -> None:
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST:
            problem = f"brackets and nots stand more than {DEEPEST} deep; write the search flatter"
            raise SearchError(text, 0, len(text), problem)
        if isinstance(node, Not):
            waiting.append((node.part, depth + 1))
        elif isinstance(node, AllOf | AnyOf):
            waiting += [(part, depth + 1) for part in node.parts]


def _check_terms(text: str, tree: Node) -> None:
    count = 0
    for leaf in list_leaves(tree):
        count += len(leaf.values) if isinstance(leaf, Comparison) else 1
        if count > MOST_TERMS:
            problem = f"more than {MOST_TERMS} words and values; search in steps"
            raise SearchError(text, _place_of(leaf).position, _place_of(leaf).length, problem)
        if isinstance(leaf, Comparison):
            _check_comparison(text, leaf)
        else:
            _check_word(text, leaf)


def _place_of(leaf: Word | Comparison) -> Word:
    return leaf.field if isinstance(leaf, Comparison) else leaf


def _check_comparison(text: str, term: Comparison) -> None:
    name = term.field.text
    if term.operator not in OPERATORS:
        problem = f"there is no operator {term.operator}; there are {' '.join(OPERATORS)}"
        meant = MEANT.get(term.operator)
        raise SearchError(text, term.position, len(term.operator), problem, [meant] if meant else [])
    if name.lower() in DIRECTIVES and not term.field.is_quoted:
        problem = f"{name}: holds for the whole search; write it outside of brackets, and without not"
        raise SearchError(text, term.field.position, term.field.length, problem)
    if name.startswith("-") and not term.field.is_quoted:
        problem = "a minus excludes nothing here"
        raise SearchError(text, term.field.position, 1, problem, [f"not {name[1:]}{term.operator}..."])


def _check_word(text: str, word: Word) -> None:
    if not cut_words(word.text):
        problem = f"{word.text!r} holds no letter and no digit to search for; leave it out"
        raise SearchError(text, word.position, word.length, problem)
    if not word.is_quoted and word.text.startswith("-"):
        problem = "a minus excludes nothing here"
        raise SearchError(text, word.position, word.length, problem, [f"not {word.text.lstrip('-')}"])
    if not word.is_quoted and word.text.startswith("'"):
        raise SearchError(text, word.position, 1, "a phrase stands between double quotes", ['"'])


def _take_directives(search: Search) -> Search:
    """Take sort: and limit: from between the terms, where they stand outside of brackets."""
    tree = cast("Node", search.tree)
    sides = tree.parts if isinstance(tree, AnyOf) else (tree,)
    kept: list[Node] = []
    for side in sides:
        terms = side.parts if isinstance(side, AllOf) else (side,)
        rest = tuple(term for term in terms if not _is_directive(term))
        for term in terms:
            if _is_directive(term):
                search = _apply_directive(search, cast("Comparison", term))
        if rest:
            kept.append(rest[0] if len(rest) == 1 else AllOf(rest))
        elif len(sides) > 1:
            lone = cast("Comparison", terms[0]).field
            raise SearchError(search.text, lone.position, lone.length, "`or` waits for a term beside it")
    if not kept:
        return replace(search, tree=None)
    return replace(search, tree=kept[0] if len(kept) == 1 else AnyOf(tuple(kept)))


def _is_directive(node: Node) -> bool:
    return (
        isinstance(node, Comparison)
        and node.operator in {":", "="}
        and not node.field.is_quoted
        and node.field.text.lower() in DIRECTIVES
    )


def _apply_directive(search: Search, term: Comparison) -> Search:
    name, value = term.field.text.lower(), term.values[0]
    stated = search.sort if name == "sort" else search.limit
    if stated is not None or len(term.values) > 1:
        again = term.field if stated is not None else term.values[1]
        raise SearchError(search.text, again.position, again.length, f"{name}: is said once, with one value")
    if name == "limit":
        if not (value.text.isascii() and value.text.isdigit() and 1 <= int(value.text) <= MOST_RESULTS):
            problem = f"limit: is a whole number from 1 to {MOST_RESULTS}, not {value.text!r}"
            raise SearchError(search.text, value.position, value.length, problem)
        return replace(search, limit=int(value.text))
    descending = value.text.startswith("-") and not value.is_quoted
    field = replace(value, text=value.text[1:], position=value.position + 1) if descending else value
    return replace(search, sort=Sort(field, descending))


def _explain(text: str, error: UnexpectedInput) -> SearchError:
    position = error.pos_in_stream or 0
    if not isinstance(error, UnexpectedToken):
        return _explain_character(text, position)
    token = error.token
    if token.type == "$END":
        position = len(text)
    tokens = _list_tokens(text, position)
    before = tokens[-1] if tokens else None
    if before is not None and (waiting := _waits(before)):
        return SearchError(text, before.start_pos or 0, len(before), waiting)
    if token.type == "$END" and (open_bracket := _find_open(tokens)) is not None:
        return SearchError(text, open_bracket, 1, "this bracket is not closed; end it with )")
    length = len(token) if token.type != "$END" else 1
    return SearchError(text, position, length, _describe_unexpected(token))


def _explain_character(text: str, position: int) -> SearchError:
    if text[position] == '"':
        return SearchError(text, position, len(text) - position, 'this quote is not closed; end it with "')
    return SearchError(text, position, 1, f"{text[position]} is no quote here", ['"'])


def _list_tokens(text: str, end: int) -> list[Token]:
    return list(get_parser().lex(text[:end]))


def _waits(token: Token) -> str | None:
    if token.type in {"_AND", "_OR", "_NOT"}:
        return f"`{token}` waits for a term after it; to search for the word, write it in quotes"
    if token.type in {"OPERATOR", "_COMMA"}:
        return f"`{token}` waits for a value after it; one with blanks, brackets or signs stands in quotes"
    if token.type == "_LPAR":
        return "this bracket holds nothing; leave it out, or write it in quotes"
    return None


def _find_open(tokens: list[Token]) -> int | None:
    opened: list[int] = []
    for token in tokens:
        if token.type == "_LPAR":
            opened.append(token.start_pos or 0)
        elif token.type == "_RPAR" and opened:
            opened.pop()
    return opened[-1] if opened else None


def _describe_unexpected(token: Token) -> str:
    if token.type == "_RPAR":
        return "this bracket closes none"
    if token.type in {"_AND", "_OR"}:
        return f"`{token}` waits for a term before it; to search for the word, write it in quotes"
    if token.type == "_COMMA":
        return "a comma stands between the values of a field, as in tag:a,b"
    # Only an operator is left: a word, a quote, `not` or a bracket that opens may begin a term anywhere.
    return f"`{token}` stands between one field and its value; a value that holds it stands in quotes"
