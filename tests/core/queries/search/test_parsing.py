"""Every rule of the grammar, and every way to break one."""

import pytest

from core.queries.search import SearchError, parse_search
from core.queries.search.tree import AllOf, AnyOf, Comparison, Node, Not, Word
from tests.core.queries.search.examples import BROKEN, READ


def told(node: Node | None) -> str:
    """Write a tree with all its brackets."""
    match node:
        case None:
            return ""
        case Word():
            return f'"{node.text}"' if node.is_quoted else node.text
        case Comparison():
            return f"{node.field.text} {node.operator} {'|'.join(value.text for value in node.values)}"
        case Not(part):
            return f"not({told(part)})"
        case AllOf(parts):
            return "(" + " & ".join(map(told, parts)) + ")"
        case AnyOf(parts):
            return "(" + " | ".join(map(told, parts)) + ")"


@pytest.mark.parametrize(
    ("text", "tree"),
    READ,
)
def test_a_search_is_read_as_its_grammar_says(text: str, tree: str) -> None:
    assert told(parse_search(text).tree) == tree


def test_sort_and_limit_hold_for_the_whole_search_wherever_they_stand() -> None:
    for text in (
        "sort:-best.lr LIMIT:20 a or b",
        "a limit=20 or SORT:-best.lr b",
        "a or b sort:-best.lr limit:20",
    ):
        search = parse_search(text)
        assert search.sort is not None
        assert (search.sort.field.text, search.sort.descending, search.limit) == ("best.lr", True, 20)
    search = parse_search("sort:lr")
    assert search.sort is not None
    assert not search.sort.descending


@pytest.mark.parametrize(
    ("text", "place", "problem", "suggestions"),
    BROKEN,
)
def test_a_search_that_breaks_a_rule_is_refused_with_its_place(
    text: str, place: str | None, problem: str, suggestions: list[str]
) -> None:
    with pytest.raises(SearchError, match=problem) as caught:
        parse_search(text)
    error = caught.value
    assert list(error.suggestions) == suggestions
    if place is not None:
        assert text[error.position : error.position + error.length] == place


def test_an_error_shows_the_text_a_caret_and_what_may_be_meant() -> None:
    with pytest.raises(SearchError) as caught:
        parse_search("tag:paper lr:<3")
    assert str(caught.value).splitlines()[1:] == ["  tag:paper lr:<3", "              ^^"]
    assert str(caught.value).startswith("there is no operator :<")
    assert caught.value.message.endswith("did you mean <?")


def test_the_place_is_shown_in_a_long_text_of_several_lines_too() -> None:
    with pytest.raises(SearchError) as caught:
        parse_search("run\n" * 90 + "and and " + "run\n" * 90)
    _, shown, caret = str(caught.value).splitlines()
    begin = caret.index("^")
    assert shown[begin : begin + 3] == "and"
    assert len(shown) < 80
