"""Do combs name a bearing's defect? `python -m tests.proofs.combs FOLDER` asks all CWRU and MFPT files there.

FOLDER holds the files, or the folders cwru and mfpt of them. The band and the harmonics are the same for
all; ball faults and sound bearings are shown, not asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from core.specs import Recording
from core.storage.readers.files import read_file
from core.vibration.bearing_catalogue import find_bearing
from core.vibration.combs import TITLES, CombScore, choose_comb, score_combs

REQUIRED = 21  # of the 24 inner- and outer-race records of CWRU's drive end
KIND_OF = {"inner_race": "bpfi", "outer_race": "bpfo", "ball": "bsf2", "healthy": None}
console = Console(width=150)


class Verdict(NamedTuple):
    """What the combs say of one record, beside what its file says."""

    recording: Recording
    scores: tuple[CombScore, ...]

    @property
    def first(self) -> CombScore:
        """The comb of the highest score."""
        return max(self.scores, key=lambda score: score.snr_db)

    @property
    def is_right(self) -> bool:
        """Whether the first choice is the defect that the file's name tells."""
        return self.first.kind == KIND_OF[self.recording.fault_class]


def main(folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)]) -> None:
    """Print the scores of every file; end with 1 below 21 of 24 or where an MFPT file is wrong."""
    verdicts = [judge(recording) for recording in _recordings(folder)]
    console.print(_tabulate(verdicts))
    shares = {}
    for source in ("CWRU", "MFPT"):
        for fault_class in KIND_OF:
            chosen = [
                verdict
                for verdict in verdicts
                if (verdict.recording.machine_id, verdict.recording.fault_class) == (source, fault_class)
            ]
            if chosen:
                shares[source, fault_class] = (_count_right(chosen), len(chosen))
                console.print(f"{source} {fault_class}: {shares[source, fault_class][0]} of {len(chosen)}")
    races, of = _sum(shares, "CWRU")
    console.print(f"{races} of {of} inner- and outer-race records of CWRU named by the first choice")
    right, number = _sum(shares, "MFPT")
    if races < REQUIRED or right < number:
        raise typer.Exit(1)


def judge(recording: Recording) -> Verdict:
    """Score the four combs of a record at its measured speed, or its nominal one."""
    bearing = find_bearing(recording.bearing_model or recording.machine_id or "")
    rpm = recording.rpm or recording.meta_data.get("nominal_rpm")
    if bearing is None or rpm is None:
        raise ValueError(f"{recording.record}: bearing and speed should be known, found {bearing} and {rpm}")
    return Verdict(recording, score_combs(recording.samples, recording.rate_hz, rpm, bearing.orders))


def _recordings(folder: Path) -> Iterator[Recording]:
    for path in sorted(folder.rglob("*.mat")):
        with path.open("rb") as file:
            yield from (
                found for found in read_file(file, path.name) if found.channel in ("DE", "accelerometer")
            )


def _count_right(verdicts: list[Verdict]) -> int:
    """Count the first choices that are right; of sound bearings those in which nothing stands out."""
    return sum(
        verdict.is_right if KIND_OF[verdict.recording.fault_class] else choose_comb(verdict.scores) is None
        for verdict in verdicts
    )


def _sum(shares: dict[tuple[str, str], tuple[int, int]], source: str) -> tuple[int, int]:
    races = [shares.get((source, fault_class), (0, 0)) for fault_class in ("inner_race", "outer_race")]
    return sum(right for right, _ in races), sum(number for _, number in races)


def _tabulate(verdicts: list[Verdict]) -> Table:
    table = Table(
        "record", "truth", *(f"{title}, dB" for title in TITLES.values()), "first choice", "stands out"
    )
    for verdict in verdicts:
        stands_out = choose_comb(verdict.scores)
        table.add_row(
            verdict.recording.record,
            verdict.recording.fault_class,
            *(f"{score.snr_db:.1f}" for score in verdict.scores),
            TITLES[verdict.first.kind] + ("" if verdict.is_right else " -"),
            stands_out.describe() if stands_out else "no defect comb",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
