import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.state.search_terms import find_values, toggle_value, write_value
from core.queries.search import parse_search


@pytest.mark.parametrize(
    ("text", "field", "value", "told"),
    [
        ("", "status", "failed", "status:failed"),
        ("wdcnn", "status", "failed", "wdcnn status:failed"),
        ("status:failed", "status", "running", "status:failed,running"),
        ("status:failed,running lr<1", "status", "failed", "status:running lr<1"),
        ("a status:failed b", "status", "failed", "a b"),
        ("tag:x", "tag", "to check", 'tag:x,"to check"'),
        ("a or b", "status", "failed", "(a or b) status:failed"),
        ("a or b sort:-lr", "status", "failed", "(a or b) sort:-lr status:failed"),
        ("not status:failed", "status", "running", "not status:failed status:running"),
        ("(status:failed)", "status", "running", "(status:failed) status:running"),
        ("name or", "status", "failed", "(name or) status:failed"),
        ('dataset:"a \\"b\\""', "dataset", 'a "b"', ""),
    ],
)
def test_click_changes_its_own_term_alone(text: str, field: str, value: str, told: str) -> None:
    assert toggle_value(text, field, value) == told


def test_term_in_brackets_or_among_alternatives_is_not_taken_for_chosen() -> None:
    assert find_values("status:failed,paused", "status") == ("failed", "paused")
    assert find_values("(status:failed)", "status") == ()
    assert find_values("status:failed or lr<1", "status") == ()
    assert find_values("not status:failed", "status") == ()
    assert find_values("status!=failed", "status") == ()
    assert find_values('"status:failed"', "status") == ()


LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
NAMES = st.text(LETTERS, min_size=1, max_size=12).map(str.strip).filter(bool)


@settings(max_examples=50, deadline=None)
@given(NAMES, NAMES)
def test_any_name_is_read_back_and_taken_away_again(first: str, second: str) -> None:
    once = toggle_value("wdcnn lr<1", "tag", first)
    assert find_values(once, "tag") == (first,)
    parse_search(once)
    twice = toggle_value(once, "tag", second) if second != first else once
    left = f" tag:{write_value(second)}" if second != first else ""
    assert toggle_value(twice, "tag", first) == f"wdcnn lr<1{left}"
