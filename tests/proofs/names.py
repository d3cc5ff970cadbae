"""Use made-up names wherever one comes from outside: `python -m tests.proofs.names --number 10000`.

Hypothesis makes them: path tricks, control characters, reserved and very long names, surrogates, other
normal forms. Exit 1 where a file came to lie outside the store, or a name came back as another.
"""

import io
import os
import sys
import unicodedata
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import h5py
import numpy as np
import typer
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BrinellError
from core.models import Artifact, Dataset, Experiment, Signal, Upload
from core.services.experiments import create_experiment
from core.services.uploads import ArrivedFile, add_uploads
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import ImportSpec, TrainingSpec
from core.storage import artifacts, uploads
from core.storage.database import read_scope, session_scope
from tests.proofs.importing import import_paths, importing_home, list_tree

SAMPLES = np.sin(np.arange(64.0))
TRICKS = (
    "..", ".", "../x", "../../../../tmp/x", "/etc/passwd", "//x", "C:\\x", "C:x", "\\\\host\\share", "~",
    "~root", "$HOME", "%TEMP%", "CON", "NUL", "com1.npy", "a/b", "a\\b", "x.npy/../../y", "-rf", "--home",
    "; ls", "`id`", "$(id)", "a\0b", "a\nb", "a\rb", "\x1b[2J", "\x7f", "\x85", "\u202efdp.npy", "\ufeffx",
    "e\u0301", "\u00e9", "\uff0e\uff0e\uff0fx", "\u2028", "\ud800", "\udcff", "x" * 250, "x" * 5000,
    "\U0001f600" * 60, " x ", "", "'; DROP TABLE signals; --", "<img src=x onerror=alert(1)>", "{0}", "%s%n",
    ".npy", ".hidden", "x.", "x ",
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(TRICKS),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=60),
    st.lists(st.sampled_from([*TRICKS, "/", "\\", "..", "\0", "é"]), min_size=1, max_size=4).map("".join),
    st.sampled_from(TRICKS).map(lambda name: unicodedata.normalize("NFD", name)),
)
Place = Callable[[Path, str], str | None]
Row = TypeVar("Row")

console = Console(width=160, highlight=False)


class BrokenLawError(Exception):
    """A name led out of the store, or came back as another."""


def main(
    number: int = typer.Option(10_000, min=1, help="names to use, over all places together"),
    with_seed: int = typer.Option(0, "--seed", help="of hypothesis"),
) -> None:
    """Use every name in a place, in turns, and look at what lies where."""
    with TemporaryDirectory(prefix="brinell-names-") as folder:
        root = Path(folder)
        with importing_home(root / "home"):
            ended = use_names(root, number, with_seed)
    console.print(f"{sum(ended.values())} names: {dict(ended)}")
    if sum(ended.values()) < number:
        console.print(f"hypothesis made fewer names than the {number} asked for")
        sys.exit(1)


def use_names(root: Path, number: int, with_seed: int = 0) -> Counter[str]:
    """Use names in all places in turns; raise on a broken law."""
    work = root / "work" / "a" / "b"
    work.mkdir(parents=True)
    os.chdir(work)
    ended = Counter[str]()
    for place in PLACES:
        each = -(-number * WEIGHTS[place] // sum(WEIGHTS.values()))
        ended.update(use_place(root, place, each, with_seed))
    _check_store()
    return ended


def use_place(root: Path, place: str, number: int, with_seed: int) -> Counter[str]:
    """Use so many names in one place."""
    outside, work, ended = _list_outside(root), Path.cwd(), Counter[str]()

    def check_outside() -> None:
        if found := _list_outside(root) - outside:
            raise BrokenLawError(f"{place}: outside the store lie {sorted(found)[:5]}")

    @seed(with_seed)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(name=NAMES)
    def use(name: str) -> None:
        back = PLACES[place](work, name)
        ended[f"{place} {'refused' if back is None else 'kept'}"] += 1
        if back is not None and back != name:
            raise BrokenLawError(f"{place} {name!r} came back as {back!r}")
        if sum(ended.values()) % 50 == 0:
            check_outside()

    use()
    check_outside()
    console.print(f"{place}: {ended[f'{place} kept']} kept, {ended[f'{place} refused']} refused")
    return ended


def _list_outside(root: Path) -> frozenset[str]:
    """Return what lies where a name could lead: the folder beside the home, /tmp, and the root."""
    beside = {name for name in list_tree(root) if not name.startswith("home")}
    ours = {"passwd", "x", "y", "x.npy", "evil"}
    return frozenset(beside | {f"/tmp/{name}" for name in os.listdir("/tmp") if name in ours})  # noqa: PTH208, S108


def _check_store() -> None:
    """Every file of the store is called by a hash or an id."""
    home = get_settings().home
    for folder in ("recordings", "artifacts", "uploads"):
        for name in list_tree(home / folder) if (home / folder).is_dir() else ():
            if set(Path(name).name) - set("0123456789abcdefp.ny"):
                raise BrokenLawError(f"{folder} holds {name!r}")


def _save(name: str) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, SAMPLES)
    return buffer.getvalue() if name else b""


def _import(path: Path) -> Signal | None:
    outcome = import_paths([path], f"run {os.urandom(8).hex()}")
    path.unlink()
    if outcome.report.status != "completed":
        if not outcome.message.strip(" |"):
            raise BrokenLawError("refused without a message")
        return None
    with read_scope() as session:
        return session.scalars(select(Signal).order_by(Signal.id.desc()).limit(1)).one()


def as_file(work: Path, name: str) -> str | None:
    """A file's own name; what no file system takes is refused by it."""
    path = work / f"{name}.npy"
    if "/" in name or "\0" in name:
        return None
    try:
        path.write_bytes(_save("x"))
    except (OSError, UnicodeEncodeError):
        return None
    signal = _import(path)
    return signal and str(signal.source_file).removesuffix(".npy")


def as_member(work: Path, name: str) -> str | None:
    """A member of a zip archive."""
    path = work / "runs.zip"
    try:
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            info = zipfile.ZipInfo("x")
            info.filename = f"{name}.npy"
            archive.writestr(info, _save("x"))
    except (UnicodeEncodeError, ValueError):
        path.unlink()
        return None
    signal = _import(path)
    if signal is None:
        return None
    # A signal is called by the last part of a member's name.
    return name if signal.source_file == f"{name}.npy".rpartition("/")[2] else str(signal.source_file)


def as_array(work: Path, name: str) -> str | None:
    """An array of an `.npz`, which is a channel."""
    path = work / "run.npz"
    try:
        with zipfile.ZipFile(path, "w") as archive, archive.open(f"{name}.npy", "w") as file:
            file.write(_save("x"))
    except (UnicodeEncodeError, ValueError):
        path.unlink()
        return None
    signal = _import(path)
    return signal and signal.channel


def as_data_set(work: Path, name: str) -> str | None:
    """A data set of an HDF5 file, which is a channel."""
    path = work / "run.h5"
    if "\0" in name:  # h5py ends the name there
        return None
    try:
        with h5py.File(path, "w") as file:
            file[name] = SAMPLES
    except (ValueError, OSError, UnicodeEncodeError, TypeError, RuntimeError, KeyError):
        path.unlink(missing_ok=True)
        return None
    signal = _import(path)
    # HDF5 takes a slash for a group and a lone dot for nothing.
    return signal and (name if "/" in name or "." in name.split("/") else signal.channel)


def _store(write: Callable[[Session], Row], name_of: Callable[[Row], str | None]) -> str | None:
    try:
        with session_scope() as session:
            row = write(session)
            session.flush()
            session.expire_all()
            return name_of(row)
    except (BrinellError, ValidationError):
        return None


def as_dataset(_work: Path, name: str) -> str | None:
    """A data set's name, as an import asks for it; blanks around it are no part of it."""
    try:
        spec = ImportSpec(dataset=name, paths=(Path("x"),))
    except ValidationError:
        return None

    def write(session: Session) -> Dataset:
        found = session.scalar(select(Dataset).where(Dataset.name == spec.dataset))
        row = found or Dataset(name=spec.dataset, created_by=get_local_actor(session, "cli").user_id)
        session.add(row)
        return row

    back = _store(write, lambda row: row.name)
    return name if back == name.strip() else back


def as_experiment(_work: Path, name: str) -> str | None:
    """An experiment's name."""

    def write(session: Session) -> Experiment:
        actor = get_local_actor(session, "cli")
        if session.scalar(select(Dataset).where(Dataset.name == "named")) is None:
            session.add(Dataset(name="named", num_signals=1, created_by=actor.user_id))
            session.flush()
        return create_experiment(session, actor, TrainingSpec(dataset="named"), name=name)

    back = _store(write, lambda row: row.name)
    return name if back == name.strip() else back


def as_artifact(_work: Path, name: str) -> str | None:
    """An artifact's name; its file is called by an id."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return None
    with artifacts.writing() as draft:
        draft.path.write_bytes(b"content")

    def write(session: Session) -> Artifact:
        experiment = session.scalars(select(Experiment).limit(1)).one()
        row = Artifact(
            id=draft.artifact_id, experiment_id=experiment.id, kind=os.urandom(4).hex(), name=name,
            media_type="application/octet-stream",
            size_bytes=draft.size, sha256=draft.sha256,
        )  # fmt: skip
        session.add(row)
        return row

    return _store(write, lambda row: row.name)


def as_upload(_work: Path, name: str) -> str | None:
    """An upload's name; what cannot be shown is shown as the replacement character."""
    batch = uploads.Batch()
    draft = batch.begin()
    draft.write(memoryview(_save("x")))
    draft.finish()
    batch.keep()
    arrived = ArrivedFile(draft.upload_id, name, draft.size, draft.sha256)

    def write(session: Session) -> Upload:
        return add_uploads(session, get_local_actor(session, "cli"), [arrived])[0]

    back = _store(write, lambda row: row.name)
    uploads.delete(draft.upload_id)
    return name if back is not None and "\N{REPLACEMENT CHARACTER}" in back else back


PLACES: dict[str, Place] = {
    "data set": as_dataset,
    "experiment": as_experiment,
    "artifact": as_artifact,
    "upload": as_upload,
    "file": as_file,
    "zip member": as_member,
    "npz array": as_array,
    "HDF5 data set": as_data_set,
}
# Rows take a millisecond, imports twenty.
WEIGHTS = {place: 3 if place in {"data set", "experiment", "artifact", "upload"} else 2 for place in PLACES}


if __name__ == "__main__":
    typer.run(main)
