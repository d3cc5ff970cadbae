"""One trial after the other, each by the code of a single run; its campaign says when it ends early."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import structlog

from core.errors import BrinellError, DatabaseUnavailableError, SupersededError
from core.jobs.experiment_run import ExperimentRun
from core.jobs.prepared import PreparedOnce
from core.jobs.running import note_failure
from core.learning.architecture_cost import measure_cost
from core.learning.architecture_latency import measure_latency
from core.learning.results import EpochRecord
from core.network_specs import CellsOptions
from core.services.experiments import complete_experiment
from core.services.jobs import Claim, JobKind, rest_run, stop_run
from core.specs import NetworkName
from core.storage.transactions import run_write

logger = structlog.get_logger(__name__)

Ask = Callable[[dict[str, Any]], dict[str, Any]]


class Trials:
    """Trains experiments under claims that their campaign made; what many stand on is prepared once."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._prepare = ask, PreparedOnce()

    def train(self, experiment: int, attempt: int) -> dict[str, Any]:
        """Train one experiment and say how it ended: completed, pruned, paused, cancelled, failed or lost."""
        claim = Claim(JobKind.TRAINING, experiment, attempt)
        try:
            ended, cost = self._train(claim)
        except SupersededError as error:
            return {"ended": "lost", "error": str(error), "cost": {}}
        except DatabaseUnavailableError:
            raise  # the process ends, and another goes on from the last checkpoint
        except BrinellError as error:
            note_failure(claim, str(error))
            return {"ended": "failed", "error": str(error), "cost": {}}
        except Exception as error:  # the outermost frame of a trial: the next one is not harmed by it
            logger.exception("trial_crashed", experiment_id=experiment)
            told = f"{type(error).__name__}: {error}"
            note_failure(claim, told)
            return {"ended": "failed", "error": told, "cost": {}}
        return {"ended": ended, "error": None, "cost": cost}

    def _train(self, claim: Claim) -> tuple[str, dict[str, Any]]:
        judge = _Judge(self._ask)
        run = ExperimentRun(claim.row_id, claim.attempt, prepare=self._prepare, judge=judge)
        run.load()
        reason = run.fit().reason
        if reason == "paused":
            run_write(lambda session: rest_run(session, claim))
        elif reason in {"pruned", "cancelled"}:
            run_write(lambda session: stop_run(session, claim, "cancelled", judge.reason))
        else:
            run.evaluate()
            run_write(lambda session: complete_experiment(session, claim))
            reason = "completed"
        is_cell = run.spec.model is NetworkName.CELLS and reason != "paused"
        return reason, _measure_cost(run) if is_cell else {}


def _measure_cost(run: ExperimentRun) -> dict[str, Any]:
    """Return what a network of cells takes, counted, and its latency, measured here and now."""
    options = CellsOptions.model_validate(run.spec.model_options)
    length = run.spec.windows.length
    cost = measure_cost(options, len(run.split.classes), length)
    latency = measure_latency(run.network, length)
    return {**asdict(cost), "latency_ms": latency.milliseconds, "device": latency.device}


class _Judge:
    """Tells the campaign of each epoch and hands on its word."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.reason: str | None = None

    def __call__(self, record: EpochRecord) -> str | None:
        measured = {"val_accuracy": record.val_accuracy, "val_loss": record.val_loss, **record.metrics}
        answer = self._ask({"epoch": record.epoch, "measured": measured})
        self.reason = answer["reason"]
        word: str | None = answer["word"]
        return word
