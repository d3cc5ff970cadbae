"""Import hostile files, one after the other: `python -m tests.proofs.hostile_files`; exit 1 on a broken law.

Each file goes through the real job in a home of its own store. Seconds are those of the job, the reader
process being warm; memory is the peak of this process, which asks the readers, above what it held before.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from core.settings import get_settings
from core.storage.readers import limits
from tests.proofs.hostile import honest_files, list_cases
from tests.proofs.importing import NEXT_STEP, Outcome, count_rows, import_paths, importing_home, list_tree

WITHIN_S = 2.0
GROWN_BYTES = 100e6
SECRET = b"the secret of this machine / " * 200

console = Console(width=220)


@dataclass(frozen=True, slots=True)
class Tried:
    """One hostile file, what came of it, and the laws that it broke."""

    name: str
    outcome: Outcome
    broken: tuple[str, ...]


def main(
    match: str = typer.Option("", help="only the cases whose name holds this"),
    within_s: float = typer.Option(WITHIN_S, help="seconds that one file may take"),
) -> None:
    """Try every case and show the table."""
    with TemporaryDirectory(prefix="brinell-hostile-") as folder:
        root = Path(folder)
        with importing_home(root / "home"):
            tried = list(try_all(root, match, within_s))
    console.print(_table(tried))
    broken = [one for one in tried if one.broken]
    seconds = sorted(one.outcome.seconds for one in tried)
    console.print(
        f"{len(tried)} hostile files, {len(broken)} with a broken law; slowest {seconds[-1]:.2f} s, median "
        f"{seconds[len(seconds) // 2]:.2f} s; memory of the asker at most "
        f"+{max(one.outcome.grown_bytes for one in tried) / 1e6:.0f} MB"
    )
    sys.exit(bool(broken))


def try_all(root: Path, match: str, within_s: float) -> Iterator[Tried]:
    """Make and import the cases in a folder; first what is honest, so that libraries are loaded."""
    _prepare(root)
    for name, make in list_cases():
        if match in name:
            yield _try(root, name, make, within_s)


def _prepare(root: Path) -> None:
    (root / "secret").mkdir()
    (root / "secret" / "secret.bin").write_bytes(SECRET)
    with h5py.File(root / "secret" / "secret.h5", "w") as file:
        file["x"] = np.frombuffer(SECRET[:4096], "<f8")
    (root / "work").mkdir()
    os.chdir(root / "work")
    outcome = import_paths(list(honest_files(root / "honest").values()), "honest")
    if outcome.report.errors or outcome.report.status != "completed":
        raise RuntimeError(f"honest files were refused: {outcome.message}")


def _try(root: Path, name: str, make: Callable[[Path], Path], within_s: float) -> Tried:
    folder = root / "case"
    folder.mkdir()
    path = make(folder)
    before, rows = list_tree(root), count_rows()
    outcome = import_paths([path], "hostile")
    laws = {
        "refused": outcome.report.status == "failed",
        "message names file": path.name in outcome.message or limits.printable(path.name) in outcome.message,
        "message names the next step": NEXT_STEP.search(outcome.message) is not None,
        f"within {within_s:g} s": outcome.seconds < within_s,
        "memory": outcome.grown_bytes < GROWN_BYTES,
        "no row": count_rows() == rows,
        "no file": list_tree(root) == before,
        "no secret": not _holds_secret(outcome),
    }
    for left in sorted(folder.rglob("*"), reverse=True):
        left.rmdir() if left.is_dir() and not left.is_symlink() else left.unlink()
    folder.rmdir()
    tried = Tried(name, outcome, tuple(law for law, holds in laws.items() if not holds))
    console.print(
        f"{'BROKEN ' + ', '.join(tried.broken) if tried.broken else 'ok':6} {outcome.seconds:5.2f} s  {name}",
        markup=False,
        highlight=False,
    )
    return tried


def _holds_secret(outcome: Outcome) -> bool:
    database = get_settings().home / "brinell.db"
    stored = b"".join(
        path.read_bytes() for path in database.parent.glob("brinell.db*")
    ) + outcome.message.encode(errors="replace")
    return SECRET[:24] in stored


def _table(tried: list[Tried]) -> Table:
    table = Table("file", "s", "MB", "message", "broken", box=None)
    for one in tried:
        message = one.outcome.message
        shown = message if len(message) < 150 else f"{message[:147]}..."
        grown = f"{one.outcome.grown_bytes / 1e6:+.0f}"
        table.add_row(
            *(part.replace("[", r"\[") for part in (one.name, f"{one.outcome.seconds:.2f}", grown, shown)),
            ", ".join(one.broken),
        )
    return table


if __name__ == "__main__":
    typer.run(main)
