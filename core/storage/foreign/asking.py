"""Ask the confined process for the runs of a store, and check what comes back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

import numpy as np
from pydantic import ValidationError

from core.storage.foreign.records import (
    POINT,
    TOLD,
    Asked,
    Broken,
    Columns,
    Expected,
    Form,
    Found,
    Head,
    Points,
    Remark,
    Role,
)
from core.storage.foreign.runs import Part, Run
from core.storage.reading import Reader


class RunReader(Reader):
    """A process that reads runs; asked by one thread at a time."""

    MODULE = "core.storage.foreign"
    ANSWERS = TOLD

    def read_runs(
        self, file: IO[bytes], form: Form, name: str, roles: Mapping[str, Role] | None = None
    ) -> Iterator[Part]:
        """Yield the runs of an opened store, with what is said of it and of those that cannot be read."""
        for answer in self._ask(file, Asked(form=form, name=name, roles=dict(roles or {}))):
            if isinstance(answer, Broken | Columns | Remark | Expected):
                yield answer
            else:
                yield self._take_run(self._expect(answer, Head))

    def _take_run(self, head: Head) -> Run:
        body = bytearray(head.num_bytes)
        self._fill(memoryview(body))
        points = np.empty(head.num_points, dtype=POINT)
        if len(points):
            self._fill(points.data.cast("B"))
        try:
            found = Found.model_validate_json(bytes(body), strict=True)
        except ValidationError as error:
            raise self._distrusted() from error
        if not _is_whole(found, points):
            raise self._distrusted()
        return Run(found, points)


def _is_whole(found: Found, points: Points) -> bool:
    """Return whether every value is one of a named metric."""
    places = points["metric"]
    return not len(places) or (int(places.min()) >= 0 and int(places.max()) < len(found.metrics))


@contextmanager
def open_reader() -> "Iterator[RunReaders]":
    """Hand out what reads one store after the other; its process ends with the block."""
    readers = RunReaders()
    try:
        yield readers
    finally:
        readers.end()


class RunReaders:
    """One process at a time, replaced where a file made it end."""

    def __init__(self) -> None:
        self._reader: RunReader | None = None

    def read(
        self, file: IO[bytes], form: Form, name: str, roles: Mapping[str, Role] | None = None
    ) -> Iterator[Part]:
        """Yield the parts of one store."""
        if self._reader is None or not self._reader.can_be_asked:
            self.end()
            self._reader = RunReader()
        yield from self._reader.read_runs(file, form, name, roles)

    def end(self) -> None:
        """End the process that is kept."""
        if self._reader is not None:
            self._reader.end()
            self._reader = None
