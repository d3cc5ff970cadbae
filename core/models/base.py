"""What all tables share: column types, names of keys and indexes, timestamps, the state of a run."""

import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Double, Enum, MetaData, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from core.clock import utc_now

# None is SQL NULL everywhere: "not measured" must be found by IS NULL, which JSON's null is not.
_JSON = JSON(none_as_null=True)
_JSONB = _JSON.with_variant(JSONB(none_as_null=True), "postgresql")

BigInt = Annotated[int, mapped_column(BigInteger)]
LongText = Annotated[str, mapped_column(Text)]
Digest = Annotated[str, mapped_column(String(64))]  # SHA-256 in hex
BinaryDict = Annotated[dict[str, Any], mapped_column(_JSONB)]
BinaryList = Annotated[list[str], mapped_column(_JSONB)]
Scopes = Annotated[list[str], mapped_column(_JSON.with_variant(ARRAY(String), "postgresql"))]
SearchVector = Annotated[str, mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))]

# SQLite reuses the highest row id once its row is deleted. An id that stands in a link, a message to a
# worker or a sealed log must never come to name another row.
NO_ID_REUSE: dict[str, Any] = {"sqlite_autoincrement": True}


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: only aware datetimes go in, aware UTC comes out, on SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(
                f"{value!r} has no timezone; a stored moment needs one, such as datetime.now(UTC)"
            )
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class FiniteFloat(TypeDecorator[float]):
    """A measured number: one that is not finite is stored as NULL, on PostgreSQL too, which holds NaN."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, _dialect: Dialect) -> float | None:
        return value if value is None or math.isfinite(value) else None


def _stored_values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


class Base(DeclarativeBase):
    """The parent of every table."""

    __table_args__: Any = NO_ID_REUSE
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime,
        float: FiniteFloat,
        StrEnum: Enum(
            StrEnum, native_enum=False, length=32, values_callable=_stored_values, validate_strings=True
        ),
        str: String,
        dict[str, Any]: _JSON,
        list[str]: _JSON,
    }


class TimestampMixin:
    """When the row was written and last changed."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now, sort_order=900)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now, sort_order=901)


class RunMixin:
    """Who is at work on a run, since when, for the how-manieth time, and how it ended."""

    attempt: Mapped[int] = mapped_column(default=0, sort_order=800)
    deaths: Mapped[int] = mapped_column(
        default=0, sort_order=800
    )  # of workers, since a person last started it
    worker: Mapped[str | None] = mapped_column(sort_order=801)
    heartbeat_at: Mapped[datetime | None] = mapped_column(sort_order=802)
    started_at: Mapped[datetime | None] = mapped_column(sort_order=803)
    finished_at: Mapped[datetime | None] = mapped_column(sort_order=804)
    error_message: Mapped[LongText | None] = mapped_column(sort_order=805)
    time_limit_seconds: Mapped[float | None] = mapped_column(
        sort_order=806
    )  # of one attempt; NULL: the settings'
