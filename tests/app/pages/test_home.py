from datetime import UTC, datetime

import panel as pn
import pytest

from app.pages.home import HomePage
from app.state.home import next_steps
from core.queries import datasets
from core.queries.datasets import DatasetRow
from core.queries.experiment_rows import ExperimentRow
from core.services.experiments import record_epochs
from core.services.jobs import fail_run
from core.services.logged_datasets import ensure_logged_dataset
from core.services.users import get_local_actor
from core.specs import SplitKind
from core.storage.database import session_scope
from tests.app.pages.experiment_rows import CLASSES, add_dataset, add_finished, add_running, epoch_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def dataset_row(
    name: str = "cwru", channels: tuple[str, ...] = ("BA", "DE"), num_divisible_classes: int = 3
) -> DatasetRow:
    return DatasetRow(
        id=1,
        name=name,
        description=None,
        num_signals=2,
        num_records=1,
        num_bearings=9,
        num_machines=1,
        num_divisible_classes=num_divisible_classes,
        duration_s=20.0,
        fault_types=("ball",),
        severity_levels=("mild",),
        channels=channels,
        sampling_rates_hz=(12_000.0,),
        loads=("0",),
        created_at=NOW,
    )


def experiment_row(
    split: str, status: str = "completed", dataset: str = "cwru", seed: int = 0
) -> ExperimentRow:
    return ExperimentRow(
        id=1,
        name="first",
        model="wdcnn",
        dataset=dataset,
        status=status,
        split=split,
        seed=seed,
        audit=None,
        epochs_done=1,
        epochs_total=1,
        val_accuracy=None,
        test_accuracy=None,
        record_accuracy=None,
        duration_s=None,
        owner=None,
        created_at=NOW,
        started_at=None,
        source="training",
        archived_at=None,
    )


def words(page: HomePage, part: str) -> str:
    """All text that one part of the page shows."""
    panes = page.parts[part].select(lambda view: isinstance(getattr(view, "object", None), str))
    buttons = page.parts[part].select(lambda view: hasattr(view, "on_click"))
    return " ".join([pane.object for pane in panes] + [button.label for button in buttons])


@pytest.fixture
def stored(database: str) -> None:
    """A data set, a finished training and one that runs."""
    with session_scope() as session:
        add_dataset(session)
    add_finished(name="finished <i>one</i>")


def test_empty_home_says_how_to_begin(database: str) -> None:
    page = HomePage()
    assert "brinell import PATH --dataset NAME" in words(page, "next")
    assert "brinell demo" in words(page, "next")
    assert "No experiment yet" in words(page, "latest")
    assert "Nothing runs" in words(page, "running")


def test_data_set_that_only_runs_name_is_neither_counted_nor_recommended(stored: None) -> None:
    with session_scope() as session:
        ensure_logged_dataset(session, get_local_actor(session, "page"), None)
    page = HomePage()
    assert "unspecified" not in words(page, "datasets") + words(page, "next")
    assert "data sets" not in words(page, "numbers")


def test_numbers_come_first_with_split_and_audit_beside_the_best_score(stored: None) -> None:
    page = HomePage()
    assert isinstance(page.__panel__(), pn.Column)
    assert page.__panel__()[0] is page.parts["numbers"]
    shown = words(page, "numbers")
    assert "best of test windows (by_load: same bearings (9\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}9))" in shown
    assert "97.6" in shown


def test_running_training_shows_its_progress_and_leaves_when_it_ends(stored: None) -> None:
    page = HomePage()
    _, claim = add_running(num_epochs=12)
    page.refresh()
    assert "40 %" in words(page, "running")
    with session_scope() as session:
        record_epochs(session, claim, [epoch_of(number) for number in range(13, 16)])
    page.refresh()
    assert "50 %" in words(page, "running")
    with session_scope() as session:
        fail_run(session, claim, "the loss is NaN")
    page.refresh()
    assert "Nothing runs" in words(page, "running")
    assert "failed" in words(page, "latest")


def test_part_without_news_is_not_drawn_again(stored: None) -> None:
    page = HomePage()
    before = {name: list(part.objects) for name, part in page.parts.items()}
    page.refresh()
    assert {name: list(part.objects) for name, part in page.parts.items()} == before


def test_data_sets_are_read_again_only_when_one_was_added(stored: None, monkeypatch) -> None:
    page, asked = HomePage(), []
    read = datasets.list_datasets
    monkeypatch.setattr("app.pages.home.reading.datasets.list_datasets", lambda s: asked.append(1) or read(s))
    page.refresh()
    assert asked == []
    with session_scope() as session:
        add_dataset(session, name="second")
    page.refresh()
    assert asked == [1]
    assert "second" in words(page, "datasets")


def test_page_asks_only_while_it_is_seen(stored: None, monkeypatch) -> None:
    polls: list[Poll] = []
    monkeypatch.setattr(
        pn.state, "add_periodic_callback", lambda act, period: polls.append(Poll(act, period)) or polls[-1]
    )
    page = HomePage()
    assert polls == []
    page.on_show()
    assert (polls[0].period, polls[0].running) == (2000, True)
    page.on_hide()
    assert not polls[0].running


class Poll:
    """A periodic callback that never fires by itself."""

    def __init__(self, act: object, period: int) -> None:
        self.act, self.period, self.running = act, period, True

    def stop(self) -> None:
        self.running = False


def test_names_are_links_to_the_experiment_and_the_data_set(stored: None) -> None:
    page = HomePage(navigate=lambda *_, **__: None)
    assert 'class="place" href="/experiments?experiment=1"' in words(page, "latest")
    assert 'class="place" href="/signals?dataset=cwru"' in words(page, "datasets")


def test_without_a_shell_that_follows_them_names_are_no_links(stored: None) -> None:
    page = HomePage()
    assert "<a " not in words(page, "latest") + words(page, "datasets")


def test_leaky_split_carries_its_mark(stored: None) -> None:
    page = HomePage()
    assert "⚠" not in words(page, "latest")
    add_finished(split=SplitKind.RANDOM_WINDOWS)
    page.refresh()
    assert 'class="leaks">⚠ random_windows: windows of one record' in words(page, "latest")


def test_names_that_people_wrote_stay_text(database: str) -> None:
    with session_scope() as session:
        add_dataset(session, name="<img src=x>", labels=("<b>bold</b>", *CLASSES[1:]))
    add_finished(name="<img src=y>", dataset="<img src=x>")
    page = HomePage(navigate=lambda *_, **__: None)
    shown = words(page, "latest") + words(page, "datasets")
    assert "<img" not in shown
    assert "<b>" not in shown
    assert "&lt;img src=y&gt;" in shown


def test_next_step_is_what_is_missing() -> None:
    datasets = [dataset_row("new set", channels=()), dataset_row()]
    assert next_steps(datasets, [])[0].command == "brinell train --dataset 'new set'"
    bearings = next_steps(datasets, [experiment_row("by_load")])
    assert bearings[0].command == "brinell train --dataset cwru --channel DE --split by_bearing"
    again = next_steps(datasets, [experiment_row("by_bearing", seed=4)])
    assert again[0].command.endswith("--split by_bearing --seed 5")


def test_bearings_are_held_out_only_where_classes_have_two() -> None:
    datasets = [dataset_row(), dataset_row("mfpt", ("accelerometer",), num_divisible_classes=0)]
    done = [experiment_row("by_load", dataset="mfpt"), experiment_row("by_bearing")]
    assert next_steps(datasets, done)[0].command == "brinell train --dataset mfpt --split by_record"
    done.append(experiment_row("by_record", dataset="mfpt", seed=2))
    assert next_steps(datasets, done)[0].command.endswith("--dataset mfpt --split by_record --seed 3")
