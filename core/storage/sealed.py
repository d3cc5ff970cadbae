"""Sealed logs: which tables they are, and the Parquet files of their rows at `<log>/<id>.parquet`.

A file is written under a temporary name, synced and renamed; its row is entered after. It is never changed:
where rows of it go, another is written and takes its place.
"""

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Table

from core.errors import InvalidInputError, UnreadableFileError
from core.models import (
    APIRequestLog,
    APIUsage,
    Base,
    EmailLog,
    LoginHistory,
    SystemLog,
    TrainingRun,
    WebhookLog,
)
from core.settings import get_settings
from core.storage.arrow_rows import schema_of
from core.storage.id_files import ID_PATTERN, sync_folder
from core.storage.leftovers import Leftover, holding
from core.storage.room import taking_room

SUFFIX = ".parquet"
GROUP_ROWS = 122_880  # of a row group: what one thread of DuckDB reads at a time
PAGE_BYTES = 8 << 20
DELIVERED = timedelta(days=7)  # after which no message is tried again, opened or clicked


@dataclass(frozen=True, slots=True)
class Log:
    """A table whose rows are sealed, and what of it; no secret and nothing that changes later."""

    table: Table
    columns: tuple[str, ...]
    moment: str = "created_at"
    settles_after: timedelta = timedelta(0)  # until then a row may still change
    keeps_rows: bool = False  # in the database, however old: others read them there

    @property
    def name(self) -> str:
        """Name of the table, of its folder, and what rows of sealed_parts call it."""
        return self.table.name

    @property
    def selected(self) -> tuple[ColumnElement[Any], ...]:
        """The columns that are sealed, the id first."""
        return tuple(self.table.c[name] for name in self.columns)

    @property
    def schema(self) -> pa.Schema:
        """Their names and types in Arrow."""
        return schema_of(self.selected)


def _log(model: type[Base], columns: str, **facts: Any) -> Log:
    return Log(model.metadata.tables[model.__tablename__], ("id", *columns.split()), **facts)


LOGS = {
    log.name: log
    for log in (
        _log(
            TrainingRun,
            "experiment_id epoch train_loss val_loss train_accuracy val_accuracy learning_rate "
            "duration_seconds metrics created_at",
            keeps_rows=True,
        ),
        _log(
            APIRequestLog,
            "endpoint method status_code request_time response_time_ms request_size_bytes "
            "response_size_bytes ip_address user_agent api_key_id error_message created_at",
        ),
        _log(
            APIUsage, "api_key_id endpoint method status_code response_time_ms timestamp", moment="timestamp"
        ),
        _log(
            EmailLog,
            "user_id recipient_email event_type subject provider status error_message sent_at delivered_at "
            "retry_count created_at",
            settles_after=DELIVERED,
        ),
        _log(
            WebhookLog,
            "webhook_config_id user_id event_type provider_type status http_status_code error_message "
            "retry_count sent_at duration_ms created_at",
            settles_after=DELIVERED,
        ),
        # The trail is checked row by row, each hash covering the row before.
        _log(SystemLog, "user_id action status details error_message created_at", keeps_rows=True),
        _log(
            LoginHistory,
            "user_id ip_address user_agent location login_method success failure_reason timestamp created_at",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file of a log, as its row tells it."""

    id: str
    log: str
    first_id: int
    last_id: int
    num_rows: int
    size_bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies."""
        return folder_of(self.log) / f"{self.id}{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Removal:
    """Rows of an experiment that are gone: those after an epoch, up to an id."""

    id: int
    experiment_id: int
    after_epoch: int
    up_to_id: int


def folder_of(log: str) -> Path:
    """Return the folder of a log's parts."""
    return get_settings().warehouse_dir / LOGS[log].name


@contextmanager
def holding_log(log: str) -> Iterator[None]:
    """Keep whoever tidies out of a log's folder, from a file's first byte until its row is entered."""
    folder = folder_of(log)
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)
        sync_folder(folder.parent.parent)
    with holding(folder):
        yield


def write_part(log: Log, batches: Iterable[pa.RecordBatch], first_id: int, last_id: int) -> Part:
    """Write rows, sorted by id, as a file of its own; a failure leaves nothing behind."""
    part_id = uuid.uuid4().hex
    folder = folder_of(log.name)
    target, draft = folder / f"{part_id}{SUFFIX}", folder / f"{part_id}.draft"
    with taking_room(folder):
        try:
            num_rows = _write(draft, log.schema, batches)
            with draft.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = os.fstat(file.fileno()).st_size
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(folder)
    return Part(part_id, log.name, first_id, last_id, num_rows, size, digest)


def _write(draft: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    # Measured: a question over such files is answered in two thirds of the time.
    repeated = [field.name for field in schema if field.name != "id" and not pa.types.is_floating(field.type)]
    num_rows, waiting, held = 0, list[pa.RecordBatch](), 0
    # Opened by Python: its errors tell a full disk from a broken one.
    with (
        draft.open("xb") as file,
        pq.ParquetWriter(
            file, schema, compression="zstd", use_dictionary=repeated, data_page_size=PAGE_BYTES
        ) as writer,
    ):
        for batch in batches:
            waiting.append(batch)
            held += batch.num_rows
            num_rows += batch.num_rows
            if held >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting, schema), row_group_size=GROUP_ROWS)
                waiting, held = [], 0
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema), row_group_size=GROUP_ROWS)
    return num_rows


def read_part(part: Part, removals: Iterable[Removal] = ()) -> Iterator[pa.RecordBatch]:
    """Yield a part's rows, but those that are gone."""
    gone = list(removals)
    with pq.ParquetFile(part.path) as file:
        for batch in file.iter_batches(batch_size=GROUP_ROWS):
            yield batch.filter(_stays(batch, gone)) if gone else batch


def has_any(part: Part, removals: Iterable[Removal]) -> bool:
    """Tell whether a part has rows that are gone."""
    gone = list(removals)
    if not gone:
        return False
    with pq.ParquetFile(part.path) as file:
        batches = file.iter_batches(batch_size=GROUP_ROWS, columns=["id", "experiment_id", "epoch"])
        return any(not pc.all(_stays(batch, gone), min_count=0).as_py() for batch in batches)


def _stays(batch: pa.RecordBatch, removals: list[Removal]) -> pa.Array:
    by_experiment = pa.table(
        {
            "experiment_id": pa.array([each.experiment_id for each in removals], pa.int64()),
            "after_epoch": pa.array([each.after_epoch for each in removals], pa.int64()),
            "up_to_id": pa.array([each.up_to_id for each in removals], pa.int64()),
        }
    )
    rows = pa.table(
        {name: batch[name] for name in ("id", "experiment_id", "epoch")}
        | {"place": pa.array(range(batch.num_rows), pa.int64())}
    )
    met = rows.join(by_experiment, "experiment_id", join_type="inner")
    is_gone = pc.and_(pc.greater(met["epoch"], met["after_epoch"]), pc.less_equal(met["id"], met["up_to_id"]))
    places = met.filter(is_gone)["place"].to_numpy()
    stays = pc.invert(pc.is_in(rows["place"], value_set=pa.array(places, pa.int64())))
    return stays.combine_chunks()


def check_whole(part: Part) -> None:
    """Raise where the file's bytes are not those of its row."""
    try:
        with part.path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise UnreadableFileError(_lost(part, "is not on disk")) from error
    if found != part.sha256:
        raise UnreadableFileError(_lost(part, "has other bytes than were written"))


def is_there(part: Part) -> bool:
    """Tell whether a part's file is there, and as long as it was written."""
    with suppress(FileNotFoundError):
        return part.path.stat().st_size == part.size_bytes
    return False


def require_there(parts: Iterable[Part]) -> None:
    """Raise where one of the files is gone, saying what brings it back."""
    for part in parts:
        if not is_there(part):
            raise UnreadableFileError(_lost(part, "is not on disk as it was written"))


def _lost(part: Part, what: str) -> str:
    mend = (
        "write it anew from the database with: brinell db seal"
        if LOGS[part.log].keeps_rows
        else "bring it back from a backup: brinell db restore FOLDER"
    )
    return f"{part.path}, which holds rows {part.first_id} to {part.last_id} of {part.log}, {what}; {mend}"


def delete_part(log: str, part_id: str) -> None:
    """Remove a part's file; one that is gone already is no error."""
    if not ID_PATTERN.fullmatch(part_id):
        raise InvalidInputError(f"{part_id!r} is not the id of a sealed part: 32 hexadecimal digits")
    (folder_of(log) / f"{part_id}{SUFFIX}").unlink(missing_ok=True)


def list_files(log: str, before: float) -> Iterator[Leftover]:
    """Yield a log's finished files, last written before that moment (seconds, Unix)."""
    folder = folder_of(log)
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            is_part = entry.name.endswith(SUFFIX) and ID_PATTERN.fullmatch(entry.name.removesuffix(SUFFIX))
            if is_part and entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before:
                yield Leftover(folder, (entry.name,))
