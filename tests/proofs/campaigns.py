"""Kill worker, job, kernel and trials in the middle of campaigns: `python -m tests.proofs.campaigns`.

A campaign that was killed must end as the unbroken one does: the same trials with the same values, each epoch
once, none lost, none counted twice, the budget kept. Prints a line for each campaign; exit 1 where a law is
broken.
"""

import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Annotated, Any, NamedTuple

import numpy as np
import psutil
import typer
from sqlalchemy import func, select

from core.campaign_specs import CampaignSpec
from core.models import Experiment, HPOCampaign, HPOTrial, TrainingRun
from core.services.campaigns import create_campaign
from core.services.users import get_local_actor
from core.specs import OptimizerSpec, SplitSpec, TrainingSpec, WindowSpec
from core.storage.database import read_scope, session_scope
from tests.proofs.brokers import EMBEDDED
from tests.proofs.served_home import POLL_S, ServedHome, serving
from tests.proofs.shifts import make_data
from tests.proofs.trainings import TRAINING

# Each is started by the one before it.
VICTIMS = {
    "worker": "-m core.jobs.worker",
    "job": "-m core.jobs hpo_campaign",
    "kernel": "-m core.jobs.kernel",
    "trial": "-m core.jobs.trial_process",
}
LONGEST_S = 300.0
PARALLEL = 2


class Outcome(NamedTuple):
    """What became of one campaign."""

    victims: tuple[str, ...]
    status: str
    trials: dict[int, tuple[Any, ...]]
    broken: list[str]
    took_s: float


def run_campaign(
    served: ServedHome, victims: tuple[str, ...], rng: np.random.Generator, *, trials: int, epochs: int
) -> Outcome:
    """Ask for a campaign, kill each victim once at a random moment of it, and look at what is stored."""
    began = monotonic()
    with session_scope() as session:
        spec = _make_spec(trials, epochs)
        campaign_id = create_campaign(session, get_local_actor(session, via="job"), spec).id
    for place, victim in enumerate(victims):
        # After so many epochs of all trials: each kill finds the campaign in another part of its work.
        after = int(trials * epochs * (place + rng.uniform(0.2, 0.8)) / len(victims))
        _wait(lambda after=after: _count_epochs(campaign_id) >= after)
        sleep(rng.uniform(0, 0.2))
        if (process := _find(served, victim)) is not None:
            served.kill(process)
    _wait(lambda: _status(campaign_id) not in {"pending", "running"})
    return Outcome(
        victims,
        _status(campaign_id),
        _list_trials(campaign_id),
        list_broken(campaign_id, trials, epochs),
        monotonic() - began,
    )


def list_broken(campaign_id: int, num_trials: int, epochs: int) -> list[str]:
    """Return the laws that what is stored of a campaign breaks."""
    with read_scope() as session:
        campaign = session.get_one(HPOCampaign, campaign_id)
        trials = list(campaign.trials)
        of_campaign = Experiment.hpo_campaign_id == campaign_id
        stored = session.scalar(select(func.count(Experiment.id)).where(of_campaign))
        counted: dict[int, int] = dict(
            session.execute(
                select(TrainingRun.experiment_id, func.count())
                .join(Experiment, Experiment.id == TrainingRun.experiment_id)
                .where(of_campaign)
                .group_by(TrainingRun.experiment_id)
            ).all()
        )
        best = max((t for t in trials if t.state == "completed"), key=lambda t: t.value or 0.0, default=None)
        laws = {
            "completed": campaign.status == "completed",
            "every trial once": [t.trial_number for t in trials] == list(range(num_trials)),
            "one experiment a trial": stored == len({t.experiment_id for t in trials}) == num_trials,
            "all trials completed": all(t.state == "completed" for t in trials),
            "each epoch once": all(counted.get(t.experiment_id or 0) == epochs for t in trials),
            "budget kept": campaign.trials_completed == num_trials == campaign.trials_total,
            "best is the best": best is not None and campaign.best_accuracy == best.value,
        }
    return [law for law, holds in laws.items() if not holds]


def _make_spec(trials: int, epochs: int) -> CampaignSpec:
    base = TrainingSpec(
        dataset=TRAINING.dataset,
        split=SplitSpec(test_share=0.5),
        windows=WindowSpec(length=1024, train_hop=128, test_hop=512),
        optimizer=OptimizerSpec(weight_decay=0.0),
        batch_size=32,
        epochs=epochs,
        device="cpu",
    )
    told = {
        "base": base,
        "method": "random_search",
        "space": {
            "lr": {"type": "float", "min": 1e-4, "max": 1e-2, "log": True},
            "width": {"type": "categorical", "choices": [4, 8]},
        },
        "budget": {"max_trials": trials, "max_epochs": trials * epochs},
        "parallel": PARALLEL,
    }
    return CampaignSpec.model_validate(told)


def _find(served: ServedHome, victim: str) -> psutil.Process | None:
    found = []
    for process in served.list_processes():
        try:
            if VICTIMS[victim] in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return max(found, key=lambda process: process.pid, default=None)


def _wait(condition: Any) -> None:
    end = monotonic() + LONGEST_S
    while not condition():
        if monotonic() > end:
            raise TimeoutError(f"nothing more happened within {LONGEST_S:g} s; see the server's log")
        sleep(POLL_S)


def _status(campaign_id: int) -> str:
    with read_scope() as session:
        return str(session.get_one(HPOCampaign, campaign_id).status)


def _count_epochs(campaign_id: int) -> int:
    with read_scope() as session:
        of_campaign = Experiment.hpo_campaign_id == campaign_id
        counted = select(func.count(TrainingRun.id)).join(
            Experiment, Experiment.id == TrainingRun.experiment_id
        )
        return session.scalar(counted.where(of_campaign)) or 0


def _list_trials(campaign_id: int) -> dict[int, tuple[Any, ...]]:
    with read_scope() as session:
        rows = session.scalars(select(HPOTrial).where(HPOTrial.campaign_id == campaign_id))
        return {t.trial_number: (t.parameters, t.state.value, t.value, t.epochs) for t in rows}


def work(home: Path, plans: list[tuple[str, ...]], seed: int, *, trials: int, epochs: int) -> list[Outcome]:
    """Run an unbroken campaign, then one for each plan of kills, which must end as the unbroken one."""
    rng, outcomes = np.random.default_rng(seed), list[Outcome]()
    with serving(home, EMBEDDED) as served:
        make_data()
        for victims in [(), *plans]:
            outcome = run_campaign(served, victims, rng, trials=trials, epochs=epochs)
            if outcomes and outcome.trials != outcomes[0].trials:
                outcome.broken.append("the trials of the unbroken campaign")
            outcomes.append(outcome)
            typer.echo(
                f"{' and '.join(victims) or 'unbroken':24} {outcome.status} in {outcome.took_s:5.1f} s: "
                f"{', '.join(outcome.broken) or 'all laws hold'}"
            )
    return outcomes


def main(
    *,
    campaigns: Annotated[int, typer.Option(min=1, help="how many are killed, twice each")] = 10,
    trials: Annotated[int, typer.Option(min=2)] = 6,
    epochs: Annotated[int, typer.Option(min=2)] = 6,
    seed: Annotated[int | None, typer.Option(help="of the moments of the kills; else a fresh one")] = None,
) -> None:
    """Kill, and tell what became of it."""
    seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
    names = list(VICTIMS)
    plans = [(names[n % len(names)], names[(n // len(names) + n + 1) % len(names)]) for n in range(campaigns)]
    folder = Path(mkdtemp(prefix="brinell-campaigns-"))
    typer.echo(f"seed {seed}; home and log in {folder}")
    outcomes = work(folder / "home", plans, seed, trials=trials, epochs=epochs)
    if any(outcome.broken for outcome in outcomes):
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    typer.run(main)
