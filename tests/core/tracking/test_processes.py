import signal
import time

import pytest
from sqlalchemy import select

from core.clock import utc_now
from core.models import Experiment
from core.services.silent_loops import WINDOW_S
from core.storage.database import read_scope
from core.workspace import Workspace
from tests.core.tracking.conftest import get_row, list_epochs, number_epochs

BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True
)
LOOP = """
with Workspace().experiment(name="loop", total_epochs=300) as run:
    for n in range(300):
        run.log_epoch(val_loss=1 / (n + 1), f1=n)
    run.log_result(test_accuracy=0.5)
print(run.id)
"""
PAUSE_S = 0.005
ENDLESS = f"""
run = Workspace().experiment()
print(run.id, flush=True)
for n in range(1, 1_000_000):
    run.log_epoch(val_loss=1 / n, f1=n)
    print(n, time.time(), flush=True)
    time.sleep({PAUSE_S})
"""
FORK = """
import multiprocessing
run = Workspace().experiment()
run.log_epoch(val_loss=0.5)
def work(queue):
    try:
        run.log_epoch(val_loss=9.0)
    except Exception as error:
        queue.put(f"{type(error).__name__}: {error}")
context = multiprocessing.get_context("fork")
queue = context.Queue()
for n in range(5):
    child = context.Process(target=work, args=(queue,))
    child.start()
    run.log_epoch(val_loss=0.25)
    print(queue.get(timeout=30))
    child.join()
if pid := os.fork():
    assert os.waitpid(pid, 0)[1] == 0
    run.finish()
else:
    sys.exit(0)  # as a program would, with all that runs at the end
assert "torch" not in sys.modules
"""


def end(process):
    told, wrong = process.communicate(timeout=60)
    assert process.returncode == 0, wrong
    return told.split("\n")


@BOTH
def test_processes_that_log_at_once_lose_nothing(start, database):
    ids = {int(end(each)[0]) for each in [start(LOOP), start(LOOP)]}
    assert len(ids) == 2
    for each in ids:
        assert number_epochs(each) == list(range(1, 301))
        assert get_row(each).status == "completed"
    assert {get_row(each).name for each in ids} == {"loop", "loop 2"}


@BOTH
def test_killed_process_loses_the_window_at_most_and_leaves_a_whole_row(start, database):
    process = start(ENDLESS)
    number = int(process.stdout.readline())
    told = [process.stdout.readline() for _ in range(150)]
    process.send_signal(signal.SIGKILL)
    killed_at = time.time()
    told += process.communicate()[0].splitlines()
    logged = [(int(n), float(at)) for n, at in (line.split() for line in told if line.count(" ") == 1)]
    stored = number_epochs(number)
    assert stored == list(range(1, len(stored) + 1))
    # What was logged before the window is stored. A busy machine keeps the storing thread waiting as it does
    # the loop, whose calls are 5 ms apart otherwise: what it lost in the last two windows comes on top.
    lost = 2 * WINDOW_S - PAUSE_S * sum(at > killed_at - 2 * WINDOW_S for _, at in logged)
    safe = max(n for n, at in logged if at < killed_at - WINDOW_S - lost)
    assert len(stored) >= safe > 0
    with Workspace().experiment(resume=number) as run:  # at once: its process is known to be gone
        run.log_epoch(val_loss=0.0)
    assert number_epochs(number) == [*stored, stored[-1] + 1]
    assert get_row(number).heartbeat_at <= utc_now()


def test_fork_neither_logs_nor_repeats_what_its_parent_logs(start, database):
    told = end(start(FORK))
    refused = "is logged by the process that began it, and this is a fork of it"
    assert [refused in line for line in told[:5]] == [True] * 5
    with read_scope() as session:
        (number,) = session.scalars(select(Experiment.id))
    assert [e.val_loss for e in list_epochs(number)] == [0.5] + [0.25] * 5
    assert get_row(number).status == "completed"


@BOTH
def test_program_that_ends_without_leaving_its_block_has_all_it_logged_stored(start, database):
    end(start("run = Workspace().experiment()\nfor n in range(50): run.log_epoch(val_loss=n)"))
    with read_scope() as session:
        (number,) = session.scalars(select(Experiment.id))
    assert number_epochs(number) == list(range(1, 51))
    assert get_row(number).status == "failed"
    assert get_row(number).error_message.startswith("its program ended without leaving its block")
