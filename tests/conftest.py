"""What tests stand on: a home, a database at head, and the real servers around it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from sqlalchemy.orm import Session

from core.settings import PROJECT_ROOT, Settings, get_settings
from core.storage import migrations
from core.storage.database import dispose_engines, get_engine


def require(condition: object, what: str) -> None:
    """Skip the test where something is absent here; fail where BRINELL_REQUIRE_ALL=1 forbids that."""
    if condition:
        return
    if os.environ.get("BRINELL_REQUIRE_ALL") == "1":
        pytest.fail(f"BRINELL_REQUIRE_ALL=1, but {what} is not here")
    pytest.skip(f"{what} is not here")


@pytest.fixture(scope="session", name="require")
def _require() -> Callable[[object, str], None]:
    return require


def use_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Make the settings those of an untouched home, whatever the developer's environment says."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"BRINELL_{name.upper()}", raising=False)
    monkeypatch.setenv("BRINELL_HOME", str(home))
    get_settings.cache_clear()


def leave_home() -> None:
    """Close the connections into a home and forget its settings."""
    dispose_engines()
    get_settings.cache_clear()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """BRINELL_HOME in an empty folder that is not made yet."""
    use_home(monkeypatch, tmp_path / "home")
    yield tmp_path / "home"
    leave_home()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that Alembic brought to head once for all tests of this process."""
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_home(monkeypatch, folder)
        migrations.upgrade()
        leave_home()
    return folder / "brinell.db"


@pytest.fixture
def database(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path
) -> Iterator[str]:
    """The URL of the home's database at head: SQLite, or what an indirect parametrisation names.

    `@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)` runs a test on both.
    """
    with ExitStack() as stack:
        if getattr(request, "param", "sqlite") == "postgresql":
            template = request.getfixturevalue("postgres_template")
            url = stack.enter_context(throwaway_database(template))
            monkeypatch.setenv("BRINELL_DATABASE_URL", url)
            get_settings.cache_clear()
        else:
            home.mkdir()
            shutil.copyfile(sqlite_template, home / "brinell.db")
        yield get_settings().resolved_database_url
        dispose_engines()


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    """A session on that database, rolled back at the end; it holds SQLite's write lock once used."""
    with Session(get_engine(), expire_on_commit=False) as session:
        yield session


@contextmanager
def throwaway_database(template: str) -> Iterator[str]:
    """Give the URL of a copy of a database on BRINELL_TEST_POSTGRES_URL's server, dropped afterwards."""
    server = os.environ.get("BRINELL_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    name = f"brinell_test_{uuid4().hex}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        require(False, f"PostgreSQL at {server}")
    with connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty throw-away database on PostgreSQL."""
    with throwaway_database("template1") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database that Alembic brought to head once for all tests of this process."""
    with throwaway_database("template1") as url:
        with pytest.MonkeyPatch.context() as monkeypatch:
            use_home(monkeypatch, tmp_path_factory.mktemp("postgres"))
            monkeypatch.setenv("BRINELL_DATABASE_URL", url)
            migrations.upgrade()
            leave_home()
        yield url.rpartition("/")[2]


@contextmanager
def claimed_redis() -> Iterator[str]:
    """Give the URL of an empty database, numbered up to BRINELL_TEST_REDIS_URL; emptied afterwards."""
    server, _, last = os.environ.get("BRINELL_TEST_REDIS_URL", "redis://127.0.0.1:6379/15").rpartition("/")
    for number in range(int(last), 0, -1):
        with redis.Redis.from_url(f"{server}/{number}") as client:
            try:
                # The key claims the database among the processes of a parallel run.
                claimed = client.dbsize() == 0 and client.set("brinell_test", os.getpid(), nx=True)
            except redis.ConnectionError:
                require(False, f"Redis at {server}")
            if claimed:
                try:
                    yield f"{server}/{number}"
                finally:
                    client.flushdb()
                return
    require(False, f"an empty database on Redis at {server}, number 1 to {last},")


@pytest.fixture
def redis_url() -> Iterator[str]:
    """An empty database on Redis."""
    with claimed_redis() as url:
        yield url


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The installed Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), "")
    require(found, "Chromium")
    return found


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings beside the checkout."""
    folder = PROJECT_ROOT.parent / "shared" / "data"
    require(folder.is_dir(), f"the folder of recordings {folder}")
    return folder
