"""Folders that people name for what leaves."""

from pathlib import Path

from core.errors import InvalidInputError


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(
            f"{folder} cannot be made: {error.strerror}; name a folder that you may write to"
        ) from error
