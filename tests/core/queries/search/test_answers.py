"""Both databases and a plain evaluator agree on what a search finds, in order."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from sqlalchemy.orm import Session

from core.queries.search import count_ids, page_ids, paging, parse_search, plan_search
from tests.core.queries.search.conftest import Stores
from tests.core.queries.search.made_rows import NOW
from tests.core.queries.search.made_texts import TEXTS
from tests.core.queries.search.naive import answer


def ids_of(session: Session, text: str, *, archived: bool = False) -> list[int]:
    plan = plan_search(session, text, actor_id=1, now=NOW)
    found = page_ids(session, plan, limit=1_000, archived=archived)
    assert count_ids(session, plan, archived=archived) == len(found)
    return found


def page_of(session: Session, text: str, size: int) -> Iterator[int]:
    plan = plan_search(session, text, actor_id=1, now=NOW)
    for offset in range(0, 60, size):
        yield from page_ids(session, plan, limit=size, offset=offset)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS)
@example("lr!=0.1 or not mixed:1,two")
@example("not (val_accuracy>0.5) sort:-val_accuracy")
@example("bear or not (name:run and café) sort:relevance limit:7")
@example("created<7d or created>yesterday or created<=2026-11")
def test_sqlite_postgresql_and_plain_python_find_the_same_in_the_same_order(
    stores: Stores, text: str
) -> None:
    expected = answer(parse_search(text), stores.records)
    assert ids_of(stores.sqlite, text) == expected
    assert ids_of(stores.postgresql, text) == expected


@pytest.mark.parametrize("steps", [1, 5, 400])
@pytest.mark.parametrize(
    "text",
    [
        "lr>0.001 sort:-val_accuracy",
        "not status:failed sort:best.val_loss",
        "val_accuracy<0.9 tag:baseline sort:-val_accuracy",
        "(tag:paper or optimizer:adam) sort:lr",
        "optimizer:adam,sgd",
        "run sort:-duration",
        "mixed!=two sort:created",
    ],
)
def test_pages_together_are_the_whole_however_soon_a_walk_gives_up(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, text: str, steps: int
) -> None:
    monkeypatch.setattr(paging, "FIRST_STEPS", steps)
    monkeypatch.setattr(paging, "STEPS_A_RESULT", 1)
    expected = answer(parse_search(text), stores.records)
    assert len(expected) >= 4
    assert list(page_of(stores.sqlite, text, 4)) == expected
    assert list(page_of(stores.postgresql, text, 4)) == expected


def test_the_archive_is_looked_at_by_itself_unless_the_search_names_it(stores: Stores) -> None:
    archived = {record.id for record in stores.records if record.archived}
    assert set(ids_of(stores.sqlite, "run", archived=True)) == archived
    assert set(ids_of(stores.sqlite, "run")) == {record.id for record in stores.records} - archived
    for flag in (False, True):
        assert set(ids_of(stores.sqlite, "archived:yes", archived=flag)) == archived
