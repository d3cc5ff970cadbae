"""The schema's revision: what the database has, what this code needs, and the way from one to the other."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from core.errors import DatabaseVersionError, InvalidInputError
from core.models import Base
from core.settings import PROJECT_ROOT
from core.storage.database import read_scope
from core.storage.database_errors import shown_url, told_plainly

# The name of the lock among all who migrate one PostgreSQL database; any number that never changes.
MIGRATION_LOCK = 6205
VERSION_TABLE = "alembic_version"
# SQLite's index of words in experiments: virtual tables and triggers that follow the rows by themselves.
WORDS_INDEX = "experiment_words"


def upgrade(revision: str = "head") -> None:
    """Bring the database to a revision; safe when several processes do it at once."""
    refuse_unknown()
    _check_revision(revision)
    with told_plainly(writing=True):
        command.upgrade(_config(), revision)


def downgrade(revision: str) -> None:
    """Take the database back to an older revision, or to "base"; what that revision lacks is lost."""
    refuse_unknown()
    check_older(revision)
    with told_plainly(writing=True):
        command.downgrade(_config(), revision)


def check_older(revision: str) -> None:
    """Raise InvalidInputError unless a revision is older than the database's."""
    _check_revision(revision)
    current, known = current_revision(), ["base", *list_revisions()]
    if revision == "head" or known.index(revision) >= known.index(current or "base"):
        raise InvalidInputError(
            f"the database is at revision {current or 'base'}, and {revision} is not older; "
            "the other way is brinell db upgrade"
        )


def upgrade_within(connection: Connection, revision: str) -> None:
    """Bring a database to a revision inside the connection's own transaction."""
    _check_revision(revision)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def downgrade_within(connection: Connection, revision: str) -> None:
    """Take a database back to a revision inside the connection's own transaction."""
    _check_revision(revision)
    config = _config()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


def current_revision() -> str | None:
    """Return the revision of the database, or None where no table was made yet."""
    with read_scope() as session:
        return revision_of(session.connection())


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the connected database, or None where no table was made yet."""
    return MigrationContext.configure(connection).get_current_revision()


def list_revisions() -> list[str]:
    """Return the revisions that this code knows, oldest first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def head_revision() -> str:
    """Return the revision that this code needs."""
    head = _scripts().get_current_head()
    if head is None:
        raise DatabaseVersionError(f"{_scripts().dir} holds no migration; install Brinell again")
    return head


def check_version() -> None:
    """Raise DatabaseVersionError, saying what to do, unless the database is at this code's revision."""
    current, head = current_revision(), head_revision()
    if current == head:
        return
    refuse_unknown()
    state = f"is at revision {current}" if current else "has no tables yet"
    raise DatabaseVersionError(
        f"the database {shown_url()} {state}, this Brinell needs {head}: run `brinell db upgrade`"
    )


def refuse_unknown() -> None:
    """Raise DatabaseVersionError where the database is another program's or a newer Brinell's."""
    with read_scope() as session:
        connection = session.connection()
        # Tables first: where another process upgrades meanwhile, their revision is there when they are.
        tables = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
        current = revision_of(connection)
    if current in list_revisions() or (current is None and not tables):
        return
    if current is None or not tables & set(Base.metadata.tables):
        raise DatabaseVersionError(
            f"the database {shown_url()} is another program's: it holds {_listed(tables)}. "
            "Name one of Brinell's own, or an empty one, in BRINELL_DATABASE_URL or BRINELL_HOME"
        )
    raise DatabaseVersionError(
        f"the database {shown_url()} was written by a newer Brinell: it is at revision {current}, "
        f"this one knows up to {head_revision()}. Install that version, or restore an older backup"
    )


def _listed(tables: set[str]) -> str:
    shown = ", ".join(sorted(tables)[:5])
    return f"the tables {shown}{' and others' if len(tables) > 5 else ''}" if tables else "no table of ours"


def _check_revision(revision: str) -> None:
    known = list_revisions()
    if revision not in {"head", "base", *known}:
        raise InvalidInputError(f"there is no revision {revision!r}; this Brinell knows {', '.join(known)}")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(PROJECT_ROOT / "migrations").replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
