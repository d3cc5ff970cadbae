"""Files from outside, read by processes that may do little else; what comes back is checked.

A reader lives through many files, for its libraries take half a second to load, and ends with this process
or when it has had nothing to do for a minute. One that crashes, runs into a limit or answers nonsense is
replaced, and its file refused.
"""

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from core.errors import LostProcessError, UnreadableFileError
from core.settings import PROJECT_ROOT
from core.specs import StatedFacts
from core.storage.readers import confinement, limits
from core.storage.readers.protocol import (
    ANSWERS,
    FRAME_BYTES,
    LENGTH,
    Asking,
    Channel,
    Content,
    Done,
    Frame,
    Member,
    Ready,
    Refused,
    Request,
    send_frame,
)

START_S = 120.0  # for Python and its libraries, on a machine that has much else to do
END_S = 5.0
FRESH_S = 30.0  # a reader that was used so lately is not about to end for idleness
KEPT_READERS = 4
CHUNK_SAMPLES = 1 << 19  # handed on at a time
LARGE_BYTES = 128 << 20  # of a file that takes gigabytes to read: such are read one after the other
KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")  # no address or secret among them
ENVIRONMENT = {
    "PYTHONPATH": str(PROJECT_ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "HDF5_PLUGIN_PRELOAD": "::",  # load no filter from any folder
}

Samples = NDArray[np.float32]
Kind = TypeVar("Kind", bound=Frame)


class Reader:
    """One process that reads; asked by one thread at a time."""

    MODULE = "core.storage.readers"
    ANSWERS: TypeAdapter[Any] = ANSWERS

    def __init__(self) -> None:
        self.used_at, self._has_answered = time.monotonic(), True
        self._name, self._cpu_s, self._left_s = "its first message", confinement.CPU_S, START_S
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - a module of our own
                [sys.executable, "-s", "-P", "-m", self.MODULE],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | ENVIRONMENT,
            )
        try:
            self._expect(self._receive(), Ready)
        except UnreadableFileError as error:
            raise LostProcessError(
                f"the process that reads files did not start (exit code {self._process.returncode}); "
                "what it printed stands in the worker's log"
            ) from error

    @property
    def can_be_asked(self) -> bool:
        """Whether it lives and nothing of an earlier answer is still on its way."""
        return self._has_answered and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process, for who looks at it from outside."""
        return self._process.pid

    def read(
        self, file: IO[bytes], name: str, stated: StatedFacts
    ) -> Iterator[tuple[Channel, Iterator[Samples]]]:
        """Yield a file's channels, each with its samples in pieces, all to be taken before the next."""
        for answer in self._ask(file, Request(act="read", name=name, stated=stated)):
            channel = self._expect(answer, Channel)
            yield channel, self._take_samples(channel.num_samples)

    def list_members(self, file: IO[bytes], name: str) -> list[Member]:
        """Return the files of an archive, by their names there."""
        members = list[Member]()
        for answer in self._ask(file, Request(act="list", name=name)):
            members.append(self._expect(answer, Member))
            limits.check_count(name, "members", len(members))
        return members

    def unpack(self, file: IO[bytes], name: str, member: Member, target: IO[bytes]) -> None:
        """Write the bytes of one member to an open file of our own."""
        size = 0
        for answer in self._ask(file, Request(act="unpack", name=name, member=member.place)):
            content = bytearray(self._expect(answer, Content).num_bytes)
            size += len(content)
            limits.check_size(name, member.name, size, size)
            self._fill(memoryview(content))
            target.write(content)
        target.flush()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait(END_S)
        self._connection.close()

    def _ask(self, file: IO[bytes], request: Asking) -> Iterator[Any]:
        self._name = request.name
        self._cpu_s = confinement.cpu_seconds(os.fstat(file.fileno()).st_size)
        self._left_s = self._cpu_s * confinement.WALL_FACTOR
        self._has_answered = False
        try:
            with suppress(ConnectionError):  # the answer that does not come tells more
                send_frame(self._connection, request, file.fileno())
            while not isinstance(answer := self._receive(), Done | Refused):
                yield answer
            self._has_answered = True
        finally:
            self.used_at = time.monotonic()
            if not self._has_answered:  # what is still on its way belongs to no other file
                self.end()
        if isinstance(answer, Refused):
            raise UnreadableFileError(answer.message)

    def _take_samples(self, num_samples: int) -> Iterator[Samples]:
        for start in range(0, num_samples, CHUNK_SAMPLES):
            samples = np.empty(min(CHUNK_SAMPLES, num_samples - start), dtype="<f4")
            self._fill(samples.data.cast("B"))
            yield samples

    def _receive(self) -> Any:
        head = bytearray(LENGTH.size)
        self._fill(memoryview(head))
        if (length := LENGTH.unpack(head)[0]) > FRAME_BYTES:
            raise self._distrusted()
        body = bytearray(length)
        self._fill(memoryview(body))
        try:
            return self.ANSWERS.validate_json(bytes(body), strict=True)
        except ValueError as error:
            raise self._distrusted() from error

    def _expect(self, answer: object, kind: type[Kind]) -> Kind:
        if not isinstance(answer, kind):
            raise self._distrusted()
        return answer

    def _fill(self, view: memoryview) -> None:
        """Fill a buffer with what comes, within what is left of the file's time."""
        place = 0
        while place < len(view):
            began = time.monotonic()
            self._connection.settimeout(max(self._left_s, 0.001))
            try:
                count = self._connection.recv_into(view[place:])
            except TimeoutError as error:
                limit_s = confinement.WALL_FACTOR * self._cpu_s
                raise self._refusal(f"took longer than {limit_s:.0f} s and was stopped") from error
            except ConnectionError:
                count = 0
            if not count:
                raise self._refusal(self._tell_end())
            self._left_s -= time.monotonic() - began
            place += count

    def _tell_end(self) -> str:
        """Say in words how the process came to its end."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return f"took more than {self._cpu_s:.0f} s of processor time and was stopped"
        if code == -signal.SIGKILL:
            return "was stopped by the system, most likely for want of memory"
        if code is not None and code < 0:
            return f"made its reader crash ({signal.Signals(-code).name})"
        return f"made its reader end (exit code {code})"

    def _distrusted(self) -> UnreadableFileError:
        return self._refusal("made its reader answer what no reader answers, and was stopped")

    def _refusal(self, what: str) -> UnreadableFileError:
        """End the process and return the error that says why its file is not read."""
        self.end()
        return UnreadableFileError(
            f"reading {self._name} {what}; it is damaged, or larger than can be read here: fetch or export "
            "it again, or split the record"
        )


_idle = list[Reader]()
_lock = threading.Lock()
_large = threading.Lock()


@contextmanager
def borrow_reader(num_bytes: int) -> Iterator[Reader]:
    """Hand out a reader for a file of that size; it is kept for the next."""
    with _large if num_bytes > LARGE_BYTES else nullcontext():
        reader = _take_idle() or Reader()
        try:
            yield reader
        finally:
            with _lock:
                is_kept = reader.can_be_asked and len(_idle) < KEPT_READERS
                if is_kept:
                    _idle.append(reader)
            if not is_kept:
                reader.end()


def _take_idle() -> Reader | None:
    while True:
        with _lock:
            reader = _idle.pop() if _idle else None
        if reader is None or (reader.can_be_asked and time.monotonic() - reader.used_at < FRESH_S):
            return reader
        reader.end()


@atexit.register
def end_readers() -> None:
    """End the readers that are kept."""
    with _lock:
        ended, _idle[:] = list(_idle), []
    for reader in ended:
        reader.end()


# What was forked is no parent of these processes and must neither ask nor end them.
os.register_at_fork(after_in_child=_idle.clear)
