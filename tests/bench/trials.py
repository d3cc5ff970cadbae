"""Trials an hour of a campaign beside a plain Optuna loop: `python -m tests.bench.trials`.

Both search the same space with the same sampler on the same windows, train the same network by the same
trainer, and have both cores. The plain loop keeps nothing; the campaign stores every epoch, the weights, the
predictions and the audit of each trial. The overhead is what a trial takes longer in a campaign, one at a
time, than the same run by itself, one after the other in one process.
"""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated, Any

import optuna
import typer
from sqlalchemy import func, select

from core.campaign_specs import CampaignSpec, apply_values
from core.jobs.campaign_run import CampaignRun
from core.jobs.experiment_run import ExperimentRun
from core.jobs.prepared import PreparedOnce, prepare
from core.jobs.running import run_job
from core.learning import networks
from core.learning.devices import resolve_device
from core.learning.search import Search
from core.learning.trainer import fit, predict
from core.models import HPOCampaign, HPOTrial, TrainingRun
from core.services.campaigns import create_campaign
from core.services.datasets import request_generation
from core.services.experiments import create_experiment
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import GenerationSpec, SplitSpec, TrainingSpec, WindowSpec
from core.storage import migrations
from core.storage.database import dispose_engines, read_scope, session_scope

SPACE = {
    "lr": {"type": "float", "min": 1e-4, "max": 3e-2, "log": True},
    "weight_decay": {"type": "float", "min": 1e-4, "max": 0.3, "log": True},
}


def measure(trials: int = 24, epochs: int = 5) -> dict[str, Any]:
    """Return trials an hour of both, and milliseconds of overhead a trial."""
    with TemporaryDirectory(prefix="brinell-bench-") as folder:
        os.environ["BRINELL_HOME"] = str(Path(folder))
        get_settings.cache_clear()
        migrations.upgrade()
        with session_scope() as session:
            spec = GenerationSpec(dataset="made", machines=2, records_per_condition=2, duration_s=2.0)
            row_id = request_generation(session, get_local_actor(session, via="job"), spec).id
        run_job(JobKind.GENERATION, row_id)
        plain_s = _time_plain(trials, epochs)
        side_by_side_s, _ = _time_campaign(trials, epochs, None)
        alone_s, trained_s = _time_campaign(trials, epochs, 1)
        runs_s = _time_runs(trials, epochs)
        dispose_engines()
    return {
        "trials": trials,
        "epochs": epochs,
        "plain_trials_an_hour": round(3600 * trials / plain_s),
        "campaign_trials_an_hour": round(3600 * trials / side_by_side_s),
        "ratio": round(plain_s / side_by_side_s, 2),
        "overhead_ms_a_trial": round(1000 * (alone_s - runs_s) / (trials - 1), 1),
        "outside_training_ms_a_trial": round(1000 * (alone_s - trained_s) / (trials - 1), 1),
    }


def _make_spec(trials: int, epochs: int, parallel: int | None) -> CampaignSpec:
    base = TrainingSpec(
        dataset="made", split=SplitSpec(test_share=0.25), windows=WindowSpec(train_hop=1024),
        epochs=epochs, device="cpu",
    )  # fmt: skip
    told = {"base": base, "method": "random_search", "space": SPACE, "parallel": parallel}
    return CampaignSpec.model_validate(told | {"budget": {"max_trials": trials}})


def _time_plain(trials: int, epochs: int) -> float:
    """Time what a person writes who needs no more than the best values."""
    spec = _make_spec(trials, epochs, 1)
    began = perf_counter()
    prepared = prepare(spec.base)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(trials):
        trial = study.ask()
        values = {
            name: trial.suggest_float(name, each["min"], each["max"], log=True)  # type: ignore[arg-type]
            for name, each in SPACE.items()
        }
        training = apply_values(spec.base, values)
        network = networks.build(training.model, len(prepared.split.classes), training.windows.length, {})
        result = fit(
            prepared.windows.train,
            prepared.windows.validation,
            network,
            training,
            on_epoch=lambda _: None,
            should_stop=lambda: None,
        )
        predict(network, prepared.windows.test, resolve_device("cpu"))
        study.tell(trial, max(epoch.val_accuracy or 0.0 for epoch in result.epochs))
    return perf_counter() - began


def _time_runs(trials: int, epochs: int) -> float:
    """Time the trials of a campaign as runs by themselves, from the end of the first one."""
    spec, prepared, began = _make_spec(trials, epochs, 1), PreparedOnce(), 0.0
    search = Search(spec, "bench")
    for number in range(trials):
        began = began if number > 1 else perf_counter()
        if (suggestion := search.ask()) is None:
            raise RuntimeError("nothing is left to try")
        with session_scope() as session:
            actor = get_local_actor(session, via="job")
            row_id = create_experiment(session, actor, apply_values(spec.base, suggestion.values)).id
        run = ExperimentRun(row_id, prepare=prepared)
        run.load()
        run.fit()
        run.evaluate()
    return perf_counter() - began


def _time_campaign(trials: int, epochs: int, parallel: int | None) -> tuple[float, float]:
    """Time a campaign, its processes' start included; of one trial at a time also what was training."""
    with session_scope() as session:
        actor = get_local_actor(session, via="job")
        row_id = create_campaign(session, actor, _make_spec(trials, epochs, parallel)).id
    began = perf_counter()
    status = CampaignRun(row_id).run()
    took_s = perf_counter() - began
    if status != "completed":
        raise RuntimeError(f"the campaign ended as {status}")
    with read_scope() as session:
        trained = (
            select(func.sum(TrainingRun.duration_seconds))
            .join(HPOTrial, HPOTrial.experiment_id == TrainingRun.experiment_id)
            .where(HPOTrial.campaign_id == row_id, HPOTrial.trial_number > 0)
        )
        trained_s = session.scalar(trained) or 0.0
        campaign = session.get_one(HPOCampaign, row_id)
        ends = sorted(trial.finished_at for trial in campaign.trials if trial.finished_at is not None)
    if parallel == 1:  # the first trial waits for its process, and prepares the data
        return (ends[-1] - ends[0]).total_seconds(), trained_s
    return took_s, trained_s


def main(
    trials: Annotated[int, typer.Option(min=2)] = 24, epochs: Annotated[int, typer.Option(min=1)] = 5
) -> None:
    """Measure and print."""
    print(json.dumps(measure(trials, epochs), indent=1))


if __name__ == "__main__":
    typer.run(main)
