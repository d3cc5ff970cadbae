"""The loop of a process that reads: it is given one open file at a time, and ends with its asker.

Its socket is descriptor 0; it can open no file itself.
"""

import importlib
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator
from typing import IO, TypeVar

from core.errors import InvalidInputError
from core.storage.readers import confinement, limits
from core.storage.readers.protocol import (
    LENGTH,
    Asking,
    Done,
    Frame,
    Ready,
    Refused,
    receive_into,
    send_frame,
)

IDLE_S = 60.0
CRASHES = (MemoryError, RecursionError)  # after which this process is not to be trusted with another file

Asked = TypeVar("Asked", bound=Asking)
Do = Callable[[Asked, IO[bytes]], Iterator[Frame | memoryview]]


def serve(request: type[Asked], do: Do[Asked]) -> None:
    """Answer requests until the asker is gone or has had none for long."""
    connection = socket.socket(fileno=0)
    for name in confinement.LATE_MODULES:
        importlib.import_module(name)
    confinement.end_with(0)
    confinement.confine()
    send_frame(connection, Ready())
    while select.select([connection], [], [], IDLE_S)[0]:
        _answer(connection, request, do)


def _answer(connection: socket.socket, request: type[Asked], do: Do[Asked]) -> None:
    """Take one request with its file and send all that it gives."""
    head, handles, _, _ = socket.recv_fds(connection, LENGTH.size, 1)
    if len(head) < LENGTH.size or len(handles) != 1:
        sys.exit(0)
    body = memoryview(bytearray(LENGTH.unpack(head)[0]))
    receive_into(connection, body)
    asked = request.model_validate_json(bytes(body))
    name = asked.name
    with os.fdopen(handles[0], "rb") as file:
        confinement.allow_cpu(confinement.cpu_seconds(os.fstat(file.fileno()).st_size))
        file.seek(0)
        try:
            for part in do(asked, file):
                if isinstance(part, Frame):
                    send_frame(connection, part)
                else:
                    connection.sendall(part)
        except InvalidInputError as error:
            send_frame(connection, refused(str(error)))
            return
        except CRASHES as error:
            send_frame(connection, refused(_crashed(name, error)))
            sys.exit(1)
        except Exception as error:  # noqa: BLE001 - the outermost frame: whatever a file does ends as a message
            send_frame(connection, refused(_failed(name, error)))
            return
    send_frame(connection, Done())


def refused(message: str) -> Refused:
    """Return the answer that tells why a file is not read."""
    return Refused(message=limits.printable(message)[:4000])


def _crashed(name: str, error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return (
            f"{name} takes more than the {confinement.memory_bytes() / 1e9:.1f} GB of memory that reading a "
            "file may take: split the record and import the parts"
        )
    return f"{name} is nested deeper than any recording: export it again from its source"


def _failed(name: str, error: Exception) -> str:
    return (
        f"reading {name} failed ({type(error).__name__}: {error}), so it is damaged or of a kind that is not "
        "read: fetch or export it again"
    )
