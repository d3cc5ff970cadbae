"""Campaigns carried out in this process, their trials in real processes of their own."""

import json
import time

import optuna
import pytest
import torch
from safetensors import safe_open
from sqlalchemy import func, select

from core.campaign_specs import CampaignSpec, HPOMethod, apply_values
from core.jobs import campaign_run
from core.jobs.campaign_plans import journal_path
from core.jobs.campaign_run import CampaignRun
from core.models import Artifact, Experiment, HPOCampaign, TrainingRun
from core.services.campaigns import (
    clone_campaign,
    create_campaign,
    extend_campaign,
    pause_campaign,
    resume_campaign,
    stop_campaign,
)
from core.services.experiment_deletion import delete_experiments
from core.specs import OptimizerSpec, TrainingSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope

pytestmark = pytest.mark.usefixtures("made")

LR = {"type": "float", "min": 1e-4, "max": 1e-2, "log": True}
# Beside a weight decay of 10 no weight stays finite.
UNSTABLE = OptimizerSpec(kind="sgd", learning_rate=10.0, schedule="constant")
WIDTH = {"type": "categorical", "choices": [4, 8]}


@pytest.fixture
def search(researcher, tiny_training):
    """Store a pending campaign over a tiny training and return its id."""

    def store(method="random_search", space=None, budget=None, *, epochs=2, optimizer=None, **further):
        changed = {"epochs": epochs, "optimizer": optimizer or tiny_training.optimizer}
        told = {
            "base": tiny_training.model_copy(update=changed),
            "method": method,
            "space": space or {"lr": LR, "width": WIDTH},
            "budget": budget or {"max_trials": 3},
            "parallel": 1,
            **further,
        }
        with session_scope() as session:
            return create_campaign(session, researcher, CampaignSpec.model_validate(told)).id

    return store


def read(campaign_id):
    with read_scope() as session:
        campaign = session.get_one(HPOCampaign, campaign_id)
        return campaign, list(campaign.trials)


def list_epochs(experiment_id):
    with read_scope() as session:
        rows = select(TrainingRun).where(TrainingRun.experiment_id == experiment_id)
        return list(session.scalars(rows.order_by(TrainingRun.epoch)))


def act_at(monkeypatch, trial, epoch, act):
    """Do something when a trial has told of an epoch, as a person would meanwhile."""
    judge = CampaignRun._judge

    def look(self, number, at, measured):
        if (number, at) == (trial, epoch):
            act(self)
        return judge(self, number, at, measured)

    monkeypatch.setattr(CampaignRun, "_judge", look)


def test_every_trial_is_an_experiment_that_trained_what_was_suggested(search, researcher):
    campaign_id = search(parallel=2)
    assert CampaignRun(campaign_id).run() == "completed"
    campaign, trials = read(campaign_id)
    base = CampaignSpec.model_validate(campaign.config).base
    assert [trial.trial_number for trial in trials] == [0, 1, 2]
    assert campaign.trials_completed == campaign.trials_total == 3
    for trial in trials:
        epochs = list_epochs(trial.experiment_id)
        assert [epoch.epoch for epoch in epochs] == [1, 2]
        assert trial.value == max(epoch.val_accuracy for epoch in epochs)
        with read_scope() as session:
            row = session.get_one(Experiment, trial.experiment_id)
            assert (row.hpo_campaign_id, row.created_by) == (campaign_id, researcher.user_id)
            assert (row.status, row.source) == ("completed", "trial")
            assert TrainingSpec.model_validate(row.config) == apply_values(base, trial.parameters)
            stored = session.scalars(
                select(Artifact).where(Artifact.experiment_id == row.id, Artifact.kind == "checkpoint")
            ).one()
        with safe_open(artifacts.path_of(stored.id), "pt") as weights:
            told = json.loads(weights.metadata()["trained"])
            assert TrainingSpec.model_validate(told["spec"]).optimizer.learning_rate == trial.parameters["lr"]
            assert told["learning_rate"] == trial.parameters["lr"]
            first = weights.get_tensor("features.0.weight")
        assert first.shape[0] == trial.parameters["width"]
        assert first.dtype == torch.float32


def test_best_is_the_best_of_what_is_stored(search, researcher):
    campaign_id = search()
    CampaignRun(campaign_id).run()
    campaign, trials = read(campaign_id)
    ranked = sorted(trials, key=lambda trial: (-trial.value, trial.trial_number))
    assert campaign.best_experiment_id == ranked[0].experiment_id
    assert campaign.best_accuracy == ranked[0].value
    with session_scope() as session:
        delete_experiments(session, researcher, [ranked[0].experiment_id])
    campaign, _ = read(campaign_id)
    assert campaign.best_experiment_id == ranked[1].experiment_id
    assert campaign.best_accuracy == ranked[1].value


def test_trial_that_diverges_fails_alone_and_says_why(search):
    space = {"weight_decay": {"type": "categorical", "choices": [0.0, 10.0]}}
    campaign_id = search("grid_search", space, epochs=12, optimizer=UNSTABLE)
    assert CampaignRun(campaign_id).run() == "completed"
    _, trials = read(campaign_id)
    failed = [trial for trial in trials if trial.state == "failed"]
    assert [trial.parameters["weight_decay"] for trial in failed] == [10.0]
    assert "no longer finite" in failed[0].reason
    with read_scope() as session:
        assert session.get_one(Experiment, failed[0].experiment_id).error_message == failed[0].reason


def test_campaign_without_a_completed_trial_has_failed(search):
    space = {"weight_decay": {"type": "categorical", "choices": [9.0, 10.0]}}
    campaign_id = search("grid_search", space, epochs=12, optimizer=UNSTABLE)
    assert CampaignRun(campaign_id).run() == "failed"
    campaign, _ = read(campaign_id)
    assert "none of its 2 trials" in campaign.error_message
    assert (campaign.best_experiment_id, campaign.best_accuracy) == (None, None)


def test_paused_campaign_stops_its_trials_at_the_epoch_and_goes_on_with_them(search, researcher, monkeypatch):
    campaign_id = search(epochs=4)
    with monkeypatch.context() as patch:
        act_at(patch, 1, 2, lambda _: pause(researcher, campaign_id))
        assert CampaignRun(campaign_id).run() == "paused"
    _, trials = read(campaign_id)
    assert [trial.state for trial in trials] == ["completed", "running"]
    assert len(list_epochs(trials[1].experiment_id)) == 2
    with session_scope() as session:
        assert session.get_one(Experiment, trials[1].experiment_id).status == "paused"
        resume_campaign(session, researcher, campaign_id)
    assert CampaignRun(campaign_id).run() == "completed"
    campaign, trials = read(campaign_id)
    assert [trial.state for trial in trials] == ["completed"] * 3
    assert [trial.epochs for trial in trials] == [4, 4, 4]
    assert campaign.trials_completed == 3


def pause(researcher, campaign_id):
    with session_scope() as session:
        pause_campaign(session, researcher, campaign_id)


def test_stopped_campaign_ends_its_trials_and_keeps_its_best(search, researcher, monkeypatch):
    campaign_id = search(epochs=4)

    def stop(_):
        with session_scope() as session:
            stop_campaign(session, researcher, campaign_id)

    act_at(monkeypatch, 1, 2, stop)
    assert CampaignRun(campaign_id).run() == "cancelled"
    campaign, trials = read(campaign_id)
    assert [trial.state for trial in trials] == ["completed", "pruned"]
    assert trials[1].reason == "the campaign was stopped"
    assert campaign.best_experiment_id == trials[0].experiment_id
    with read_scope() as session:
        assert session.get_one(Experiment, trials[1].experiment_id).status == "cancelled"


def test_stopping_one_that_rests_ends_the_trials_that_rest_with_it(search, researcher, monkeypatch):
    campaign_id = search(epochs=4)
    act_at(monkeypatch, 0, 1, lambda _: pause(researcher, campaign_id))
    CampaignRun(campaign_id).run()
    with session_scope() as session:
        stop_campaign(session, researcher, campaign_id)
    campaign, trials = read(campaign_id)
    assert (campaign.status, [trial.state for trial in trials]) == ("cancelled", ["pruned"])


def test_extended_campaign_goes_on_and_a_clone_begins_anew(search, researcher):
    campaign_id = search(budget={"max_trials": 1})
    CampaignRun(campaign_id).run()
    with session_scope() as session:
        extend_campaign(session, researcher, campaign_id, max_trials=2)
    assert CampaignRun(campaign_id).run() == "completed"
    campaign, trials = read(campaign_id)
    assert [trial.state for trial in trials] == ["completed", "completed"]
    assert campaign.trials_total == 2
    with session_scope() as session:
        clone = clone_campaign(session, researcher, campaign_id, method=HPOMethod.BAYESIAN)
        assert (clone.method, clone.status, clone.trials_total) == ("bayesian", "pending", 2)


def test_campaign_that_is_extended_while_it_runs_goes_on_to_the_larger_budget(
    search, researcher, monkeypatch
):
    campaign_id = search(budget={"max_trials": 1})

    def extend(_):
        with session_scope() as session:
            extend_campaign(session, researcher, campaign_id, max_trials=2)

    act_at(monkeypatch, 0, 2, extend)
    assert CampaignRun(campaign_id).run() == "completed"
    campaign, trials = read(campaign_id)
    assert (campaign.trials_completed, len(trials)) == (2, 2)


def test_epochs_of_all_trials_together_never_pass_the_budget(search):
    campaign_id = search("hyperband", budget={"max_epochs": 11}, epochs=4, reduction_factor=2, parallel=2)
    assert CampaignRun(campaign_id).run() == "completed"
    _, trials = read(campaign_id)
    assert 11 - 4 < sum(trial.epochs for trial in trials) <= 11
    with read_scope() as session:
        assert session.scalar(select(func.count(TrainingRun.id))) == sum(trial.epochs for trial in trials)


def test_time_that_is_over_ends_the_trials_at_work(search, monkeypatch):
    campaign_id = search(budget={"max_seconds": 1_000}, epochs=50)
    began = time.monotonic()
    act_at(monkeypatch, 0, 3, lambda run: monkeypatch.setattr(run, "_began", began - 1_000))
    assert CampaignRun(campaign_id).run() == "failed"  # no trial was completed
    campaign, (trial,) = read(campaign_id)
    assert (trial.state, trial.epochs) == ("pruned", 3)
    assert trial.reason == "the campaign's 1000 s were over"
    assert campaign.spent_seconds >= 1_000


def test_trial_whose_process_is_killed_is_taken_up_by_another(search, monkeypatch):
    campaign_id = search(epochs=6)
    killed = []

    def kill(run):
        if not killed:
            killed.append(True)
            (slot,) = run.slots.busy
            slot.process.kill()

    act_at(monkeypatch, 1, 3, kill)
    assert CampaignRun(campaign_id).run() == "completed"
    campaign, trials = read(campaign_id)
    assert [(trial.state, trial.epochs) for trial in trials] == [("completed", 6)] * 3
    with read_scope() as session:
        assert [session.get_one(Experiment, trial.experiment_id).attempt for trial in trials] == [1, 2, 1]
        assert session.scalar(select(func.count(Experiment.id))) == 3
    assert campaign.trials_completed == 3


@pytest.mark.parametrize(
    "method",
    [
        "random_search",
        pytest.param("bayesian", marks=pytest.mark.slow),
        pytest.param("hyperband", marks=pytest.mark.slow),
    ],
)
def test_campaign_cut_off_between_two_trials_goes_on_as_the_unbroken_one(search, monkeypatch, method):
    budget = {"max_trials": 4}
    unbroken = search(method, budget=budget, epochs=3)
    CampaignRun(unbroken).run()
    broken = search(method, budget=budget, epochs=3)
    with monkeypatch.context() as patch:
        patch.setattr(campaign_run, "end_trial", cut_off)
        with pytest.raises(InterruptedError):
            CampaignRun(broken).run()
    with session_scope() as session:
        row = session.get_one(HPOCampaign, broken)
        row.status, row.error_message = "pending", None
    assert CampaignRun(broken).run() == "completed"
    (first, one), (second, other) = read(unbroken), read(broken)
    told = [(t.trial_number, t.parameters, t.state, t.value, t.epochs) for t in one]
    assert told == [(t.trial_number, t.parameters, t.state, t.value, t.epochs) for t in other]
    assert first.best_accuracy == second.best_accuracy


def cut_off(*_, **__):
    raise InterruptedError


def test_optuna_opens_the_study_beside_the_campaign(search):
    campaign_id = search("hyperband", budget={"max_trials": 5}, epochs=4, reduction_factor=2)
    CampaignRun(campaign_id).run()
    campaign, trials = read(campaign_id)
    path = journal_path("hpo_campaign", campaign_id)
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    study = optuna.load_study(study_name=campaign.name, storage=storage)
    assert [trial.params for trial in study.trials] == [trial.parameters for trial in trials]
    words = {"COMPLETE": "completed", "PRUNED": "pruned"}
    assert [words[trial.state.name] for trial in study.trials] == [trial.state for trial in trials]
    assert study.best_value == campaign.best_accuracy
