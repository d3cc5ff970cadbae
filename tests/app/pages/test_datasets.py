import pandas as pd
import panel as pn
import pytest

from app.pages.datasets import DatasetsPage
from core.errors import BrinellError
from core.models import Job
from core.queries.datasets import list_datasets
from core.services.datasets import ensure_dataset, request_generation
from core.services.jobs import JobKind, claim_run, fail_run
from core.services.users import get_local_actor
from core.specs import GenerationSpec
from core.storage import artifacts
from core.storage.database import read_scope, session_scope
from core.vibration.feature_set import FEATURES

SPEC = GenerationSpec(
    dataset="made",
    classes=("healthy", "inner_race"),
    severities=("severe",),
    loads=(0.0,),
    machines=2,
    duration_s=0.3,
)


@pytest.fixture
def made(database: str) -> int:
    """The number of the pending measurement of a generated data set."""
    from core.jobs.running import run_job

    with session_scope() as session:
        row_id = request_generation(session, get_local_actor(session, via="page"), SPEC).id
    assert run_job(JobKind.GENERATION, row_id)
    with read_scope() as session:
        return session.query(Job.id).scalar()


@pytest.fixture
def measured(made: int) -> int:
    """The same, done."""
    from core.jobs.running import run_job

    assert run_job(JobKind.FEATURES, made)
    return made


def shown_texts(page: DatasetsPage) -> str:
    """Return all markup that the page's panes show."""
    panes = page._content.select(pn.pane.HTML)
    return "\n".join(str(pane.object) for pane in panes if pane.visible)


def press(page: DatasetsPage, label: str) -> None:
    (button,) = page._content.select(lambda view: getattr(view, "label", None) == label)
    button.clicks += 1


def test_empty_home_says_what_to_do(database: str) -> None:
    words = shown_texts(DatasetsPage())
    assert "No data set yet" in words
    assert "brinell import PATH --dataset NAME" in words


def test_unknown_data_set_names_those_that_are_stored(made: int) -> None:
    words = shown_texts(DatasetsPage(dataset="gone"))
    assert "No data set gone" in words
    assert "Stored are: made." in words


def test_data_set_without_a_signal_says_so(database: str) -> None:
    with session_scope() as session:
        ensure_dataset(session, get_local_actor(session, via="page"), "bare")
    assert "No signal in bare" in shown_texts(DatasetsPage(dataset="bare"))


def test_headline_comes_first_then_balance_and_the_leakage_of_each_split(made: int) -> None:
    words = shown_texts(DatasetsPage(dataset="made"))
    for number, caption in (
        ("8", "records"),
        ("2", "fault classes"),
        ("4", "bearings stated"),
        ("2", "machines"),
    ):
        assert f'<span class="number">{number}</span><span class="caption">{caption}' in words
    assert (
        words.index("bearings stated") < words.index("Class balance") < words.index("Leakage of each split")
    )
    assert "Every class has 4 records" in words
    assert "same bearings (" in words
    assert "not possible" in words


def test_waiting_measurement_is_followed_until_its_pictures_are_there(made: int) -> None:
    from core.jobs.running import run_job

    page = DatasetsPage(dataset="made")
    assert "waits for a worker" in shown_texts(page)
    assert page.period_ms() is not None
    assert page.features is None
    run_job(JobKind.FEATURES, made)
    page._look()
    assert page.period_ms() is None
    assert "waits for a worker" not in shown_texts(page)
    assert page.features is not None


def test_cancelled_measurement_offers_another_and_the_command(made: int) -> None:
    page = DatasetsPage(dataset="made")
    press(page, "Cancel")
    words = shown_texts(page)
    assert "Features not measured" in words
    assert "brinell features made" in words
    press(page, "Measure features")
    assert page.measured.newest is not None
    assert (page.measured.newest.status, page.measured.newest.job_id) == ("pending", made + 1)


def test_failed_measurement_says_why(made: int) -> None:
    with session_scope() as session:
        fail_run(session, claim_run(session, JobKind.FEATURES, made, "w:1"), "no room is left")
    words = shown_texts(DatasetsPage(dataset="made"))
    assert "The features could not be measured" in words
    assert "no room is left" in words


def test_measured_data_set_shows_feature_definition_projection_and_quality(measured: int) -> None:
    words = shown_texts(DatasetsPage(dataset="made"))
    kurtosis = next(feature for feature in FEATURES if feature.name == "kurtosis")
    assert kurtosis.definition.rstrip(".") in words.replace("&#x27;", "'")
    assert "Principal components of" in words
    assert "Unit not stated" in words
    assert "8 signals checked; not found: unreadable, clipped" in words


def test_choice_of_feature_and_projection_is_drawn_and_is_in_the_link(measured: int) -> None:
    page = DatasetsPage(dataset="made")
    page.state.feature, page.state.projection = "rms", "tsne"
    words = shown_texts(page)
    assert "distances between groups mean nothing" in words
    assert "unit not stated" in str([f.below[0].axis_label for f in figures(page)])
    assert page.state.query() == {"dataset": "made", "feature": "rms", "projection": "tsne"}


def figures(page: DatasetsPage) -> list:
    return [pane.object for pane in page._content.select(pn.pane.Bokeh)]


def test_link_of_a_channel_shows_that_channel_of_the_newest_data_set(measured: int) -> None:
    page = DatasetsPage(channel="DE")
    assert page.looked is not None
    assert (page.looked.row.name, page.looked.channel) == ("made", "DE")
    assert page.state.query() == {"channel": "DE"}


def test_unknown_feature_of_a_link_is_told_and_another_drawn(measured: int) -> None:
    words = shown_texts(DatasetsPage(dataset="made", feature="colour"))
    assert "“colour” is no feature that was measured; shown is kurtosis." in words


def test_tapped_point_opens_its_signal(measured: int) -> None:
    opened = []
    page = DatasetsPage(navigate=lambda path, **query: opened.append((path, query)), dataset="made")
    plane = figures(page)[-1]
    source = next(r.data_source for r in plane.renderers if "signal_id" in r.data_source.data)
    source.selected.indices = [3]
    assert opened == [("/signals", {"signal": int(source.data["id"][3])})]
    assert source.selected.indices == []


def test_signals_that_came_since_are_told_and_measured_on_demand(measured: int) -> None:
    with session_scope() as session:
        from core.models import Signal

        session.query(Signal).first().features = None
    page = DatasetsPage(dataset="made")
    assert "1 signal has come since" in shown_texts(page)
    press(page, "Measure again")
    assert page.measured.is_active


def test_export_is_the_table_of_features_and_the_snippet_reads_it(measured: int) -> None:
    page = DatasetsPage(dataset="made")
    frame = page._export()
    assert len(frame) == 8
    assert {"signal_id", "kurtosis", "pca_1"} <= set(frame.columns)
    namespace: dict[str, object] = {}
    exec(page._snippet(), namespace)  # noqa: S102 - our own lines
    assert isinstance(namespace["features"], pd.DataFrame)
    with read_scope() as session:
        assert [row.name for row in list_datasets(session)] == ["made"]


def lose(measured: int, *, num_bytes: int | None) -> None:
    """Cut the file of a measurement's table, or take it away."""
    with read_scope() as session:
        file = artifacts.path_of(str(session.get_one(Job, measured).artifact_id))
    if num_bytes is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:num_bytes])


@pytest.mark.parametrize("num_bytes", [None, 0, 500])
def test_lost_table_says_to_measure_anew_and_tells_no_path(measured: int, num_bytes: int | None) -> None:
    lose(measured, num_bytes=num_bytes)
    page = DatasetsPage(dataset="made")
    words = shown_texts(page)
    assert "The features cannot be read" in words
    assert "artifacts" not in words
    assert list(page._export().columns) == ["fault_class", "severity", "records"]
    press(page, "Measure again")
    assert page.measured.is_active


@pytest.mark.parametrize("num_bytes", [None, 500])
def test_table_lost_while_the_page_is_open_draws_nothing_and_tells_no_path(
    measured: int, num_bytes: int | None
) -> None:
    page = DatasetsPage(dataset="made")
    lose(measured, num_bytes=num_bytes)
    page.state.feature, page.state.projection = "rms", "tsne"
    assert "holds no signal of channel DE: measure the features again" in shown_texts(page)
    with pytest.raises(BrinellError, match="measure the features again") as raised:
        page._export()
    assert "/" not in str(raised.value)


def test_caption_counts_the_signals_of_the_channel(measured: int) -> None:
    assert "Channel DE, 8 signals." in shown_texts(DatasetsPage(dataset="made"))


def test_head_tells_the_records_that_were_resampled(made: int) -> None:
    from core.models import Signal

    assert "resampled" not in shown_texts(DatasetsPage(dataset="made"))
    with session_scope() as session:
        for row in session.query(Signal).limit(3):
            row.meta_data = {**row.meta_data, "original_rate_hz": 48_000.0}
    assert "3 records were recorded at 48,000 Hz and resampled." in shown_texts(DatasetsPage(dataset="made"))
