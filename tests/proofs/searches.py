"""Answer made-up searches on SQLite, on PostgreSQL and in plain Python: `python -m tests.proofs.searches`.

Hypothesis makes them over some hundred experiments that differ in all that a search looks at. The ids must be
the same in the same order, whole and by the page, however soon a walk along an index gives up; else exit 1.
PostgreSQL is that of BRINELL_TEST_POSTGRES_URL.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from rich.console import Console
from sqlalchemy.orm import Session

from core.queries.search import count_ids, page_ids, paging, parse_search, plan_search
from core.settings import get_settings
from core.storage import migrations
from tests.core.queries.search.conftest import stored_session
from tests.core.queries.search.made_rows import NOW, Record, make_records
from tests.core.queries.search.made_texts import TEXTS
from tests.core.queries.search.naive import answer
from tests.proofs.databases import empty_database

PAGES = st.tuples(st.integers(0, 40), st.integers(1, 40), st.sampled_from([1, 10, 400]))
console = Console(width=110, highlight=False)


def main(
    number: int = typer.Option(2_000, min=1, help="searches to answer"),
    experiments: int = typer.Option(300, min=1, help="that they are about"),
    with_seed: int = typer.Option(0, "--seed", help="of hypothesis"),
) -> None:
    """Answer every search three ways, and count how many found something."""
    records = make_records(experiments, seed=with_seed)
    found: Counter[str] = Counter()

    @seed(with_seed)
    @settings(
        max_examples=number, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(text=TEXTS, page=PAGES, archived=st.booleans())
    def check(text: str, page: tuple[int, int, int], archived: bool) -> None:
        expected = answer(parse_search(text), records, archived=archived)
        for name, session in sessions.items():
            _check_answer(name, session, text, page, archived=archived, expected=expected)
        found["some" if expected else "none"] += 1

    with _sessions(records) as sessions:
        check()
    console.print(
        f"{found.total()} searches over {experiments} experiments: SQLite, PostgreSQL and plain Python agree "
        f"on every id and its place; {found['some']} found something"
    )
    if found.total() < number:
        raise typer.Exit(1)


def _check_answer(
    name: str, session: Session, text: str, page: tuple[int, int, int], *, archived: bool, expected: list[int]
) -> None:
    offset, limit, paging.FIRST_STEPS = page
    plan = plan_search(session, text, actor_id=1, now=NOW)
    whole = page_ids(session, plan, limit=100_000, archived=archived)
    assert whole == expected, f"{name}: {text}: {whole} is not {expected}"
    part = page_ids(session, plan, limit=limit, offset=offset, archived=archived)
    assert part == expected[offset : offset + limit], f"{name}: {text}, {limit} after {offset}: {part}"
    assert count_ids(session, plan, archived=archived) == len(expected), f"{name}: {text}: a false count"


@contextmanager
def _sessions(records: list[Record]) -> Iterator[dict[str, Session]]:
    with empty_database("sqlite"):
        migrations.upgrade()
        sqlite_url = get_settings().resolved_database_url
        with empty_database("postgresql"):
            migrations.upgrade()
            with (
                stored_session(sqlite_url, records) as sqlite,
                stored_session(get_settings().resolved_database_url, records) as postgresql,
            ):
                yield {"SQLite": sqlite, "PostgreSQL": postgresql}


if __name__ == "__main__":
    typer.run(main)
