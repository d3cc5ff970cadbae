"""The process that reads other programs' stores: `python -m core.storage.foreign`.

The one that asks is `core.storage.foreign.asking`.
"""

from collections.abc import Iterator
from typing import IO

from core.storage.foreign import lines_files, mlflow_files, mlflow_sqlite, tables, tensorboard, wandb
from core.storage.foreign.records import HEAD_BYTES, Asked, Broken, Form, Head
from core.storage.foreign.runs import Parts, Run
from core.storage.readers.protocol import Frame
from core.storage.readers.serving import serve

_READERS = {
    Form.MLFLOW: mlflow_sqlite.read,
    Form.MLRUNS: mlflow_files.read,
    Form.TENSORBOARD: tensorboard.read,
    Form.WANDB: wandb.read,
    Form.LINES: lines_files.read,
}


def _do(asked: Asked, file: IO[bytes]) -> Iterator[Frame | memoryview]:
    for part in _read(asked, file):
        if not isinstance(part, Run):
            yield part
            continue
        head = part.found.model_dump_json().encode()
        if len(head) > HEAD_BYTES:
            message = (
                f"it has {len(head):,} bytes of hyperparameters, tags and notes; {HEAD_BYTES:,} are kept"
            )
            yield Broken(name=part.found.name, message=message)
            continue
        yield Head(num_bytes=len(head), num_points=len(part.points))
        yield memoryview(head)
        if len(part.points):
            yield part.points.data.cast("B")


def _read(asked: Asked, file: IO[bytes]) -> Parts:
    if asked.form is Form.TABLE:
        return tables.read(file, asked.name, asked.roles)
    return _READERS[asked.form](file, asked.name)


if __name__ == "__main__":
    serve(Asked, _do)
