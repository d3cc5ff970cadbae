"""What a search names is looked up; what is not stored or not comparable is told, with what may be meant."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from core.errors import InvalidInputError
from core.queries.search import SearchError, page_ids, parse_search, plan_search
from core.queries.search.values import read_number, read_period, read_seconds
from tests.core.queries.search.conftest import Stores
from tests.core.queries.search.examples import UNKNOWN
from tests.core.queries.search.made_rows import NOW
from tests.core.queries.search.naive import answer


@pytest.mark.parametrize(
    ("text", "place", "problem", "suggestions"),
    UNKNOWN,
)
def test_what_is_not_known_is_refused_with_its_place_and_the_nearest_word(
    rows: Session, text: str, place: str, problem: str, suggestions: list[str]
) -> None:
    with pytest.raises(SearchError, match=problem) as caught:
        plan_search(rows, text, actor_id=1, now=NOW)
    error = caught.value
    assert text[error.position : error.position + error.length] == place
    assert list(error.suggestions)[: len(suggestions)] == suggestions
    assert bool(error.suggestions) is bool(suggestions)


@pytest.mark.parametrize(
    "text",
    [
        "Model:WDCNN", "owner:me", "owner:me,bob", "tag:to-check", 'tag:"TO CHECK"', "tag:CAFÉ",
        'dataset:"paderborn 2016"', "optimizer:TRUE", "val_accuracy>=95%", "lr:1e-2,0.1",
        "param.val_accuracy:.5", "duration<=1h30m", "created:2026-11", "epochs>5", "id:3,7",
        "source!=training", "notes!=x", "id<2.5", "id>=58.2", "id!=1,2.5",
        "id<99999999999", "id!=99999999999", "epochs<1e300",
        "campaign:sweep-two", "lr<1 sort:-best.val_accuracy", "status:failed sort:relevance",
    ],
)  # fmt: skip
def test_what_is_known_is_found_on_both_databases(stores: Stores, text: str) -> None:
    expected = answer(parse_search(text.replace("Model", "model")), stores.records)
    assert expected
    for session in (stores.sqlite, stores.postgresql):
        assert page_ids(session, plan_search(session, text, actor_id=1, now=NOW), limit=100) == expected


def test_nobody_is_me_where_nobody_is_signed_in(rows: Session) -> None:
    with pytest.raises(SearchError, match="nobody is signed in"):
        plan_search(rows, "owner:me")


def test_the_longest_search_that_is_read_is_answered_on_both_databases(stores: Stores) -> None:
    longest = " or ".join(f"(lr:{n} not tag:paper)" for n in range(45))
    deepest = "not (" * 13 + "lr:0.1 or tag:paper" + ")" * 13
    for session in (stores.sqlite, stores.postgresql):
        for text in (longest, deepest, "run " * 100, "val_loss<9 " * 100):
            page_ids(session, plan_search(session, text), limit=10)


@pytest.mark.parametrize(
    "name", ["id", "name", "model", "dataset", "created_at", "duration_s", "lr", "best.val_loss"]
)
def test_a_page_is_sorted_by_what_is_asked_unless_the_text_says_it(stores: Stores, name: str) -> None:
    word = {"created_at": "created", "duration_s": "duration"}.get(name, name)
    for session in (stores.sqlite, stores.postgresql):
        plan, sorting = plan_search(session, "run"), plan_search(session, "run sort:-epochs")
        by_text = page_ids(session, plan_search(session, f"run sort:{word}"), limit=100)
        assert page_ids(session, plan, sort=name, descending=False, limit=100) == by_text
        by_epochs = page_ids(session, sorting, limit=100)
        assert page_ids(session, sorting, sort=name, descending=False, limit=100) == by_epochs != by_text


def test_a_sort_that_is_not_known_is_refused_with_the_nearest(rows: Session) -> None:
    with pytest.raises(InvalidInputError, match="did you mean val_accuracy"):
        page_ids(rows, plan_search(rows, ""), sort="val_acc", limit=5)
    with pytest.raises(InvalidInputError, match=r"'nonsense' to sort by; columns are .* FROM metrics"):
        page_ids(rows, plan_search(rows, ""), sort="nonsense", limit=5)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-3", -3), ("1e-3", 0.001), (".5", 0.5), ("5.", 5.0), ("95%", 0.95), ("+2E2", 200.0),
     ("1_000", None), ("inf", None), ("nan", None), ("1e999", None), ("٣", None), ("0x10", None), ("", None),
     ("%", None),
     (str(2**70), float(2**70))],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(text: str, value: float | None) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5h", 5400), ("1h30m", 5400), ("2d", 172_800), ("1w", 604_800),
     ("250ms", 0.25), ("10min", 600), ("h", None), ("1h30", None), ("5%", None), ("soon", None)],
)  # fmt: skip
def test_a_duration_is_read_in_seconds(text: str, seconds: float | None) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize(
    ("text", "start", "stop"),
    [
        ("2026-11-01", "2026-11-01", "2026-11-02"),
        ("2026-2", "2026-02-01", "2026-03-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("2024", "2024-01-01", "2025-01-01"),
        ("TODAY", "2026-11-22", "2026-11-23"),
        ("yesterday", "2026-11-21", "2026-11-22"),
        ("7d", "2026-11-15 15:30", None),
        ("2w", "2026-11-08 15:30", None),
        ("12h", "2026-11-22 03:30", None),
    ],
)
def test_a_date_is_a_period_in_utc(text: str, start: str, stop: str | None) -> None:
    period = read_period(text, NOW)
    assert period is not None
    assert period.start == datetime.fromisoformat(
        f"{start}+00:00" if ":" in start else f"{start}T00:00+00:00"
    )
    assert period.stop == (stop and datetime.fromisoformat(f"{stop}T00:00+00:00"))


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-00", "9999", "9999-12-31", "0000", "26-11-01", "7", "7x"]
)
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert read_period(text, NOW) is None
