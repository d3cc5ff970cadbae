"""The schema's revision: what the database has, what this code needs, and the way from one to the other."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from core.errors import DatabaseVersionError
from core.settings import PROJECT_ROOT, get_settings
from core.storage.database import read_scope


def upgrade(revision: str = "head") -> None:
    """Bring the database to a revision; safe when several processes do it at once."""
    _refuse_unknown(current_revision())
    command.upgrade(_config(), revision)


def current_revision() -> str | None:
    """Return the revision of the database, or None where no table was made yet."""
    with read_scope() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


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
    _refuse_unknown(current)
    state = f"is at revision {current}" if current else "has no tables yet"
    raise DatabaseVersionError(
        f"the database {_shown_url()} {state}, this Brinell needs {head}: run `brinell db upgrade`"
    )


def _refuse_unknown(current: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if current and current not in known:
        raise DatabaseVersionError(
            f"the database {_shown_url()} was written by a newer Brinell: it is at revision {current}, "
            f"this one knows up to {head_revision()}. Install that version, or restore an older backup"
        )


def _shown_url() -> str:
    return make_url(get_settings().resolved_database_url).render_as_string(hide_password=True)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(PROJECT_ROOT / "migrations").replace("%", "%%"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
