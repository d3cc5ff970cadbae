"""A database server that a test may stop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import get_settings
from core.storage import migrations
from core.storage.database import dispose_engines
from tests.conftest import require
from tests.postgres_server import PostgresServer, is_possible, private_server


@pytest.fixture
def own_postgres(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """The home's database at head on a PostgreSQL server of the test's own."""
    require(is_possible(), "initdb with a user to run it as")
    with private_server() as server:
        monkeypatch.setenv("BRINELL_DATABASE_URL", server.url)
        get_settings.cache_clear()
        migrations.upgrade()
        yield server
        dispose_engines()
