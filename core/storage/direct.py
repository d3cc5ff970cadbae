"""The driver's own connection, kept between transactions: for what writes small ones all the time."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy.pool import PoolProxiedConnection

from core.settings import Settings, get_settings
from core.storage.database import get_engine
from core.storage.database_errors import told_plainly

Result = TypeVar("Result")


@cache
def marked(statement: str) -> str:
    """Return a statement with `?` where values go as PostgreSQL's driver takes it."""
    return statement.replace("?", "%s")


class DirectConnection:
    """One connection to the settings' database, opened when it is used; no two threads may use it at once."""

    def __init__(self) -> None:
        self._pooled: PoolProxiedConnection | None = None
        self._driver: Any = None
        self._dialect: Any = None
        self._settings: Settings | None = None
        self.is_sqlite = True

    def transact(self, work: "Callable[[DirectConnection], Result]") -> Result:
        """Commit what `work` executes, or roll it back; a failed connection is opened anew next time."""
        try:
            pooled = self._begin()
            result = work(self)
            self._dialect.do_commit(pooled)  # as all other commits are made
        except BaseException:
            self.close()
            with told_plainly(writing=True):
                raise
        return result

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Execute a statement with `?` where values go, and return its cursor."""
        return self._driver.execute(statement if self.is_sqlite else marked(statement), values)

    def close(self) -> None:
        """Give the connection up, and with it whatever was not committed."""
        pooled, self._pooled, self._driver = self._pooled, None, None
        if pooled is not None:
            pooled.invalidate()

    def _begin(self) -> PoolProxiedConnection:
        if self._settings is not get_settings():  # they name another database now
            self.close()
        if self._pooled is None:
            engine, self._settings = get_engine(), get_settings()
            self._pooled = engine.raw_connection()
            self._driver, self._dialect = self._pooled.driver_connection, engine.dialect
            self.is_sqlite = engine.dialect.name == "sqlite"
            if self.is_sqlite:
                self._driver.execute("PRAGMA query_only = OFF")  # whoever had it may have been reading only
        if self.is_sqlite:
            self._driver.execute("BEGIN IMMEDIATE")
        return self._pooled
