"""Files as the reader process gets them: opened, with a name beside."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.specs import Recording, StatedFacts
from core.storage.readers.files import read_file


@pytest.fixture(scope="session")
def read_path() -> Callable[..., list[Recording]]:
    """Read a file in this process, under its own name or another."""

    def read(path: Path, name: str | None = None, **stated: object) -> list[Recording]:
        with path.open("rb") as file:
            return read_file(file, name or path.name, StatedFacts(**stated))

    return read
