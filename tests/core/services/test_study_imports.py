"""Studies that Optuna itself has written, entered as campaigns."""

import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalStorage
from sqlalchemy import func, select

from core.campaign_specs import CampaignSpec
from core.errors import ConflictError, ForbiddenError, InvalidInputError
from core.jobs.campaign_studies import read_campaign_study
from core.learning.search import PastTrial, read_study
from core.models import Dataset, Experiment, ExperimentMetric, ExperimentParameter, HPOCampaign, HPOTrial
from core.queries.campaigns.rows import get_campaign_row
from core.queries.campaigns.trials import read_reports
from core.search_spaces import FloatRange
from core.services.access import Actor
from core.services.campaigns import (
    clone_campaign,
    create_campaign,
    extend_campaign,
    pause_campaign,
    resume_campaign,
)
from core.services.experiment_deletion import delete_experiments
from core.services.study_imports import import_study
from core.storage.database import read_scope, session_scope

Enter = Callable[..., int]
STATES = ["completed", "pruned", "failed", "completed", "completed"]


def objective(trial: optuna.Trial) -> float:
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    width = trial.suggest_int("width", 8, 32, step=8)
    trial.suggest_categorical("balanced", [True, False])
    trial.report(lr, 0)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise ZeroDivisionError
    trial.report(lr + 0.5, 2)
    return lr + width / 100 + 0.5


@pytest.fixture(params=["sqlite", "journal"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, BaseStorage]]:
    """A study of five ended trials and one that runs, and where it lies."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'studies.db'}"
        database = RDBStorage(address)
        yield address, write_study(database)
        database.remove_session()
        database.engine.dispose()
    else:
        address = str(tmp_path / "journal.log")
        yield address, write_study(JournalStorage(JournalFileBackend(address)))


def write_study(opened: BaseStorage) -> BaseStorage:
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(storage=opened, study_name="theirs", direction="maximize", sampler=sampler)
    study.optimize(objective, n_trials=5, catch=ZeroDivisionError)
    study.ask({"lr": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)})
    return opened


@pytest.fixture
def enter(researcher: Actor) -> Enter:
    """Enter the study at an address and return the campaign's id."""

    def import_it(address: str, actor: Actor = researcher, **changes: object) -> int:
        name, direction, space, trials = read_study(address)
        told = {"dataset": "rig", "name": name, "metric": "val_accuracy", "direction": direction}
        told |= {"space": space, "trials": trials, **changes}
        with session_scope() as session:
            return import_study(session, actor, **told).id  # type: ignore[arg-type]  # by name

    return import_it


def past(number: int, value: float | None, **changes: object) -> PastTrial:
    told = {"values": {"lr": 0.1}, "state": "completed", "reports": {}, "attrs": {}}
    return PastTrial(number=number, value=value, **told | changes)  # type: ignore[arg-type]


def told(trial: optuna.trial.FrozenTrial) -> tuple[object, ...]:
    params = (trial.params, trial.distributions)
    return trial.number, trial.state, trial.value, trial.intermediate_values, *params, trial.datetime_start


def test_study_comes_back_as_it_was(storage: tuple[str, BaseStorage], enter: Enter) -> None:
    address, opened = storage
    theirs = optuna.load_study(study_name="theirs", storage=opened)
    ended = [trial for trial in theirs.trials if trial.state.is_finished()]
    campaign_id = enter(address)
    with read_scope() as session:
        study = read_campaign_study(session, campaign_id)
    assert (study.study_name, study.direction.name) == ("theirs", "MAXIMIZE")
    assert list(map(told, study.trials)) == list(map(told, ended))
    assert [trial.datetime_complete for trial in study.trials] == [each.datetime_complete for each in ended]


def test_every_ended_trial_is_an_experiment_of_a_completed_campaign(
    storage: tuple[str, BaseStorage], enter: Enter
) -> None:
    campaign_id = enter(storage[0])
    with read_scope() as session:
        row = get_campaign_row(session, campaign_id)
        assert (row.status, row.method, row.metric, row.direction) == (
            "completed", "random_search", "val_accuracy", "max",
        )  # fmt: skip
        assert row.counts == {"completed": 3, "pruned": 1, "failed": 1}
        assert [finding for finding in row.findings if "still running, and so left out: 1" in finding]
        trials = session.get_one(HPOCampaign, campaign_id).trials
        assert [str(trial.state) for trial in trials] == STATES
        experiments = [trial.experiment for trial in trials]
        words = {"completed": "completed", "pruned": "cancelled", "failed": "failed"}
        assert [str(each.status) for each in experiments] == [words[state] for state in STATES]
        assert {(str(each.source), each.hpo_campaign_id) for each in experiments} == {
            ("imported", campaign_id)
        }
        assert [each.hyperparameters for each in experiments] == [trial.parameters for trial in trials]
        assert [run.val_accuracy for run in experiments[0].training_runs] == read_reports(
            session, campaign_id, "val_accuracy"
        ).value[:2].tolist()
        best = max((trial for trial in trials if trial.state == "completed"), key=lambda trial: trial.value)
        assert (row.best_experiment_id, row.best_accuracy) == (best.experiment_id, best.value)
        number = session.scalar(
            select(ExperimentParameter.number).where(
                ExperimentParameter.experiment_id == experiments[0].id, ExperimentParameter.name == "lr"
            )
        )
        assert number == trials[0].parameters["lr"]
        summary = session.get_one(ExperimentMetric, (experiments[0].id, "val_accuracy"))
        assert (summary.best_epoch, summary.last) == (2, experiments[0].training_runs[-1].val_accuracy)


def test_importing_again_adds_only_what_is_new(storage: tuple[str, BaseStorage], enter: Enter) -> None:
    address, opened = storage
    first = enter(address)
    assert enter(address) == first
    with read_scope() as session:
        assert session.scalar(select(func.count()).select_from(Experiment)) == 5
    study = optuna.load_study(study_name="theirs", storage=opened)
    study.tell(5, 0.99)  # the one that ran
    study.optimize(objective, n_trials=2)
    assert enter(address) == first
    with read_scope() as session:
        row = get_campaign_row(session, first)
        assert (row.counts["completed"], row.trials_total, row.best_accuracy) == (6, 8, 0.99)
        assert not [finding for finding in row.findings if "running" in finding]
        numbers = session.scalars(select(HPOTrial.trial_number).order_by(HPOTrial.id)).all()
        assert numbers == list(range(8))


def test_other_study_of_the_same_name_is_refused(enter: Enter, storage: tuple[str, BaseStorage]) -> None:
    address, _ = storage
    enter(address)
    with pytest.raises(ConflictError, match="two studies"):
        enter(address, trials=[past(0, 0.5)])
    with pytest.raises(ConflictError, match="val_macro_f1"):
        enter(address, metric="val_macro_f1")
    with pytest.raises(ConflictError, match="data set"):
        enter(address, dataset="another")


def test_who_may_not_write_enters_none_and_nobody_adds_to_anothers(
    storage: tuple[str, BaseStorage], enter: Enter, make_actor: Callable[..., Actor]
) -> None:
    with pytest.raises(ForbiddenError):
        enter(storage[0], actor=make_actor("reader", "viewer"))
    enter(storage[0])
    with pytest.raises(ForbiddenError, match="belongs to another"):
        enter(storage[0], actor=make_actor("stranger"))


SMALL: dict[str, object] = {
    "dataset": "rig", "name": "small", "direction": "max", "space": {"lr": FloatRange(min=0.01, max=1.0)},
}  # fmt: skip


def enter_small(actor: Actor, trials: list[PastTrial], **changes: object) -> int:
    with session_scope() as session:
        told = {"metric": "val_accuracy", **SMALL, "trials": trials, **changes}
        return import_study(session, actor, **told).id  # type: ignore[arg-type]  # by name


def test_value_without_reports_is_found_and_counts_as_the_best(researcher: Actor) -> None:
    campaign_id = enter_small(researcher, [past(0, 0.5), past(1, 0.75)])
    with session_scope() as session:
        row = session.get_one(HPOCampaign, campaign_id)
        assert row.best_accuracy == 0.75
        best = row.best_experiment_id
        assert best is not None
        assert session.get_one(ExperimentMetric, (best, "val_accuracy")).best == 0.75
        delete_experiments(session, researcher, [best])
    with read_scope() as session:
        assert session.get_one(HPOCampaign, campaign_id).best_accuracy == 0.5


def test_other_metric_gives_no_accuracy(researcher: Actor) -> None:
    changes = {"metric": "val_loss", "direction": "min"}
    campaign_id = enter_small(researcher, [past(0, 2.5, reports={1: 3.0, 2: 2.5}), past(1, 1.5)], **changes)
    with read_scope() as session:
        row = get_campaign_row(session, campaign_id)
        assert (row.best_value, row.best_accuracy) == (1.5, None)
        assert read_reports(session, campaign_id, "val_loss").value.tolist() == [3.0, 2.5]


def test_metric_of_no_column_keeps_its_reports(researcher: Actor) -> None:
    trials = [past(0, 2.5, reports={1: 3.0, 2: 2.5})]
    campaign_id = enter_small(researcher, trials, metric="objective")
    with read_scope() as session:
        assert read_reports(session, campaign_id, "objective").value.tolist() == [3.0, 2.5]
        assert read_campaign_study(session, campaign_id).trials[0].intermediate_values == {1: 3.0, 2: 2.5}


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_value_that_is_not_finite_counts_as_failed(researcher: Actor, value: float) -> None:
    campaign_id = enter_small(researcher, [past(0, value, reports={1: value})])
    with read_scope() as session:
        row = session.get_one(HPOCampaign, campaign_id)
        assert [(str(each.state), each.value) for each in row.trials] == [("failed", None)]
        assert "no finite number" in str(row.trials[0].reason)
        assert row.findings[-1].endswith("counted as failed: 1")


def test_direction_and_fractions_are_held_to_the_metric(researcher: Actor) -> None:
    with pytest.raises(InvalidInputError, match="best at its max, and the study looks for the min"):
        enter_small(researcher, [past(0, 0.5)], direction="min")
    with pytest.raises(InvalidInputError, match=r"trial 0 has 92\.5"):
        enter_small(researcher, [past(0, 92.5)])
    with pytest.raises(InvalidInputError, match="another meaning"):
        enter_small(researcher, [past(0, 0.5)], metric="epoch")
    with read_scope() as session:
        assert session.scalar(select(func.count()).select_from(Dataset)) == 0


@pytest.mark.parametrize(
    ("attrs", "method"),
    [({"grid_id": 3}, "grid_search"), ({"completed_rung_0": 0.5}, "hyperband"), ({"x": 1}, "random_search")],
)
def test_method_is_what_the_trials_tell(researcher: Actor, attrs: dict[str, object], method: str) -> None:
    campaign_id = enter_small(researcher, [past(0, 0.5, attrs=attrs)])
    with read_scope() as session:
        row = get_campaign_row(session, campaign_id)
        assert row.method == method
        assert bool(row.findings) == (method == "random_search")


def test_time_at_work_leaves_out_the_pauses(researcher: Actor, dataset: str) -> None:
    with read_scope() as session:
        noon = session.scalars(select(Dataset)).one().created_at
    times = [(0, 10), (5, 15), (100, 101)]
    trials = [
        past(n, 0.5, began_at=noon + timedelta(seconds=begin), ended_at=noon + timedelta(seconds=end))
        for n, (begin, end) in enumerate(times)
    ]
    campaign_id = enter_small(researcher, trials)
    with read_scope() as session:
        row = session.get_one(HPOCampaign, campaign_id)
        assert (row.spent_seconds, row.duration_seconds) == (16.0, 101.0)


def test_imported_campaign_is_not_gone_on_with(researcher: Actor) -> None:
    campaign_id = enter_small(researcher, [past(0, 0.5)])
    for act in (pause_campaign, resume_campaign, clone_campaign):
        with session_scope() as session, pytest.raises(ConflictError, match="was imported"):
            act(session, researcher, campaign_id)
    with session_scope() as session, pytest.raises(ConflictError, match="was imported"):
        extend_campaign(session, researcher, campaign_id, max_trials=9)


def test_name_of_a_campaign_made_here_is_refused(researcher: Actor, dataset: str) -> None:
    told = {"base": {"dataset": "rig"}, "space": SMALL["space"], "budget": {"max_trials": 1}}
    spec = CampaignSpec.model_validate({**told, "method": "random_search"})
    with session_scope() as session:
        create_campaign(session, researcher, spec, "small")
    with pytest.raises(ConflictError, match="made here"):
        enter_small(researcher, [past(0, 0.5)])
