"""Import real files, damaged at random: `python -m tests.proofs.mutated_files --number 500`.

Exit 1 where this process crashed, a data set was entered in part, or a refusal said nothing. What is entered
whole although it was damaged is counted: the formats guard few of their samples by a checksum.
"""

import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import scipy.io
import typer
from rich.console import Console
from sqlalchemy import select

from core.models import Dataset, Signal
from core.settings import PROJECT_ROOT, get_settings
from core.storage import arrays
from core.storage.database import read_scope
from tests.proofs.importing import NEXT_STEP, Outcome, import_paths, importing_home, list_tree

FOLDER = PROJECT_ROOT.parent / "shared" / "data"
HEADER_BYTES = 512
LARGEST_BLOCK = 4096

console = Console(width=160, highlight=False)
Mutate = Callable[[bytearray, random.Random], bytearray]


def main(
    number: int = typer.Option(500, min=1, help="files to damage and import"),
    seed: int | None = typer.Option(None, help="of an earlier run, to repeat it"),
    folder: Path = typer.Option(FOLDER, help="folder of real recordings"),  # noqa: B008 - typer's way
) -> None:
    """Damage, import and compare."""
    seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    console.print(f"seed {seed}")
    with TemporaryDirectory(prefix="brinell-mutated-") as temporary:
        root = Path(temporary)
        with importing_home(root / "home"):
            broken, ended = _run(root, list_originals(folder, root / "originals"), number, seed)
    console.print(f"{number} damaged files: {dict(ended)}; {broken} with a broken law; seed {seed}")
    sys.exit(bool(broken))


def list_originals(folder: Path, target: Path) -> list[Path]:
    """Return the real files, and some of them in the other formats."""
    target.mkdir()
    files = sorted(folder.rglob("*.mat"))
    for path in files[::10]:
        variables = {name: x for name, x in scipy.io.loadmat(path).items() if name.startswith("X")}
        if not variables:
            continue
        np.savez_compressed(target / f"{path.stem}.npz", **variables)
        with h5py.File(target / path.name, "w", userblock_size=512) as file:
            for name, values in variables.items():
                packed = {"compression": "gzip", "shuffle": True} if values.size > 1 else {}
                file.create_dataset(name, data=values.T, **packed)
        shutil.make_archive(str(target / path.stem), "zip", target, f"{path.stem}.npz")
    return files + sorted(target.iterdir())


def _run(root: Path, originals: list[Path], number: int, seed: int) -> tuple[int, Counter[str]]:
    chance, broken, ended = random.Random(seed), 0, Counter[str]()  # noqa: S311 - repeatable is what is wanted
    (root / "case").mkdir()
    channels: dict[Path, int] = {}
    for count in range(1, number + 1):
        original = chance.choice(originals)
        if original not in channels:
            channels[original] = _import(original, f"whole {original}").report.num_new_signals or 0
        damaged = root / "case" / original.name
        content, how = mutate(original.read_bytes(), chance)
        damaged.write_bytes(content)
        before = list_tree(get_settings().recordings_dir)
        outcome = _import(damaged, f"damaged {count}")
        faults = list(_judge(outcome, f"damaged {count}", channels[original], before))
        ended[outcome.report.status if not faults else "broken"] += 1
        broken += bool(faults)
        damaged.unlink()
        if faults or count % 25 == 0:
            console.print(f"{count:5} {original.name} ({how}): {outcome.report.status} {', '.join(faults)}")
    return broken, ended


def _import(path: Path, dataset: str) -> Outcome:
    return import_paths([path], dataset)


def mutate(content: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Damage a file in one to four ways; return it and what was done."""
    chosen = chance.choices(list(MUTATIONS), k=chance.randint(1, 4))
    damaged = bytearray(content)
    for name in chosen:
        damaged = MUTATIONS[name](damaged, chance) or bytearray(b"\0")
    return bytes(damaged), ", ".join(chosen)


def _place(content: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(content))


def _block(content: bytearray, chance: random.Random) -> tuple[int, int]:
    start = _place(content, chance)
    return start, min(len(content), start + chance.randint(1, LARGEST_BLOCK))


def _flip(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 20)):
        content[_place(content, chance)] ^= 1 << chance.randrange(8)
    return content


def _cut(content: bytearray, chance: random.Random) -> bytearray:
    return content[: _place(content, chance)]


def _insert(content: bytearray, chance: random.Random) -> bytearray:
    place = _place(content, chance)
    return content[:place] + chance.randbytes(chance.randint(1, LARGEST_BLOCK)) + content[place:]


def _repeat(content: bytearray, chance: random.Random) -> bytearray:
    start, stop = _block(content, chance)
    return content[:stop] + content[start:]


def _remove(content: bytearray, chance: random.Random) -> bytearray:
    start, stop = _block(content, chance)
    return content[:start] + content[stop:]


def _edit_head(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 8)):
        content[chance.randrange(min(HEADER_BYTES, len(content)))] = chance.randrange(256)
    return content


def _edit_tail(content: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 8)):
        content[-1 - chance.randrange(min(HEADER_BYTES, len(content)))] = chance.randrange(256)
    return content


def _extreme(content: bytearray, chance: random.Random) -> bytearray:
    place = chance.randrange(min(HEADER_BYTES, len(content)))
    word = chance.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\0\0", b"\1\0\0\0"])
    content[place : place + 4] = word
    return content


MUTATIONS: dict[str, Mutate] = {
    "bits flipped": _flip,
    "cut": _cut,
    "block inserted": _insert,
    "block repeated": _repeat,
    "block removed": _remove,
    "head edited": _edit_head,
    "tail edited": _edit_tail,
    "extreme number": _extreme,
}


def _judge(outcome: Outcome, dataset: str, num_channels: int, before: frozenset[str]) -> Iterator[str]:
    """Yield the laws that an import broke: whole or nothing, and never silent."""
    with read_scope() as session:
        rows = session.execute(
            select(Signal.file_path, Signal.checksum, Signal.num_samples)
            .join(Dataset)
            .where(Dataset.name == dataset)
        ).all()
    if outcome.report.status == "completed":
        if not 1 <= len(rows) <= num_channels:
            yield f"{len(rows)} rows of {num_channels} channels"
        if any(len(arrays.open_samples(row.file_path)) != row.num_samples for row in rows):
            yield "a row without its samples"
        if outcome.report.errors:
            yield f"completed with {outcome.report.errors}"
        return
    if outcome.report.status != "failed" or rows:
        yield f"{outcome.report.status} with {len(rows)} rows"
    if list_tree(get_settings().recordings_dir) != before:
        yield "files left in the store"
    if not NEXT_STEP.search(outcome.message):
        yield f"message {outcome.message!r}"


if __name__ == "__main__":
    typer.run(main)
