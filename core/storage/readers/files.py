"""Read one file: by its suffix the format, by its variables the source."""

from pathlib import PurePosixPath
from types import ModuleType
from typing import IO

from core.errors import UnreadableFileError
from core.specs import Recording, StatedFacts
from core.storage.readers import SUFFIXES, cwru, limits, mfpt, plain
from core.storage.readers.containers import Container
from core.storage.readers.hdf5files import Hdf5File, is_hdf5
from core.storage.readers.matfiles import MatFile
from core.storage.readers.npyfiles import NpyFile, NpzFile

SOURCES: tuple[ModuleType, ...] = (cwru, mfpt, plain)
PICKLED = frozenset({".pt", ".pth", ".pkl", ".pickle", ".joblib", ".ckpt"})


def read_file(file: IO[bytes], name: str, stated: StatedFacts | None = None) -> list[Recording]:
    """Read all channels of an opened file; `name` is what it is called and names nothing on disk."""
    limits.check_name(name, "the file", PurePosixPath(name).name)
    container = _open(file, name)
    for source in SOURCES:
        if source.recognises(container):
            recordings: list[Recording] = source.read(container, stated or StatedFacts())
            return recordings
    raise UnreadableFileError(
        f"{name} should hold X<nnn>_DE_time (CWRU), a struct bearing (MFPT) or one-dimensional arrays of "
        f"numbers at its top level, found {', '.join(sorted(container.shapes)[:8]) or 'no variables'}; "
        "check that it is one"
    )


def _open(file: IO[bytes], name: str) -> Container:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in {".h5", ".hdf5"} or (suffix == ".mat" and is_hdf5(file)):
        return Hdf5File(file, name)
    if suffix == ".mat":
        return MatFile(file, name)
    if suffix == ".npy":
        return NpyFile(file, name)
    if suffix == ".npz":
        return NpzFile(file, name)
    if suffix in PICKLED:
        raise UnreadableFileError(
            f"{name} is a Python pickle, which can run any program when it is opened, so it never is: "
            "save the samples with numpy.save or numpy.savez instead"
        )
    raise UnreadableFileError(
        f"{name} is of no known kind; {', '.join(sorted(SUFFIXES))} files are read: export it as one"
    )
