"""Settings, read from BRINELL_* environment variables; `--home` on a command sets BRINELL_HOME."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where Brinell keeps its data and which database and broker it speaks to."""

    model_config = SettingsConfigDict(env_prefix="BRINELL_", frozen=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("brinell", appauthor=False),
        description="folder of the database, recordings and artifacts",
    )
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: brinell.db in the home")
    broker_url: str = Field(default="", description="Celery broker URL; empty: a folder in the home")
    host: str = Field(default="127.0.0.1", description="address the server binds to")
    port: int = Field(default=5006, ge=0, le=65535, description="port of the server")
    worker_processes: int = Field(default=2, ge=1, description="jobs that one worker runs at a time")
    time_limit_s: float = Field(
        default=86_400.0, gt=0, description="seconds after which a run is ended in order and failed"
    )
    time_limit_grace_s: float = Field(
        default=60.0, gt=0, description="seconds after its time limit at which a run is killed"
    )
    upload_quota_mb: int = Field(
        default=20_000, ge=1, description="room for uploads that wait to be imported, in MiB"
    )
    upload_file_mb: int = Field(default=2_048, ge=1, description="largest single upload, in MiB")
    upload_reserve_mb: int = Field(
        default=1_024, ge=0, description="free disk space that uploads leave alone, in MiB"
    )
    log_retention_days: int = Field(
        default=365, ge=0, description="days after which rows of logs are kept in sealed files only; 0: never"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe log line written"
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console on a terminal, JSON lines elsewhere"
    )

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with the home's own SQLite file where none was given."""
        return self.database_url or f"sqlite:///{self.home / 'brinell.db'}"

    @property
    def resolved_broker_url(self) -> str:
        """The broker URL, with the embedded filesystem broker where none was given."""
        return self.broker_url or "filesystem://localhost//"

    @property
    def recordings_dir(self) -> Path:
        """Folder of the content-addressed recordings and their pyramids."""
        return self.home / "recordings"

    @property
    def artifacts_dir(self) -> Path:
        """Folder of what runs produced: checkpoints, notebooks, predictions, step logs."""
        return self.home / "artifacts"

    @property
    def uploads_dir(self) -> Path:
        """Folder of what people sent to be imported."""
        return self.home / "uploads"

    @property
    def warehouse_dir(self) -> Path:
        """Folder of the sealed logs, Parquet files by log."""
        return self.home / "warehouse"

    @property
    def broker_dir(self) -> Path:
        """Folder of the embedded broker's messages and of beat's schedule."""
        return self.home / "broker"

    @property
    def notebooks_dir(self) -> Path:
        """Folder of the parameterised notebooks."""
        return PROJECT_ROOT / "notebooks"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return this process's settings, read once."""
    return Settings()
