"""What notebooks/search.ipynb calls: one campaign from its row to its best trial, under a claim."""

import time
from collections import Counter, deque
from typing import Any

import pandas as pd

from core.jobs.campaign_plans import ArchitecturePlan, Plan, SearchPlan, journal_path
from core.jobs.holding import Hold
from core.jobs.trial_slots import Slot, Slots
from core.models import TrialState
from core.services.jobs import MOST_DEATHS, Claim, JobKind, get_run
from core.services.trials import (
    STOPPED,
    Suggested,
    TrialRow,
    begin_trial,
    best_of,
    end_trial,
    finish_campaign,
    list_trials,
    note_attrs,
    spend,
    take_up_trial,
)
from core.storage.database import read_scope
from core.storage.transactions import run_write

POLL_S = 1.0  # between two looks at the row where no trial says anything
NO_VALUE = "it measured no {metric}: no record is long enough for a validation side"


class CampaignRun:
    """One attempt at one campaign; a second attempt goes on with the trials that the first one left."""

    def __init__(self, campaign_id: int, attempt: int = 0, kind: str = JobKind.SEARCH) -> None:
        """Go on under a worker's attempt, or claim the row here where a person runs the notebook."""
        self._hold = Hold(JobKind(kind), campaign_id, attempt)
        self.claim = self._hold.claim
        with self._hold.watched(), read_scope() as session:
            row: Any = get_run(session, self.claim.kind, campaign_id)
            self.name, self._spent_s = str(row.name), float(row.spent_seconds)
            self._config = row.config
            trials = list_trials(session, self.claim)
            self.plan = _make_plan(self.claim, row, trials)
        self._began = time.monotonic()
        self._reports = {trial.number: dict(trial.reports) for trial in trials}
        self._experiments = {trial.number: trial.experiment_id for trial in trials}
        self._waiting = deque(trial for trial in trials if trial.state == TrialState.RUNNING)
        self._ended = {trial.number for trial in trials if trial.state != TrialState.RUNNING}
        self._is_exhausted = False  # nothing is left to try
        self._deaths: Counter[int] = Counter()
        self._reasons: dict[int, str] = {}  # why trials that are still at work are to end
        self._status = "running"

    def run(self) -> str:
        """Train trial after trial until the budget is spent; return the status that the campaign ended in."""
        with self._hold.watched():
            self._settle_ended()
            with Slots(self.plan.parallel) as self.slots:
                self._work(self.slots)
            if self._hold.is_own:
                run_write(lambda session: finish_campaign(session, self.claim))
        self._hold.release()
        with read_scope() as session:
            return str(get_run(session, self.claim.kind, self.claim.row_id).status)

    def trials(self) -> pd.DataFrame:
        """Return all trials as a table: state, value, epochs and what was suggested."""
        with read_scope() as session:
            rows = list_trials(session, self.claim)
        told = [
            {"trial": r.number, "experiment": r.experiment_id, "state": r.state, "value": r.value}
            | {"epochs": r.epochs, **r.parameters}
            for r in rows
        ]
        return pd.DataFrame(told).set_index("trial") if told else pd.DataFrame()

    def _work(self, slots: Slots) -> None:
        looked_at = time.monotonic()
        while self._find_work(slots):
            for slot, told in slots.hear(POLL_S):
                self._answer(slot, told)
            if time.monotonic() - looked_at >= POLL_S:
                self._look()
                looked_at = time.monotonic()

    def _find_work(self, slots: Slots) -> bool:
        """Fill the processes; False where none has anything to do, also by what the row says now."""
        self._fill(slots)
        if not slots.busy:
            self._look()
            self._fill(slots)
        return bool(slots.busy)

    def _fill(self, slots: Slots) -> None:
        """Give every idle process a trial, first those that an earlier attempt left."""
        while self._status == "running" and not self._is_out_of_time():
            if not self._waiting and not self._may_ask():
                return
            slot = slots.find_idle()
            if slot is None:
                return
            claim = self._take_up(slot) if self._waiting else self._begin(slot)
            if claim is not None:
                slot.send({"experiment": claim.row_id, "attempt": claim.attempt})

    def _take_up(self, slot: Slot) -> Claim | None:
        trial = self._waiting.popleft()
        experiment_id = self._experiments[trial.number]
        claim = None
        if experiment_id is not None:
            claim = run_write(lambda session: take_up_trial(session, self.claim, experiment_id, slot.worker))
        if claim is None:
            self._look()
            if self._status == "running":
                self._end(trial.number, TrialState.FAILED, "its experiment was deleted")
            return None
        slot.number = trial.number
        return claim

    def _begin(self, slot: Slot) -> Claim | None:
        suggestion = self.plan.ask()
        if suggestion is None:
            self._is_exhausted = True
            return None
        spec, facts = self.plan.describe(suggestion.values)
        suggested = Suggested(
            number=suggestion.number,
            parameters=suggestion.values,
            attrs=suggestion.attrs,
            facts=facts,
            spec=spec,
        )
        claim = run_write(lambda session: begin_trial(session, self.claim, suggested, slot.worker))
        if claim is None:
            self.plan.forget(suggestion.number)
            self._look()
            return None
        slot.number = suggestion.number
        self._experiments[suggestion.number], self._reports[suggestion.number] = claim.row_id, {}
        return claim

    def _may_ask(self) -> bool:
        budget, most = self.plan.budget, self.plan.max_trials
        if self._is_exhausted or (most is not None and len(self._experiments) >= most):
            return False
        # Epochs that trials at work may still take are spoken for.
        return budget.max_epochs is None or self._epochs_due() + self.plan.epochs <= budget.max_epochs

    def _epochs_due(self) -> int:
        done = sum(max(reports, default=0) for reports in self._reports.values())
        left = sum(self.plan.epochs - max(self._reports[number], default=0) for number in self._at_work)
        return done + left

    @property
    def _at_work(self) -> set[int]:
        return {n for n in self._experiments if n not in self._ended}

    def _is_out_of_time(self) -> bool:
        most = self.plan.budget.max_seconds
        return most is not None and self._seconds() >= most

    def _seconds(self) -> float:
        return self._spent_s + time.monotonic() - self._began

    def _answer(self, slot: Slot, told: dict[str, Any] | None) -> None:
        number = slot.number
        if number is None:
            return
        if told is None:
            self._give_back(number)
        elif "epoch" in told:
            word, reason = self._judge(number, told["epoch"], told["measured"])
            slot.send({"word": word, "reason": reason})
        else:
            slot.number = None
            self._note_end(number, told["ended"], told["error"], told["cost"])

    def _judge(
        self, number: int, epoch: int, measured: dict[str, float | None]
    ) -> tuple[str | None, str | None]:
        value = measured.get(self.plan.budget.metric)
        if value is None:
            return "pruned", self._reasons.setdefault(number, f"it measured no {self.plan.budget.metric}")
        self._reports[number][epoch] = value
        before = self.plan.attrs(number)
        reason = self.plan.report(number, epoch, value)
        attrs = self.plan.attrs(number)
        if attrs != before:
            run_write(lambda session: note_attrs(session, self.claim, number, attrs))
        if (status := self._read_status()) != "running":
            return ("cancelled", STOPPED) if status == "cancelled" else ("paused", None)
        if reason is None and self._is_out_of_time():
            reason = f"the campaign's {self.plan.budget.max_seconds:g} s were over"
        if reason is not None:
            self._reasons[number] = reason
        return (None if reason is None else "pruned"), reason

    def _read_status(self) -> str:
        with read_scope() as session:
            row = get_run(session, self.claim.kind, self.claim.row_id)
            return str(row.status) if row.attempt == self.claim.attempt else "paused"

    def _note_end(self, number: int, ended: str, error: str | None, cost: dict[str, Any]) -> None:
        if ended in {"paused", "lost"}:
            return  # whoever resumes the campaign goes on with it
        if ended == "completed":
            self._end(number, TrialState.COMPLETED, None, cost)
        elif ended == "failed":
            self._end(number, TrialState.FAILED, error)
        else:
            self._end(number, TrialState.PRUNED, self._reasons.get(number, STOPPED), cost)

    def _end(
        self, number: int, state: TrialState, reason: str | None, cost: dict[str, Any] | None = None
    ) -> None:
        value = best_of(self._reports[number].values(), self.plan.budget.metric)
        if state is not TrialState.FAILED and value is None:
            state, reason = TrialState.FAILED, NO_VALUE.format(metric=self.plan.budget.metric)
        run_write(lambda session: end_trial(session, self.claim, number, state, reason, cost=cost))
        self._ended.add(number)
        self.plan.tell(number, state.value, None if state is TrialState.FAILED else value)

    def _give_back(self, number: int) -> None:
        """Have another process go on with a trial whose own one died, but not for ever."""
        self._deaths[number] += 1
        if self._deaths[number] >= MOST_DEATHS:
            self._end(
                number, TrialState.FAILED, f"its process died {MOST_DEATHS} times; see the worker's log"
            )
        else:
            with read_scope() as session:
                rows = list_trials(session, self.claim)
            self._waiting.append(next(row for row in rows if row.number == number))

    def _settle_ended(self) -> None:
        """Count the trials whose training had ended when an earlier attempt was lost."""
        left: list[TrialRow] = []
        for trial in self._waiting:
            status = trial.experiment_status
            if status == "completed":
                self._end(trial.number, TrialState.COMPLETED, None)
            elif status == "failed":
                self._end(trial.number, TrialState.FAILED, "its training failed; see the experiment")
            elif status == "cancelled":
                self._end(trial.number, TrialState.PRUNED, "its training was ended early")
            else:
                left.append(trial)
        self._waiting = deque(left)

    def _look(self) -> None:
        """Note the time spent, and see what people have done to the row meanwhile."""
        seconds = self._seconds()
        self._status, config = run_write(lambda session: spend(session, self.claim, seconds))
        if config != self._config:
            self._config = config
            self.plan.extend(config)


def _make_plan(claim: Claim, row: Any, trials: list[TrialRow]) -> Plan:
    if claim.kind is JobKind.NAS:
        return ArchitecturePlan(row.config, trials)
    return SearchPlan(row.config, row.name, trials, journal_path(claim.kind, row.id))
