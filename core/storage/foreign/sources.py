"""What of other programs lies under a path: stores, run folders and tables, each to be opened as one file."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.errors import InvalidInputError, UnreadableFileError
from core.storage.foreign import bundles
from core.storage.foreign.records import Form
from core.storage.plain_files import open_plain
from core.storage.readers.limits import printable

DATABASES = frozenset({".db", ".sqlite", ".sqlite3"})
TABLES = frozenset({".csv", ".tsv"})
LINES = frozenset({".jsonl", ".ndjson"})
EVENTS = "tfevents"
WANDB_MEMBERS = ("config.yaml", "wandb-summary.json", "wandb-metadata.json", "wandb-history.jsonl")
MLFLOW_FOLDERS = ("metrics", "params", "tags")
_WANDB_FOLDER = re.compile(r"(offline-)?run-[0-9]{8}_[0-9]{6}-[0-9A-Za-z]+")
# torch's add_hparams opens a run of its own, named after the time, within the one that it is about.
_HPARAMS_FOLDER = re.compile(r"[0-9]{9,}\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read: a file, or the files of a run's folder under their names in it."""

    form: Form
    name: str
    path: Path
    files: Mapping[str, Path] = field(default_factory=dict)  # none where the path is the file

    @property
    def scope(self) -> str:
        """What its origins are told apart by from those of other files: MLflow's ids are the world's."""
        if self.form in {Form.MLFLOW, Form.MLRUNS, Form.TENSORBOARD} or _WANDB_FOLDER.fullmatch(
            self.path.name
        ):
            return ""
        return hashlib.sha256(str(self.path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def open(self) -> IO[bytes]:
        """Return what is read, as one open file."""
        if not self.files:
            if self.form is Form.MLFLOW:
                _refuse_unfinished(self.path)
            return open_plain(self.path, self.name, bundles.MEND)
        return bundles.pack(self.name, self.files)

    def refuse_changed(self, file: IO[bytes], written_ns: int) -> None:
        """Refuse a database that was written to while it was taken in: what was read is of no one moment."""
        if self.form is Form.MLFLOW:
            _refuse_unfinished(self.path)
            if os.fstat(file.fileno()).st_mtime_ns != written_ns:
                raise UnreadableFileError(f"{self.name} was written to while it was read; {_mend(self.path)}")


def find_sources(paths: Iterable[Path]) -> list[Source]:
    """Return what lies under the paths; links inside folders are not followed."""
    found: dict[Path, Source] = {}
    for path in paths:
        if not path.exists():
            raise InvalidInputError(
                f"{printable(str(path))} does not exist; name mlflow.db, mlruns/, a log folder of "
                "TensorBoard, a run folder of W&B or a table in CSV"
            )
        given = path.resolve()
        sources = _walk(given) if given.is_dir() else [_of_file(given)]
        found |= {source.path: source for source in sources}
    if not found:
        raise InvalidInputError(
            f"no runs lie under {', '.join(printable(str(path)) for path in paths)}; name mlflow.db, "
            "mlruns/, a folder with *tfevents* files, a run folder of W&B, or a table in CSV"
        )
    return [found[path] for path in sorted(found)]


def _of_file(path: Path) -> Source:
    suffix, name = path.suffix.lower(), printable(path.name)
    if EVENTS in name:
        return Source(Form.TENSORBOARD, printable(path.parent.name), path, {name: path})
    for suffixes, form in ((DATABASES, Form.MLFLOW), (TABLES, Form.TABLE), (LINES, Form.LINES)):
        if suffix in suffixes:
            return Source(form, name, path)
    known = ", ".join(sorted(DATABASES | TABLES | LINES))
    raise UnreadableFileError(
        f"{name} is of no known kind; {known} and *tfevents* files are read: export it as one"
    )


def _walk(top: Path) -> Iterator[Source]:
    events: dict[Path, list[Path]] = {}
    for folder, folders, names in os.walk(top, followlinks=False):
        here = Path(folder)
        folders.sort()
        if "meta.yaml" in names and any(name in folders for name in MLFLOW_FOLDERS):
            yield _mlflow_run(here, top)
            folders.clear()
            continue
        if "mlflow.db" in names:
            yield Source(Form.MLFLOW, _relative(here / "mlflow.db", top), here / "mlflow.db")
        if "wandb-summary.json" in names or "wandb-history.jsonl" in names:
            yield _wandb_run(here, names, top)
        logged = sorted(here / name for name in names if EVENTS in name)
        if logged:
            owner = here.parent if _HPARAMS_FOLDER.fullmatch(here.name) and here.parent in events else here
            events.setdefault(owner, []).extend(logged)
        folders[:] = [name for name in folders if name not in {".trash", ".git"}]
    for here, files in events.items():
        yield Source(Form.TENSORBOARD, _relative(here, top), here, _named(files, here))


def _mlflow_run(here: Path, top: Path) -> Source:
    files = {"meta.yaml": here / "meta.yaml"}
    if (group := here.parent / "meta.yaml").is_file():
        files["experiment.yaml"] = group
    for part in MLFLOW_FOLDERS:
        for folder, folders, names in os.walk(here / part, followlinks=False):
            folders.sort()
            paths = [Path(folder, name) for name in sorted(names)]
            files |= _named(paths, here)
    return Source(Form.MLRUNS, _relative(here, top), here, files)


def _wandb_run(here: Path, names: Sequence[str], top: Path) -> Source:
    run = here.parent if here.name == "files" else here
    files = {name: here / name for name in WANDB_MEMBERS if name in names}
    return Source(Form.WANDB, _relative(run, top), run, files)


def _named(files: Sequence[Path], here: Path) -> dict[str, Path]:
    # A name of bytes that are no UTF-8 goes neither into a bundle nor to the process that reads.
    return {printable(str(path.relative_to(here))): path for path in files}


def _relative(path: Path, top: Path) -> str:
    return printable(top.name if path == top else str(path.relative_to(top)))


def _refuse_unfinished(path: Path) -> None:
    """Refuse a database of which a part is still in a log beside it."""
    for suffix in ("-wal", "-journal"):
        beside = path.with_name(path.name + suffix)
        if beside.is_file() and beside.stat().st_size:
            raise UnreadableFileError(
                f"{printable(path.name)} is being written: {printable(beside.name)} holds "
                f"{beside.stat().st_size:,} bytes that are not in it yet; {_mend(path)}"
            )


def _mend(path: Path) -> str:
    return (
        "end the MLflow server that has it open, or import a copy made with: "
        f'sqlite3 {printable(path.name)} ".backup copy.db"'
    )
