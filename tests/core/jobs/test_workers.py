"""Several workers, started by hand as a team does: ticks are done once, messages that come twice as well."""

import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest

from core.settings import get_settings
from tests.conftest import claimed_redis, throwaway_database
from tests.core.jobs.site import (
    Site,
    has_ended,
    list_processes,
    settled_home,
    wait_for_generation,
    wait_until_gone,
)

pytestmark = pytest.mark.slow


EMBEDDED, TEAM = "filesystem and sqlite", "redis and postgresql"


def on(*names):
    """Say on which brokers and databases a test runs."""
    return pytest.mark.parametrize("place", names, indirect=True)


@pytest.fixture
def place(request, tmp_path):
    """A home without a worker."""
    home = tmp_path / "home"
    with ExitStack() as stack:
        database, broker_url = request.getfixturevalue("sqlite_template"), ""
        if request.param == TEAM:
            template = request.getfixturevalue("postgres_template")
            database = stack.enter_context(throwaway_database(template))
            broker_url = stack.enter_context(claimed_redis())
        yield Site(stack.enter_context(settled_home(home, database=database, broker_url=broker_url)))
        assert list_processes(home) == []


@contextmanager
def workers(number, concurrency):
    """Start workers as a person does, and end them as a person does; none may hang."""
    command = [
        sys.executable, "-m", "celery", "--app", "tests.core.jobs.counting", "--quiet", "worker",
        "--loglevel", "warning", "--concurrency", str(concurrency),
    ]  # fmt: skip
    with ExitStack() as stack:
        started = []
        for place in range(number):
            name = ["--hostname", f"worker{place}@%h"]
            started.append(stack.enter_context(subprocess.Popen([*command, *name], stdin=subprocess.DEVNULL)))
        try:
            yield
        finally:
            for process in started:
                process.terminate()
            if late := [process for process in started if _is_late(process)]:
                for process in late:
                    process.kill()
                pytest.fail(f"{len(late)} of {number} workers did not end in order")


def _is_late(process):
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        return True
    return False


def read_ledger():
    path = get_settings().home / "ledger"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def wait_for(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@on(EMBEDDED, TEAM)
def test_each_tick_is_done_once_by_one_of_the_workers(place):
    with workers(3, concurrency=1):
        wait_for(lambda: len(read_ledger()) >= 8)
    times_done = Counter(due for due, _ in read_ledger())
    assert set(times_done.values()) == {1}


@on(TEAM)
def test_message_that_is_delivered_again_and_again_starts_no_second_run(place):
    # The first occupies the only place of one worker; the second, long taken from the queue, waits there
    # past the visibility timeout and is given to the other worker, too.
    with workers(1, concurrency=1):
        rows = [place.generate(name, records=40, duration_s=1.0) for name in ("first", "second", "third")]
        wait_for_generation(rows[0], lambda row: row.status == "running")
        time.sleep(1)
        with workers(1, concurrency=1):
            ended = [wait_for_generation(row_id, has_ended) for row_id in rows]
    assert [(row.status, row.attempt, row.num_signals) for row in ended] == [("completed", 1, 160)] * 3


@on(EMBEDDED)
def test_worker_that_is_asked_to_end_finishes_its_job_first(place):
    with workers(1, concurrency=1):
        row_id = place.generate("made", records=40, duration_s=1.0)
        wait_for_generation(row_id, lambda row: row.progress > 0)
    row = wait_for_generation(row_id, has_ended, timeout_s=1)
    assert (row.status, row.attempt, row.deaths) == ("completed", 1, 0)
    assert wait_until_gone(list_processes(get_settings().home)) == []
