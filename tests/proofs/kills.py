"""Kill worker, kernel and server in the middle of trainings: `python -m tests.proofs.kills`.

A training that was killed must end as the unbroken one does, bit for bit. Prints a line for each run and
a table of times; exit 1 where a law is broken.
"""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, get_args

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.proofs.brokers import claimed_broker
from tests.proofs.observing import Run
from tests.proofs.served_home import Victim
from tests.proofs.shifts import Shift, work_shifts
from tests.proofs.tables import describe_run, make_table, record_run, sum_up

VICTIMS: tuple[Victim, ...] = ("worker", "kernel", "server")
REDIS = os.environ.get("BRINELL_TEST_REDIS_URL", "redis://127.0.0.1:6379/15")


class Broker(StrEnum):
    """On which brokers to kill."""

    FILESYSTEM = "filesystem"
    REDIS = "redis"
    BOTH = "both"


def plan_shifts(
    folder: Path,
    urls: Sequence[tuple[str, str]],
    victims: Sequence[Victim],
    *,
    each: int,
    epochs: int,
    seed: int,
) -> list[Shift]:
    """Share `each` kills of each victim and broker among homes, given as broker and its URL, at random."""
    rng, shifts = np.random.default_rng(seed), []
    brokers = [broker for broker, _ in urls]
    orders = {name: rng.permutation(np.repeat(victims, each)).tolist() for name in dict.fromkeys(brokers)}
    for number, (broker, url) in enumerate(urls):
        before, homes = brokers[:number].count(broker), brokers.count(broker)
        shifts.append(
            Shift(
                home=folder / f"home-{number}",
                broker=broker,
                broker_url=url,
                victims=tuple(orders[broker][before::homes]),
                epochs=epochs,
                seed=(seed, number),
            )
        )
    return shifts


def main(
    *,
    each: Annotated[int, typer.Option(min=1, help="kills of each victim on each broker")] = 10,
    broker: Annotated[Broker, typer.Option(help="on which broker")] = Broker.BOTH,
    victim: Annotated[
        list[str], typer.Option(help=f"one of {', '.join(get_args(Victim))}; may be given again")
    ] = VICTIMS,
    lanes: Annotated[int, typer.Option(min=1, help="homes that are served side by side")] = 1,
    epochs: Annotated[int, typer.Option(min=3, help="length of the training")] = 40,
    seed: Annotated[int | None, typer.Option(help="of the moments of the kills; else a fresh one")] = None,
    redis: Annotated[str, typer.Option(help="Redis and the highest number of a database to use")] = REDIS,
    json_file: Annotated[Path | None, typer.Option("--json", help="write what was observed there")] = None,
) -> None:
    """Kill, and tell what became of it."""
    names = [Broker.FILESYSTEM, Broker.REDIS] if broker is Broker.BOTH else [broker]
    names = [names[number % len(names)] for number in range(max(lanes, len(names)))]
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
    folder = Path(mkdtemp(prefix="brinell-kills-"))
    with ExitStack() as stack:
        urls = [(name.value, stack.enter_context(claimed_broker(name, redis))) for name in names]
        shifts = plan_shifts(folder, urls, victim, each=each, epochs=epochs, seed=seed)
        typer.echo(f"seed {seed}, {epochs} epochs, homes and logs in {folder}")
        runs: list[Run] = []
        try:
            _work(shifts, lanes, runs)
        finally:
            typer.echo(sum_up(runs))
            Console(width=120).print(make_table(runs))
    if json_file is not None:
        observed = {"seed": seed, "epochs": epochs, "lanes": lanes, "runs": [record_run(run) for run in runs]}
        json_file.write_text(json.dumps(observed, indent=2))
    if any(run.broken for run in runs):
        sys.exit(1)
    shutil.rmtree(folder)


def _work(shifts: list[Shift], lanes: int, runs: list[Run]) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    # On a terminal the lines go above the bar; in a file they stand alone.
    console, on_terminal = Console(stderr=True), sys.stdout.isatty()
    with Progress(*columns, console=console, redirect_stdout=on_terminal) as progress:
        bar = progress.add_task("trainings", total=sum(1 + len(shift.victims) for shift in shifts))

        def report(run: Run) -> None:
            if run.victim is None and any(run.outcome != other.outcome for other in runs if not other.victim):
                run.broken = ["unbroken runs identical"]
            runs.append(run)
            typer.echo(describe_run(run))
            progress.advance(bar)

        work_shifts(shifts, lanes, report)


if __name__ == "__main__":
    typer.run(main)
