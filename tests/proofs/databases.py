"""An empty database of each kind, as the settings' own for as long as it is used."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from core.logs import configure_logs
from core.settings import get_settings
from core.storage.database import dispose_engines

KINDS = ("sqlite", "postgresql")
SERVER = os.environ.get("BRINELL_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def empty_database(kind: str) -> Iterator[Path]:
    """Give a home whose database is of a kind and has no tables."""
    with TemporaryDirectory(prefix="brinell-proof-") as home:
        if kind == "sqlite":
            with home_settings(Path(home), ""):
                yield Path(home)
            return
        name = f"brinell_proof_{uuid4().hex}"
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}".encode())
            try:
                with home_settings(Path(home), f"{SERVER.rpartition('/')[0]}/{name}"):
                    yield Path(home)
            finally:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def home_settings(home: Path, url: str) -> Iterator[None]:
    """Have the settings name a home and a database."""
    before = dict(os.environ)
    os.environ |= {"BRINELL_HOME": str(home), "BRINELL_DATABASE_URL": url, "BRINELL_LOG_LEVEL": "error"}
    get_settings.cache_clear()
    configure_logs()
    try:
        yield
    finally:
        dispose_engines()
        os.environ.clear()
        os.environ |= before
        get_settings.cache_clear()
