import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from core.models import Tick
from core.services.ticks import claim_tick, last_due
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
NOW = datetime(2026, 3, 1, 12, 0, 2, tzinfo=UTC)


def fire(seconds_later=0.0, by="beat", name="sweep", every_s=5.0):
    with session_scope() as session:
        return claim_tick(session, name, every_s, NOW + timedelta(seconds=seconds_later), by)


def race(seconds_later):
    """Let eight schedulers, whose clocks differ by a little, claim a tick at once; return who got it."""
    start = threading.Barrier(8)

    def claim(number):
        start.wait()
        return number if fire(seconds_later + number / 10, by=f"beat {number}") else None

    with ThreadPoolExecutor(8) as pool:
        return [number for number in pool.map(claim, range(8)) if number is not None]


@BOTH
def test_of_many_schedulers_one_fires_each_tick_the_first_ever_and_the_later_ones(database):
    for seconds_later in (0, 5, 10):
        fired = race(seconds_later)
        assert len(fired) == 1
        with read_scope() as session:
            tick = session.get_one(Tick, "sweep")
        assert tick.fired_by == f"beat {fired[0]}"
        assert tick.due_at == last_due(5, NOW + timedelta(seconds=seconds_later))


def test_tick_is_due_at_multiples_of_its_period_whenever_a_scheduler_was_started():
    assert last_due(5, NOW) == datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    assert last_due(5, NOW + timedelta(seconds=2.999)) == last_due(5, NOW)
    assert last_due(5, NOW + timedelta(seconds=3)) == datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    assert last_due(3600, NOW) == datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def test_scheduler_that_comes_after_a_pause_fires_the_last_tick_only(database):
    assert [fire(), fire(1000), fire(1000.5)] == [True, True, False]


def test_scheduler_whose_clock_is_behind_fires_nothing_twice(database):
    assert [fire(20), fire(10), fire(24)] == [True, False, True]


@pytest.mark.parametrize("every_s", [5.0, 3600.0])
def test_schedule_goes_on_after_a_clock_that_was_ahead_is_set_right(database, every_s):
    years = 10 * 365 * 86_400
    fired = [fire(seconds, every_s=every_s) for seconds in (years, 0, 1, every_s, every_s + 1)]
    assert fired == [True, True, False, True, False]


def test_schedules_tick_apart(database):
    assert fire(name="sweep")
    assert fire(name="tidy", every_s=3600)
    assert not fire(name="tidy", every_s=3600)
