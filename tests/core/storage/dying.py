"""A process that is killed at its n-th statement; what it left is what the next one finds."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

FILE_ACTS = {"open", "os.rename", "os.remove", "sqlite3.connect"}


class _Fuse:
    """Kills this process when its turn has come."""

    def __init__(self, left: int) -> None:
        self.left = left

    def burn(self, *_args: Any) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def survives_statements(act: Callable[[], object], n: int) -> bool:
    """Do `act` in a child that dies before its n-th statement or commit; False where it died."""
    return _survives(act, n, _watch_statements)


def survives_files(act: Callable[[], object], n: int) -> bool:
    """Do `act` in a child that dies before it opens or renames its n-th file; False where it died."""
    return _survives(act, n, _watch_files)


def _survives(act: Callable[[], object], n: int, watch: Callable[[_Fuse], None]) -> bool:
    child = multiprocessing.get_context("fork").Process(target=_run, args=(act, n, watch))
    child.start()
    child.join()
    assert child.exitcode in {0, -signal.SIGKILL}, f"the child ended with {child.exitcode}"
    return child.exitcode == 0


def _run(act: Callable[[], object], n: int, watch: Callable[[_Fuse], None]) -> None:
    watch(_Fuse(n))
    act()


def _watch_statements(fuse: _Fuse) -> None:
    event.listen(Engine, "before_cursor_execute", fuse.burn)
    event.listen(Engine, "commit", fuse.burn)


def _watch_files(fuse: _Fuse) -> None:
    def hear(name: str, args: tuple[Any, ...]) -> None:
        is_source = name == "open" and str(args[0]).endswith((".py", ".pyc"))
        if name in FILE_ACTS and not is_source:
            fuse.burn()

    sys.addaudithook(hear)
