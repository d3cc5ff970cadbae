"""Rows of experiment_parameters: hyperparameters one by one, as a search asks for them."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, insert

from core.models import ExperimentParameter
from core.storage.database import to_json

# An entry of an index of PostgreSQL's holds 2,704 bytes, and one is made of a name and a text.
NAME_BYTES, TEXT_BYTES = 1_000, 1_600
_TABLE = ExperimentParameter.metadata.tables[ExperimentParameter.__tablename__]
_INSERT = insert(_TABLE)


def tell_parameters(hyperparameters: Mapping[str, Any]) -> dict[str, tuple[float | None, str | None]]:
    """Return number and text of each hyperparameter; a nested one's name is its path, joined by dots."""
    told = {name: _number_or_text(value) for name, value in _flatten("", hyperparameters)}
    return {
        _cut(name, NAME_BYTES): (number, None if text is None else _cut(text, TEXT_BYTES))
        for name, (number, text) in told.items()
    }


def _cut(text: str, most_bytes: int) -> str:
    """Return a text that an index holds: the start of a longer one, told from others by its digest."""
    if len(text) <= most_bytes // 4 or len(whole := text.encode()) <= most_bytes:
        return text
    told = f"… SHA-256 {hashlib.sha256(whole).hexdigest()}"
    return whole[: most_bytes - len(told.encode())].decode("utf-8", "ignore") + told


def insert_parameters(connection: Connection, experiment_id: int, hyperparameters: Mapping[str, Any]) -> None:
    """Insert the hyperparameters of a new experiment."""
    rows = [
        {"experiment_id": experiment_id, "name": name, "number": number, "text": text}
        for name, (number, text) in tell_parameters(hyperparameters).items()
    ]
    if rows:
        connection.execute(_INSERT, rows)


def _flatten(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flatten(f"{path}.{name}" if path else str(name), inner)
    elif path and value is not None:
        yield path, value


def _number_or_text(value: Any) -> tuple[float | None, str | None]:
    if isinstance(value, str):
        return None, value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, json.dumps(json.loads(to_json(value)), ensure_ascii=False)
    return (float(value), None) if math.isfinite(value) else (None, str(value))
