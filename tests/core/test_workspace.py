import numpy as np
import pytest

from core.errors import InvalidInputError, NotFoundError
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.experiments import create_experiment
from core.services.users import get_local_actor
from core.specs import Recording, TrainingSpec
from core.storage import arrays
from core.storage.database import session_scope
from core.workspace import Workspace

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
