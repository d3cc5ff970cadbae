"""A PostgreSQL server of one's own, made in a temporary folder, to be stopped and started at will."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

USER = "postgres"
StopMode = Literal["fast", "immediate"]


class PostgresServer:
    """One cluster on a port of this machine."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        self._folder, self._port = folder, port

    def make(self) -> None:
        """Make the cluster's files."""
        _run("initdb", "--pgdata", f"{self._folder}/data", "--username", USER, "--auth", "trust", "--no-sync")

    def start(self) -> None:
        """Start, and return when connections are taken."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -k {self._folder} -c max_connections=40"
        log = f"{self._folder}/log"
        _run("pg_ctl", "-D", f"{self._folder}/data", "-w", "-t", "120", "-l", log, "-o", options, "start")

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop as an administrator does, or as a crash."""
        _run("pg_ctl", "-D", f"{self._folder}/data", "-w", "-m", mode, "stop")


def is_possible() -> bool:
    """Tell whether this machine has the programs, and a user whom they run as."""
    needed = ["initdb", "pg_ctl"] + (["runuser"] if os.getuid() == 0 else [])
    return all(shutil.which(name) for name in needed)


@contextmanager
def private_server() -> Iterator[PostgresServer]:
    """Give a running server; its files go with it."""
    folder = Path(tempfile.mkdtemp(prefix="brinell-postgres-"))
    if os.getuid() == 0:
        shutil.chown(folder, USER)  # the server refuses to run as root
    server = PostgresServer(folder, _free_port())
    try:
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


def _run(*command: str) -> None:
    as_user = ["runuser", "-u", USER, "--", *command] if os.getuid() == 0 else command
    done = subprocess.run(
        as_user, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
