"""Requests to the API and their summaries."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.models.base import NO_ID_REUSE, Base, LongText, TimestampMixin

if TYPE_CHECKING:
    from core.models.api_key import APIKey


class APIRequestLog(TimestampMixin, Base):
    """One request, with or without a key, whatever became of it."""

    __tablename__ = "api_request_logs"

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint: Mapped[str]
    method: Mapped[str]
    status_code: Mapped[int]
    request_time: Mapped[datetime]
    response_time_ms: Mapped[float]
    request_size_bytes: Mapped[int | None]
    response_size_bytes: Mapped[int | None]
    ip_address: Mapped[str | None]
    user_agent: Mapped[LongText | None]
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"), index=True)
    error_message: Mapped[LongText | None]
    request_payload_sample: Mapped[dict[str, Any] | None]
    response_payload_sample: Mapped[dict[str, Any] | None]

    api_key: Mapped["APIKey | None"] = relationship(back_populates="request_logs")


class APIMetricsSummary(TimestampMixin, Base):
    """The requests of one period, counted; a period without requests has no percentiles."""

    __tablename__ = "api_metrics_summary"
    __table_args__ = (
        Index("ix_api_metrics_summary_period_type", "period_start", "aggregation_type"),
        NO_ID_REUSE,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    aggregation_type: Mapped[str]
    total_requests: Mapped[int] = mapped_column(default=0)
    successful_requests: Mapped[int] = mapped_column(default=0)
    failed_requests: Mapped[int] = mapped_column(default=0)
    avg_response_time_ms: Mapped[float | None]
    p50_response_time_ms: Mapped[float | None]
    p95_response_time_ms: Mapped[float | None]
    p99_response_time_ms: Mapped[float | None]
    requests_per_second: Mapped[float | None]
    error_rate: Mapped[float | None]
    endpoint_metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
