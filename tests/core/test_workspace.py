import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.campaign_specs import CampaignSpec
from core.errors import InvalidInputError, NotFoundError
from core.learning.studies import PastTrial
from core.models import HPOTrial, TrialState
from core.search_spaces import Choices, FloatRange
from core.services.campaigns import create_campaign
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.experiments import create_experiment
from core.services.study_imports import import_study
from core.services.users import get_local_actor
from core.specs import Recording, TrainingSpec
from core.storage import arrays
from core.storage.database import session_scope
from core.workspace import Workspace
from tests.core.queries.architectures.made_trials import store_search

RATE_HZ = 1000.0


@pytest.fixture
def samples(database: str) -> np.ndarray:
    """Two channels of one second, a 50 Hz sine of amplitude 2 in the first; a training that waits."""
    sine = (2 * np.sin(2 * np.pi * 50 * np.arange(1000) / RATE_HZ)).astype(np.float32)
    with session_scope() as session:
        actor = get_local_actor(session, via="notebook")
        dataset = ensure_dataset(session, actor, "rig")
        add_signals(session, actor, dataset, [_stored("DE", sine), _stored("FE", sine / 2)])
        create_experiment(session, actor, TrainingSpec(dataset="rig", channel="DE"), name="first")
    return sine


def _stored(channel: str, values: np.ndarray) -> StoredRecording:
    array = arrays.write(values)
    recording = Recording(
        record="105",
        channel=channel,
        samples=np.empty(0, np.float32),
        rate_hz=RATE_HZ,
        fault_class="ball",
        severity="mild",
        unit="g",
    )
    return StoredRecording(
        recording=recording,
        path=array.path,
        checksum=array.checksum,
        num_samples=array.num_samples,
        rms=None,
        kurtosis=None,
        dominant_frequency=None,
    )


def test_empty_home_gives_empty_frames(database: str) -> None:
    assert Workspace().datasets().empty
    assert Workspace().experiments().empty


def test_datasets_say_what_they_hold(samples: np.ndarray) -> None:
    row = Workspace().datasets().iloc[0]
    assert (row["name"], row["num_signals"], row["num_records"], row["duration_s"]) == ("rig", 2, 1, 2.0)


def test_filters_choose_signals(samples: np.ndarray) -> None:
    found = Workspace().signals("rig", channel="FE")
    assert list(found["channel"]) == ["FE"]
    assert len(Workspace().signals("rig")) == 2


def test_unknown_dataset_names_what_is_stored(samples: np.ndarray) -> None:
    with pytest.raises(NotFoundError, match="stored are: rig"):
        Workspace().signals("rigg")


def test_samples_are_those_that_were_stored(samples: np.ndarray) -> None:
    handle = Workspace().signal(_id_of("DE"))
    np.testing.assert_array_equal(handle.samples, samples)
    assert handle.rate_hz == RATE_HZ
    assert not handle.samples.flags.writeable


def test_window_gives_every_sample_of_it(samples: np.ndarray) -> None:
    window = Workspace().signal(_id_of("DE")).window(0.1, 0.2)
    np.testing.assert_array_equal(window["amplitude"], samples[100:200])
    np.testing.assert_allclose(window["time_s"], np.arange(100, 200) / RATE_HZ)


def test_spectrum_shows_the_sine_at_its_place_and_height(samples: np.ndarray) -> None:
    frequency, amplitude = Workspace().signal(_id_of("DE")).spectrum().largest
    assert frequency == 50.0
    assert amplitude == pytest.approx(2.0, rel=1e-5)


def test_waiting_experiment_has_no_epochs_steps_or_predictions(samples: np.ndarray) -> None:
    experiments = Workspace().experiments("name:first", columns=["epochs_done", "lr"])
    assert experiments["lr"].tolist() == [0.01]
    handle = Workspace().experiment(int(experiments.index[0]))
    assert handle.detail.row.status == "pending"
    assert handle.epochs().empty
    assert handle.steps().empty
    assert handle.predictions().empty


def test_unknown_experiment_is_told_at_once(database: str) -> None:
    with pytest.raises(NotFoundError, match="no experiment 7"):
        Workspace().experiment(7)


def _id_of(channel: str) -> int:
    return int(Workspace().signals("rig", channel=channel).index[0])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("number", "error"), [("1", InvalidInputError), (1.0, InvalidInputError), (2**70, NotFoundError)]
)
def test_number_that_is_none_is_told_by_every_door(
    database: str, number: object, error: type[Exception]
) -> None:
    workspace = Workspace()
    for act in (
        lambda: workspace.experiment(number),
        lambda: workspace.experiment(resume=number),
        lambda: workspace.compare([number, 1]),
    ):
        with pytest.raises(error, match=r"experiments\(\) lists"):
            act()


@pytest.fixture
def campaign(samples: np.ndarray) -> int:
    """An imported study of a trial that was completed, with its reports, and one that was pruned."""
    began = datetime(2026, 1, 1, 12, tzinfo=UTC)
    trials = [
        PastTrial(
            number=0, values={"lr": 0.1, "value": "a"}, state="completed", value=0.75,
            reports={1: 0.5, 2: 0.75}, attrs={}, began_at=began, ended_at=began + timedelta(seconds=8),
        ),
        PastTrial(
            number=1, values={"lr": 0.2, "value": "b"}, state="pruned", value=0.25,
            reports={1: 0.25}, attrs={}, began_at=began, ended_at=began + timedelta(seconds=4),
        ),
    ]  # fmt: skip
    with session_scope() as session:
        return import_study(
            session, get_local_actor(session, via="notebook"), dataset="rig", name="theirs",
            metric="val_accuracy", direction="max", trials=trials,
            space={"lr": FloatRange(min=0.1, max=1.0), "value": Choices(choices=("a", "b"))},
        ).id  # fmt: skip


def test_campaign_tells_its_trials_and_reports(campaign: int) -> None:
    assert Workspace().campaigns()["name"].to_dict() == {campaign: "theirs"}
    handle = Workspace().campaign(campaign)
    assert handle.row.counts == {"completed": 1, "pruned": 1}
    trials = handle.trials()
    assert trials.index.tolist() == [0, 1]
    assert trials[["state", "value", "epochs", "seconds", "lr", "parameter.value"]].to_numpy().tolist() == [
        ["completed", 0.75, 2, 8.0, 0.1, "a"],
        ["pruned", 0.25, 1, 4.0, 0.2, "b"],
    ]
    assert Workspace().experiment(trials["experiment"][0]).epochs()["val_accuracy"].tolist() == [0.5, 0.75]
    assert handle.reports().to_numpy().tolist() == [[0, 1, 0.5], [0, 2, 0.75], [1, 1, 0.25]]


def test_campaign_is_a_study_of_optunas(campaign: int) -> None:
    study = Workspace().campaign(campaign).study
    assert (study.best_value, study.best_params) == (0.75, {"lr": 0.1, "value": "a"})
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]
    assert [trial.duration for trial in study.trials] == [timedelta(seconds=8), timedelta(seconds=4)]


def test_own_campaign_is_a_study_with_its_sampler_and_times(samples: np.ndarray) -> None:
    told = {"base": {"dataset": "rig", "channel": "DE"}, "method": "bayesian", "budget": {"max_trials": 4}}
    spec = CampaignSpec.model_validate({**told, "space": {"lr": FloatRange(min=1e-3, max=1e-1)}})
    began = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with session_scope() as session:
        row = create_campaign(session, get_local_actor(session, via="notebook"), spec)
        trial = {"state": TrialState.PRUNED, "parameters": {"lr": 0.01}, "started_at": began}
        session.add(HPOTrial(campaign_id=row.id, trial_number=0, finished_at=began, **trial))
        campaign_id = row.id
    study = Workspace().campaign(campaign_id).study
    assert type(study.sampler).__mro__[1].__name__ == "TPESampler"
    assert study.trials[0].params == {"lr": 0.01}
    assert study.trials[0].datetime_start == began.astimezone().replace(tzinfo=None)


def test_architecture_search_tells_its_trials(samples: np.ndarray) -> None:
    with session_scope() as session:
        actor = get_local_actor(session, via="notebook")
    search_id = store_search(actor, "rig")
    assert Workspace().architectures()["num_avoided"].to_dict() == {search_id: 4}
    handle = Workspace().architecture_search(search_id)
    assert handle.row.best_trial == 2
    trials = handle.trials()
    assert trials["flops"].tolist() == [2e6, 8e6, 3e6]
    assert trials["cells"].tolist() == [1.0, 2.0, 1.0]
    assert handle.reports().empty


def test_unknown_campaign_is_told_at_once(database: str) -> None:
    with pytest.raises(NotFoundError, match="no campaign 7"):
        Workspace().campaign(7)
    with pytest.raises(InvalidInputError, match=r"architectures\(\) lists"):
        Workspace().architecture_search("7")  # type: ignore[arg-type]


def test_optuna_is_loaded_by_the_study_alone() -> None:
    code = "import sys, core.workspace; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
