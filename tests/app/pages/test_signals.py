import numpy as np
import pytest
from playwright.sync_api import Page

from app.pages.signals import SignalsPage
from app.pages.signals.snippets import record_snippet, table_snippet
from app.pages.signals.taking import read_number
from app.state.signals import SignalsState
from core.errors import InvalidInputError
from core.models import Signal
from core.queries import signals, waveforms
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import Recording
from core.storage import arrays
from core.storage.database import read_scope, session_scope

RATE_HZ = 12_000.0
NUM_SAMPLES = 60_000


def stored(record: str, channel: str, fault_class: str, **known: object) -> StoredRecording:
    """A record on disk: noise, and a sine at 1 kHz."""
    rng = np.random.default_rng([len(record), ord(channel[0])])
    sine = np.sin(2 * np.pi * 1000 * np.arange(NUM_SAMPLES) / RATE_HZ)
    array = arrays.write((sine + 0.1 * rng.standard_normal(NUM_SAMPLES)).astype(np.float32))
    recording = Recording(
        record=record,
        channel=channel,
        samples=np.empty(0, np.float32),
        rate_hz=RATE_HZ,
        fault_class=fault_class,
        severity="mild",
        **known,
    )
    return StoredRecording(
        recording=recording,
        path=array.path,
        checksum=array.checksum,
        num_samples=array.num_samples,
        rms=float(len(record)),
        kurtosis=3.0,
        dominant_frequency=1000.0,
    )


@pytest.fixture
def rig(database: str) -> dict[str, int]:
    """A data set of three signals, their ids by name."""
    items = [
        stored("a", "DE", "ball", load="0"),
        stored("a", "FE", "ball", load="0", findings=("clipped <b>at</b> 1 g",)),
        stored("bb", "DE", "inner_race", load="1", unit="g"),
    ]
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        dataset = ensure_dataset(session, actor, "rig")
        add_signals(session, actor, dataset, items)
        rows, _ = signals.list_signals(session, signals.SignalFilter(dataset.id))
        return {row.signal_id: row.id for row in rows}


def expected(signal_id: int, start_s: float, stop_s: float, points: int = 1200) -> waveforms.WaveView:
    """What the query says is seen of a window."""
    with read_scope() as session:
        return waveforms.view_waveform(signals.get_signal(session, signal_id), start_s, stop_s, points)


def test_without_a_data_set_the_page_says_what_is_missing_and_how_to_mend_it(database: str) -> None:
    page = SignalsPage()
    shown = " ".join(pane.object for pane in page.__panel__().select(lambda p: hasattr(p, "object")))
    assert "No recordings yet" in shown
    assert "brinell import PATH --dataset NAME" in shown


def test_page_opens_with_the_first_record_whole(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig")
    assert page.row.id == rig["a/DE"]
    assert page.record.view.window == (0.0, 5.0)
    assert page.state.query() == {"dataset": "rig"}


def test_source_holds_what_the_query_gives_for_the_range_in_view(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", signal=rig["bb/DE"])
    page.record.view.figure.x_range.update(start=1.0, end=4.5)
    (source,) = {line.data_source for line in page.record.view.figure.renderers}
    wave = expected(rig["bb/DE"], 1.0, 4.5)
    np.testing.assert_array_equal(source.data["time"], wave.time_s)
    np.testing.assert_array_equal(source.data["low"], wave.minimum)
    np.testing.assert_array_equal(source.data["high"], wave.maximum)
    assert "min and max of about 35 samples" in page.record.view.caption


def test_narrow_window_shows_every_sample_and_says_so(rig: dict[str, int]) -> None:
    page = SignalsPage(signal=rig["bb/DE"], start=1.0, stop=1.1)
    (source,) = {line.data_source for line in page.record.view.figure.renderers}
    with read_scope() as session:
        samples = waveforms.read_samples(signals.get_signal(session, rig["bb/DE"]))
    np.testing.assert_array_equal(source.data["high"], samples[12_000:13_200])
    np.testing.assert_array_equal(source.data["low"], source.data["high"])
    assert "every sample" in page.record.view.caption


def test_gesture_writes_the_window_into_the_link_and_the_spectrum_follows(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", signal=rig["bb/DE"])
    page.record.view.figure.x_range.update(start=1.0, end=1.5)
    assert page.state.query() == {
        "dataset": "rig",
        "signal": str(rig["bb/DE"]),
        "start": "1.0",
        "stop": "1.5",
    }
    spectrum = page.record.panel("spectrum")
    assert (spectrum.lines[0].start_s, spectrum.lines[0].stop_s) == (1.0, 1.5)
    assert spectrum.lines[0].largest[0] == 1000.0
    assert spectrum.caption.startswith("1.0000–1.5000 s · Hann")


def test_link_restores_signal_window_filters_and_scale(rig: dict[str, int]) -> None:
    state = SignalsState()
    query = {
        "dataset": "rig",
        "channel": "DE",
        "sort": "rms",
        "descending": "true",
        "signal": str(rig["bb/DE"]),
        "start": "0.5",
        "stop": "0.75",
        "scale": "log",
    }
    state.read_query(query)
    page = SignalsPage(state=state)
    assert page.state.query() == query
    assert (page.record.view.figure.x_range.start, page.record.view.figure.x_range.end) == (0.5, 0.75)
    assert page.record.panel("spectrum").figure.yaxis.axis_label.endswith("log")
    assert [row.signal_id for row in page.table.rows] == ["bb/DE", "a/DE"]


def test_back_moves_the_window_of_the_figure(rig: dict[str, int]) -> None:
    page = SignalsPage(signal=rig["bb/DE"], start=1.0, stop=2.0)
    page.state.read_query({"signal": str(rig["bb/DE"]), "start": "3.0", "stop": "4.0"})
    assert (page.record.view.figure.x_range.start, page.record.view.figure.x_range.end) == (3.0, 4.0)
    assert page.record.panel("spectrum").lines[0].start_s == 3.0


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"channel": "FE"}, ["a/FE"]),
        ({"fault_class": "inner_race"}, ["bb/DE"]),
        ({"load": "0"}, ["a/DE", "a/FE"]),
        ({"text": "BB"}, ["bb/DE"]),
        ({"sort": "rms", "descending": True}, ["bb/DE", "a/DE", "a/FE"]),
        ({"channel": "none"}, []),
    ],
)
def test_filters_and_order_are_those_of_the_query(
    rig: dict[str, int], filters: dict[str, object], names: list[str]
) -> None:
    page = SignalsPage(dataset="rig")
    page.state.param.update(**filters)
    assert [row.signal_id for row in page.table.rows] == names
    assert list(page.table.read_all()["id"]) == [rig[name] for name in names]


def test_opening_a_row_keeps_the_filters_and_shows_the_new_signal_whole(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", channel="DE", signal=rig["a/DE"], start=1.0, stop=2.0)
    page._open_row(int(page.table.table.frame["id"].iloc[1]))
    assert page.state.query() == {"dataset": "rig", "channel": "DE", "signal": str(rig["bb/DE"])}
    assert page.record.view.window == (0.0, 5.0)


def test_unknown_signal_is_told_and_the_table_stays(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", signal=999)
    assert page.record is None
    assert len(page.table.rows) == 3


def test_window_is_exported_sample_by_sample(rig: dict[str, int]) -> None:
    page = SignalsPage(signal=rig["bb/DE"], start=1.0, stop=1.1)
    frame = page.record.read_window()
    assert len(frame) == 1200
    assert frame["time_s"].iloc[0] == 1.0


def test_snippets_run_and_give_what_the_page_shows(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", channel="DE", signal=rig["bb/DE"], start=1.0, stop=1.1)
    snippet = record_snippet(page.row, page.record.view.window, page.record.analyses)
    *lines, spectrum, envelope = snippet.splitlines()
    names: dict[str, object] = {}
    exec("\n".join(lines), names)  # noqa: S102 - the page's own lines are what is tested
    for call, name in ((spectrum, "spectrum"), (envelope, "envelope")):
        result = eval(call, names)  # noqa: S307 - as above
        np.testing.assert_array_equal(result.amplitude, page.record.panel(name).lines[0].amplitude)
    opening, _, table = table_snippet(page.state, "rig").rpartition("\n")
    exec(opening, names)  # noqa: S102 - as above
    assert len(eval(table, names)) == 2  # noqa: S307 - as above


def test_text_from_data_stays_text(rig: dict[str, int]) -> None:
    page = SignalsPage(signal=rig["a/FE"])
    shown = [
        pane.object for pane in page._right.select(lambda p: isinstance(getattr(p, "object", None), str))
    ]
    assert any("clipped &lt;b&gt;at&lt;/b&gt; 1 g" in text for text in shown)
    assert not any("<b>at" in text for text in shown)


def test_filter_chosen_on_the_page_is_in_the_link_and_begins_at_page_one(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig")
    page.table.choices["channel"].value = "FE"
    assert page.state.query() == {"dataset": "rig", "channel": "FE"}
    assert [row.signal_id for row in page.table.rows] == ["a/FE"]


def test_another_data_set_begins_without_filters(rig: dict[str, int]) -> None:
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        add_signals(session, actor, ensure_dataset(session, actor, "new"), [stored("c", "X", "healthy")])
    page = SignalsPage(dataset="rig", channel="FE", signal=rig["a/FE"])
    page.table.choices["dataset"].value = "new"
    assert page.state.query() == {"dataset": "new"}
    assert page.row.signal_id == "c/X"
    assert list(page.table.choices["channel"].options.values()) == ["", "X"]


def test_page_behind_the_last_becomes_the_last(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", page=9)
    assert page.state.page == 1
    assert len(page.table.rows) == 3


def test_unknown_data_set_names_what_is_stored(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rigg")
    shown = [
        pane.object for pane in page._right.select(lambda p: isinstance(getattr(p, "object", None), str))
    ]
    assert any("Stored are: rig." in text for text in shown)


def test_unknown_signal_and_unknown_data_set_offer_the_way_back(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="nope", signal=999)
    (back,) = page._right.select(lambda view: hasattr(view, "on_click"))
    assert back.label == "First record of the table"
    back.clicks += 1
    (back,) = page._right.select(lambda view: hasattr(view, "on_click"))
    assert back.label == "Show rig"
    back.clicks += 1
    assert page.row.id == rig["a/DE"]


def test_text_narrows_while_it_is_typed_and_what_is_typed_is_not_written_over(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig")
    page.table.search.field.value_input = "b"
    assert page.state.text == "b"
    assert [row.signal_id for row in page.table.rows] == ["bb/DE"]
    page.state.read_query({"dataset": "rig"})
    assert page.table.search.field.value_input == ""


def test_record_is_a_link_that_keeps_the_filters_where_there_is_a_shell(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", channel="DE", navigate=lambda *_, **__: None)
    link = page.table.table.frame["record"][1]
    assert f'href="/signals?dataset=rig&amp;channel=DE&amp;signal={rig["bb/DE"]}"' in link
    assert "<a" not in SignalsPage(dataset="rig").table.table.frame["record"][1]


READ_WAVE = """() => {
  const figures = Bokeh.documents.flatMap((document) => [...document._all_models.values()])
    .filter((model) => model.type === "Figure" && model.x_range.min_interval != null)
  const {x_range, renderers} = figures[0]
  const time = renderers[0].data_source.get_column("time")
  return {start: x_range.start, stop: x_range.end, first: time[0], last: time[time.length - 1]}
}"""

# The picture shows the range in view, and the address names it.
IS_SETTLED = f"""() => {{
  const view = ({READ_WAVE})(), query = new URLSearchParams(location.search)
  const near = (a, b, most) => Math.abs(a - b) < most
  return near(view.start, view.first, 0.01) && near(view.stop, view.last, 0.01)
    && near(view.start, query.get("start"), 1e-5) && near(view.stop, query.get("stop") ?? 5, 1e-5)
}}"""


def test_wheel_and_drag_change_the_picture_and_the_address(
    rig: dict[str, int], served: str, browser: Page
) -> None:
    browser.goto(f"{served}/signals?dataset=rig&signal={rig['bb/DE']}")
    figure = browser.locator(".bk-Figure").nth(1)
    figure.wait_for()
    browser.wait_for_function(f"({READ_WAVE})().last > 4.9")
    box = figure.bounding_box()
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    browser.mouse.move(middle, height)
    for _ in range(8):
        browser.mouse.wheel(0, -200)
    browser.wait_for_url("**start=**stop=**")
    browser.wait_for_function(IS_SETTLED)
    zoomed = browser.evaluate(READ_WAVE)
    assert zoomed["stop"] - zoomed["start"] < 4
    browser.mouse.down()
    browser.mouse.move(middle - box["width"] / 4, height, steps=5)
    browser.mouse.up()
    browser.wait_for_function(f"({READ_WAVE})().start > {zoomed['start']}")
    browser.wait_for_function(IS_SETTLED)
    assert browser.evaluate(READ_WAVE)["stop"] > zoomed["stop"]
    browser.mouse.dblclick(middle, height)
    browser.wait_for_function("() => !location.search.includes('start')")
    assert browser.evaluate(READ_WAVE)["start"] == 0


def count_watchers(state: SignalsState) -> int:
    """How much follows the state."""
    return sum(len(each) for kinds in state.param.watchers.values() for each in kinds.values())


def test_a_record_that_is_left_follows_the_state_no_more(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", signal=rig["a/DE"], views=list(SignalsState.param.views.objects))
    followed = count_watchers(page.state)
    for name in ("a/FE", "bb/DE", "a/DE"):
        left = page.record
        page.state.signal = rig[name]
        left.view.window = (1.0, 2.0)
        left.panel("spectrum").range = (10.0, 20.0)
        assert page.state.start is None
        assert page.state.spectrum_hz is None
    assert count_watchers(page.state) == followed


@pytest.mark.parametrize("name", ["__class__", "dataset", "no_such", "param"])
def test_browser_can_set_only_what_is_offered(rig: dict[str, int], name: str) -> None:
    page = SignalsPage(dataset="rig")
    before = page.state.query()
    with pytest.raises(InvalidInputError, match="nothing to choose here"):
        page.record.controls.bar._on_message({"name": name, "value": "x"})
    assert page.state.query() == before


@pytest.mark.parametrize(
    ("name", "value"), [("rpm", "fast"), ("rpm", "-5"), ("axis", "miles"), ("views", ["x"])]
)
def test_what_does_not_fit_a_field_is_refused_and_changes_nothing(
    rig: dict[str, int], name: str, value: object
) -> None:
    page = SignalsPage(dataset="rig")
    with pytest.raises(InvalidInputError):
        page.record.controls.bar._on_message({"name": name, "value": value})
    assert page.state.query() == {"dataset": "rig"}


def measure_by_hand(features: dict[int, dict[str, float]]) -> None:
    """Enter features that differ from the columns of the same name."""
    with session_scope() as session:
        for signal_id, values in features.items():
            session.get_one(Signal, signal_id).features = values


@pytest.mark.parametrize("feature", ["rms", "kurtosis", "crest_factor"])
def test_a_feature_sorts_by_itself_even_where_a_column_bears_its_name(
    rig: dict[str, int], feature: str
) -> None:
    measure_by_hand({rig["a/DE"]: {feature: 2.0}, rig["bb/DE"]: {feature: 7.0}})
    page = SignalsPage(dataset="rig", feature=feature, sort="feature", descending=True)
    assert [row.features.get(feature) for row in page.table.rows] == [7.0, 2.0, None]


@pytest.mark.parametrize("name", ["signal", "against"])
def test_a_record_whose_file_is_gone_is_told_in_its_place(rig: dict[str, int], name: str) -> None:
    with read_scope() as session:
        gone = signals.get_signal(session, rig["bb/DE"])
    (get_settings().recordings_dir / gone.path).unlink()
    page = SignalsPage(dataset="rig", **({name: gone.id} if name == "signal" else {name: [gone.id]}))
    shown = " ".join(
        pane.object for pane in page._right.select(lambda p: isinstance(getattr(p, "object", None), str))
    )
    assert "not on disk" in shown
    assert str(get_settings().home) not in shown
    page.state.choose_signal(rig["a/DE"])
    assert page.record.row.id == rig["a/DE"]


def test_legend_of_what_is_beside_has_the_inks_of_the_lines(rig: dict[str, int]) -> None:
    against = [rig["a/DE"], 99_999, rig["a/FE"], rig["a/FE"]]
    page = SignalsPage(dataset="rig", signal=rig["a/DE"], against=against[:3])
    (beside,) = [field for field in page.record.controls.bar.fields if field["name"] == "against"]
    assert [each["value"] for each in beside["options"]] == [str(rig["a/FE"])]
    lines = [line.glyph.line_color for line in page.record.panel("spectrum").figure.renderers[-1:]]
    assert [each["color"] for each in beside["options"]] == lines


def test_band_moved_on_a_record_that_was_left_stays_its_own(rig: dict[str, int]) -> None:
    page = SignalsPage(dataset="rig", signal=rig["a/DE"], views=["kurtogram", "envelope"])
    left = page.record.panel("kurtogram")
    page.state.choose_signal(rig["bb/DE"])
    left._on_band((500.0, 900.0))
    assert page.state.band is None


@pytest.mark.parametrize("value", ["1,5", "inf", "nan", "1e999", "0x10", "1_0", ""])
def test_only_plain_numbers_are_read(value: str) -> None:
    if value:
        with pytest.raises(InvalidInputError, match="is no number"):
            read_number(value)
    else:
        assert read_number(value) is None
    assert read_number("1,797.5") == 1797.5
    assert read_number("1e3") == 1000.0


@pytest.mark.parametrize(
    "query", [{"band": f"1{'0' * 400},2"}, {"band": "true,false"}, {"spectrum_hz": "7,1"}]
)
def test_numbers_of_an_address_that_fit_nothing_are_told_or_ignored(
    rig: dict[str, int], query: dict[str, str]
) -> None:
    state = SignalsState()
    state.read_query({"dataset": "rig", **query})
    page = SignalsPage(state=state)
    low, high = (getattr(page.record.panel("spectrum").figure.x_range, end) for end in ("start", "end"))
    assert (low, high) == (0.0, 6000.0)
