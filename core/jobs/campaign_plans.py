"""What a campaign's kind decides: how trials are chosen, what each trains, and when enough was tried."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from core.campaign_specs import Budget, CampaignSpec, NASSpec, apply_values
from core.jobs.campaign_studies import to_past
from core.learning.architecture_search import ArchitectureSearch
from core.learning.search import Search, Suggestion
from core.network_specs import architecture_hash
from core.services.campaigns import count_trials
from core.services.trials import TrialRow
from core.settings import get_settings
from core.specs import TrainingSpec


class Plan(Protocol):
    """A campaign as its runner sees it."""

    budget: Budget
    epochs: int  # of one trial, at most
    max_trials: int | None
    parallel: int

    def ask(self) -> Suggestion | None:
        """Return the next trial, None where nothing is left to try."""

    def report(self, number: int, epoch: int, value: float) -> str | None:
        """Return why a trial is to end early, or None."""

    def attrs(self, number: int) -> dict[str, Any]:
        """Return what a rebuilt plan must know of a trial to decide alike."""

    def tell(self, number: int, state: Any, value: float | None = None) -> None:
        """Note how a trial ended."""

    def forget(self, number: int) -> None:
        """Take a suggestion back that never became a trial."""

    def describe(self, values: Mapping[str, Any]) -> tuple[TrainingSpec, dict[str, Any]]:
        """Return what a suggestion trains, and further columns of its trial's row."""

    def extend(self, config: Mapping[str, Any]) -> None:
        """Take a raised budget over."""


class SearchPlan(Search):
    """A search over hyperparameters."""

    def __init__(self, config: Mapping[str, Any], name: str, past: list[TrialRow], journal: Path) -> None:
        spec = CampaignSpec.model_validate(config)
        super().__init__(spec, name, [to_past(row) for row in past], journal)
        self._take(spec)

    def _take(self, spec: CampaignSpec) -> None:
        self._asked, self.budget, self.epochs = spec, spec.budget, spec.base.epochs
        self.max_trials, self.parallel = count_trials(spec), spec.parallel or count_cores()

    def describe(self, values: Mapping[str, Any]) -> tuple[TrainingSpec, dict[str, Any]]:
        """Return the training with the suggested values."""
        return apply_values(self._asked.base, values), {}

    def extend(self, config: Mapping[str, Any]) -> None:
        """Take a raised budget over."""
        self._take(CampaignSpec.model_validate(config))


class ArchitecturePlan(ArchitectureSearch):
    """A search over architectures."""

    def __init__(self, config: Mapping[str, Any], past: list[TrialRow]) -> None:
        spec = NASSpec.model_validate(config)
        super().__init__(spec, [to_past(row) for row in past])
        self._take(spec)

    def _take(self, spec: NASSpec) -> None:
        self._asked, self.budget, self.epochs = spec, spec.budget, spec.base.epochs
        self.max_trials, self.parallel = spec.budget.max_trials, spec.parallel or count_cores()

    def describe(self, values: Mapping[str, Any]) -> tuple[TrainingSpec, dict[str, Any]]:
        """Return the training of the suggested architecture."""
        options = self._asked.space.decode(values)
        told = options.model_dump(mode="json")
        facts = {"architecture": told, "architecture_hash": architecture_hash(options)}
        return self._asked.base.model_copy(update={"model_options": told}), facts

    def extend(self, config: Mapping[str, Any]) -> None:
        """Take a raised budget over."""
        self._take(NASSpec.model_validate(config))


def count_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def journal_path(kind: str, campaign_id: int) -> Path:
    """Return where a campaign's study lies for other programs, such as optuna-dashboard."""
    folder = get_settings().home / "studies"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{kind}-{campaign_id}.log"
