"""Every rule of the grammar, and every way to break one."""

import pytest

from core.queries.search import SearchError, parse_search
from core.queries.search.tree import AllOf, AnyOf, Comparison, Node, Not, Word


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
    [
        ("", ""),
        ("  \n\t ", ""),
        ("wdcnn", "wdcnn"),
        ("wdcnn bearing", "(wdcnn & bearing)"),
        ('"load zone"', '"load zone"'),
        (r'"a \"b\" \\ \c"', r'"a "b" \ \c"'),
        ("a AND b And c", "(a & b & c)"),
        ("a or b OR c", "(a | b | c)"),
        ("a b or c and d", "((a & b) | (c & d))"),
        ("a (b or c)", "(a & ((b | c)))"),
        ("not a b", "(not(a) & b)"),
        ("NOT (a or b)", "not(((a | b)))"),
        ("not not a", "not(not(a))"),
        ("tag:a", "tag : a"),
        ("tag:a,b , c", "tag : a|b|c"),
        ('dataset:"name with blanks"', "dataset : name with blanks"),
        ('"val acc">0.5', "val acc > 0.5"),
        ("lr=1 lr!=1 lr<1 lr<=1 lr>1 lr>=1", "(lr = 1 & lr != 1 & lr < 1 & lr <= 1 & lr > 1 & lr >= 1)"),
        ("lr < 1e-3", "lr < 1e-3"),
        ("best.val_accuracy>95% last.loss/train<-1", "(best.val_accuracy > 95% & last.loss/train < -1)"),
        ("order android notes", "(order & android & notes)"),
        ('"and" x', '("and" & x)'),
        ("wow! run-1", "(wow! & run-1)"),
        ("sort:x", ""),
        ("a sort:-x or b limit:5", "(a | b)"),
        ('"sort":x', "sort : x"),
    ],
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
    [
        ('run "load zone', '"load zone', "quote is not closed", []),
        (r'"a\"', r'"a\"', "quote is not closed", []),
        ("“load", "“", "no quote", ['"']),
        ("'load zone'", "'", "double quotes", ['"']),
        ("a (b or (c)", "(", "bracket is not closed", []),
        ("a) b", ")", "closes none", []),
        ("a ()", "(", "holds nothing", []),
        ("a and", "and", "waits for a term after", []),
        ("a or )", "or", "waits for a term after", []),
        ("OR a", "OR", "waits for a term before", []),
        ("a or or b", "or", "waits for a term after", []),
        ("not", "not", "waits for a term after", []),
        ("(a and) b", "and", "waits for a term after", []),
        ("lr<", "<", "waits for a value", []),
        ("tag: or b", ":", "waits for a value", []),
        ("tag:a,", ",", "waits for a value", []),
        ("tag:(a or b)", ":", "waits for a value", []),
        ("a, b", ",", "between the values", []),
        ("<3", "<", "between one field and its value", []),
        ("a:b:c", ":", "between one field and its value", []),
        ("0.1<lr<0.5", "<", "between one field and its value", []),
        ("lr==3", "==", "no operator", ["="]),
        ("lr:<3", ":<", "no operator", ["<"]),
        ("lr=>3", "=>", "no operator", [">="]),
        ("lr<>3", "<>", "no operator", ["!="]),
        ("-run", "-run", "minus excludes nothing", ["not run"]),
        ("-tag:paper", "-", "minus excludes nothing", ["not tag:..."]),
        ("a & b", "&", "no letter and no digit", []),
        ('a ""', '""', "no letter and no digit", []),
        ("a \x00b", "\x00", "no character", []),
        ("a \ud800", "\ud800", "no character", []),
        ("sort:a sort:b", "sort", "said once", []),
        ("sort:a,b", "b", "said once", []),
        ("limit:0", "0", "whole number from 1", []),
        ("limit:ten", "ten", "whole number from 1", []),
        ("limit:99999999999999999999", "9" * 20, "whole number from 1", []),
        ("limit<5", "limit", "the whole search", []),
        ("(a limit:5)", "limit", "the whole search", []),
        ("not sort:x", "sort", "the whole search", []),
        ("a or sort:x", "sort", "waits for a term", []),
        ("a " * 101, "a", "more than 100", []),
        ("tag:" + "a," * 100 + "a", "tag", "more than 100", []),
        ("a" * 4_001, "a", "4001 characters", []),
        ("not " * 900 + "a", None, "more than 30 deep", []),
        ("(" * 900 + "a" + ")" * 900, None, "more than 30 deep", []),
        ("(" * 4_000, "(", "holds nothing", []),
    ],
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
