import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.errors import LostProcessError, UnreadableFileError
from core.specs import StatedFacts
from core.storage import reading
from core.storage.readers import confinement

STATED = StatedFacts(rate_hz=1000.0, fault_class="ball")
STANDS_IN = """
import os, resource, signal, socket, struct, sys, time
from core.storage.readers.protocol import Done, Ready, send_frame
connection = socket.socket(fileno=0)
send_frame(connection, Ready())
socket.recv_fds(connection, 65536, 1)
say = lambda body: connection.sendall(struct.pack("<I", len(body)) + body)
"""


@pytest.fixture
def honest(tmp_path):
    np.save(tmp_path / "run.npy", np.sin(np.arange(3_000_000)).astype(np.float32))
    return tmp_path / "run.npy"


def read(reader: reading.Reader, path: Path) -> list[np.ndarray]:
    with path.open("rb") as file:
        return [np.concatenate(list(chunks)) for _, chunks in reader.read(file, path.name, STATED)]


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Have other code stand where the reader's does."""

    def act(code: str) -> reading.Reader:
        script = tmp_path / "stand_in.py"
        script.write_text(STANDS_IN + code)
        popen = subprocess.Popen
        monkeypatch.setattr(
            reading.subprocess, "Popen", lambda _command, **how: popen([sys.executable, str(script)], **how)
        )
        return reading.Reader()

    return act


def test_samples_come_back_as_they_were_and_the_process_is_kept(honest):
    with reading.borrow_reader(0) as first:
        (samples,) = read(first, honest)
    with reading.borrow_reader(0) as second:
        read(second, honest)
    assert samples.tobytes() == np.load(honest).tobytes()
    assert second.pid == first.pid


def test_refused_file_says_why_and_the_next_is_read(tmp_path, honest):
    (tmp_path / "bad.mat").write_bytes(b"nothing")
    with reading.borrow_reader(0) as reader:
        with pytest.raises(UnreadableFileError, match=r"bad\.mat should begin as"):
            read(reader, tmp_path / "bad.mat")
        assert len(read(reader, honest)) == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"made its reader crash \(SIGSEGV\)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "stopped by the system, most likely for want of memory"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", "took more than 23 s of processor time"),
        ("os._exit(7)", r"made its reader end \(exit code 7\)"),
        ("connection.sendall(b'nonsense' * 9)", "answer what no reader answers"),
        ("say(b'{}')", "answer what no reader answers"),
        ("say(b'[' * 5000)", "answer what no reader answers"),
        ("say(b'{\"kind\": \"channel\"}')", "answer what no reader answers"),
        ("say(b'{\"kind\": \"member\", \"name\": \"a\", \"place\": 0}')", "answer what no reader answers"),
    ],
)  # fmt: skip
def test_reader_that_dies_or_lies_refuses_its_file_and_is_ended(stand_in, honest, code, reason):
    reader = stand_in(code)
    with pytest.raises(UnreadableFileError, match=rf"reading run\.npy .*{reason}.* fetch or export it again"):
        read(reader, honest)
    assert not reader.can_be_asked


def test_reader_that_hangs_is_stopped(stand_in, honest, monkeypatch):
    monkeypatch.setattr(confinement, "WALL_FACTOR", 0.02)
    reader = stand_in("time.sleep(3600)")
    with pytest.raises(UnreadableFileError, match="took longer than 0 s and was stopped"):
        read(reader, honest)
    assert not reader.can_be_asked


def test_reader_that_does_not_start_loses_the_job_not_the_file(stand_in, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "STANDS_IN", "")
    with pytest.raises(LostProcessError, match="did not start"):
        stand_in("raise SystemExit(3)")


def test_answer_that_was_not_taken_to_its_end_reaches_no_other_file(honest):
    with honest.open("rb") as file, reading.borrow_reader(0) as first:
        answers = first.read(file, "run.npy", STATED)
        next(answers)  # and the answers stay open, as an error's traceback keeps them
    with reading.borrow_reader(0) as second:
        assert len(read(second, honest)[0]) == 3_000_000
    assert second.pid != first.pid


def test_reader_is_confined(honest):
    reader = reading.Reader()
    process = psutil.Process(reader.pid)
    try:
        read(reader, honest)
        assert process.rlimit(psutil.RLIMIT_NOFILE) == (4, 4)
        assert process.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
        assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert process.rlimit(psutil.RLIMIT_AS)[0] == confinement.memory_bytes()
        assert process.rlimit(psutil.RLIMIT_CPU)[0] < 60
        assert not [name for name in process.environ() if name.startswith("BRINELL")]
    finally:
        reader.end()


def test_confined_process_can_open_no_file(tmp_path):
    code = (
        "import socket; from core.storage.readers import confinement\n"
        "connection = socket.socket(fileno=0); handle = connection.dup()\n"
        "confinement.confine()\n"
        "try: open('/etc/passwd')\n"
        "except OSError as error: print(error.strerror)\n"
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        done = subprocess.run(
            [sys.executable, "-c", code], stdin=theirs.fileno(), capture_output=True, check=True, text=True
        )
    assert done.stdout == "Too many open files\n"


def test_memory_beyond_the_limit_is_a_message(tmp_path, monkeypatch):
    code = (
        "from core.storage.readers import confinement, files\n"
        "confinement.MEMORY_BYTES = 1 << 30\n"
        "import numpy as np\n"
        "files.read_file = lambda *_: np.ones(1 << 28)\n"
        "from core.storage.readers.__main__ import main; main()\n"
    )
    script = tmp_path / "small.py"
    script.write_text(code)
    popen = subprocess.Popen
    monkeypatch.setattr(
        reading.subprocess, "Popen", lambda _command, **how: popen([sys.executable, str(script)], **how)
    )
    reader = reading.Reader()
    np.save(tmp_path / "run.npy", np.ones(10))
    with pytest.raises(UnreadableFileError, match=r"takes more than the 1\.1 GB of memory"):
        read(reader, tmp_path / "run.npy")
    reader.end()


def test_reader_ends_with_its_asker_however_that_ended():
    code = (
        "import os, sys; from core.storage import reading\n"
        "reader = reading.Reader(); print(reader.pid, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as asker:
        child = psutil.Process(int(asker.stdout.readline()))
        asker.send_signal(signal.SIGKILL)
    child.wait(30)
    assert not child.is_running()


def test_forked_process_leaves_the_readers_alone():
    with reading.borrow_reader(0) as reader:
        pass
    child = os.fork()
    if not child:
        os._exit(len(reading._idle))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert reader.can_be_asked


def test_large_files_are_read_one_after_the_other():
    entered, most = [], []
    lock = threading.Lock()

    def borrow():
        with reading.borrow_reader(reading.LARGE_BYTES + 1):
            with lock:
                entered.append(1)
                most.append(len(entered))
            time.sleep(0.02)
            with lock:
                entered.pop()

    threads = [threading.Thread(target=borrow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 4)
