"""The analyses of a record as the page shows them, without a browser."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import panel_material_ui as pmui
import pytest
from bokeh.events import Tap
from bokeh.models import RangeTool
from numpy.typing import NDArray

from app.pages.signals import SignalsPage
from app.pages.signals.snippets import record_snippet
from app.state.signals import VIEWS, SignalsState
from core.queries import signals
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.users import get_local_actor
from core.specs import GenerationSpec, Recording
from core.storage import arrays
from core.storage.database import session_scope
from core.vibration.bearing_catalogue import find_bearing
from core.vibration.synthesis import generate

RATE_HZ = 12_000.0
SHAFT_HZ = 25.0
NUM_SAMPLES = 24_000
LINES = ("spectrum", "envelope", "cepstrum", "orders", "difference", "coherence")
OTHERS = ("kurtogram", "spectrogram", "scalogram", "orbit", "severity")


def stored(record: str, channel: str, samples: NDArray[Any], **known: Any) -> StoredRecording:
    """A record whose samples are on disk."""
    array = arrays.write(samples.astype(np.float32))
    recording = Recording(
        record=record,
        channel=channel,
        samples=np.empty(0, np.float32),
        rate_hz=RATE_HZ,
        fault_class="ball",
        severity="mild",
        **known,
    )
    return StoredRecording(
        recording=recording,
        path=array.path,
        checksum=array.checksum,
        num_samples=array.num_samples,
        rms=1.0,
        kurtosis=3.0,
        dominant_frequency=1000.0,
    )


def recordings() -> list[StoredRecording]:
    """A generated inner-race defect and its echo, two probes with a tachometer, and one without any facts."""
    spec = GenerationSpec(
        dataset="m", classes=("inner_race",), severities=("severe",), machines=1, duration_s=2.0
    )
    made = next(iter(generate(spec)))
    facts = {"rpm": made.rpm, "unit": "g", "meta_data": made.meta_data, "bearing_model": made.bearing_model}
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((4, NUM_SAMPLES))
    angle = 2 * np.pi * SHAFT_HZ * np.arange(NUM_SAMPLES) / RATE_HZ
    probe = {"rpm": 60 * SHAFT_HZ, "unit": "um", "bearing_model": "6205-2RS"}
    return [
        stored("made", "DE", made.samples, **facts),
        stored("made", "FE", 0.5 * np.roll(made.samples, 40) + 0.1 * noise[0], **facts),
        stored("probes", "bx", 3 * np.cos(angle) + 0.1 * noise[1], **probe),
        stored("probes", "by", 2 * np.sin(angle) + 0.1 * noise[2], **probe),
        stored("probes", "tacho", (angle / (2 * np.pi) % 1 < 0.1).astype(float)),
        stored("plain", "X1", noise[3] + np.sin(1000 * angle / SHAFT_HZ)),
    ]


@pytest.fixture
def ids(database: str) -> dict[str, int]:
    """The ids of those records by their names."""
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        dataset = ensure_dataset(session, actor, "rig")
        add_signals(session, actor, dataset, recordings())
        rows, _ = signals.list_signals(session, signals.SignalFilter(dataset.id))
        return {row.signal_id: row.id for row in rows}


@pytest.fixture
def open_page(ids: dict[str, int]) -> Callable[..., SignalsPage]:
    """A function that opens the page with a record by its name."""

    def open_named(name: str, *views: str, **state: Any) -> SignalsPage:
        return SignalsPage(dataset="rig", signal=ids[name], views=list(views), **state)

    return open_named


def words_in(view: Any) -> str:
    """What the texts in a view say."""
    texts = view.select(lambda part: isinstance(getattr(part, "object", None), str))
    return " ".join(part.object for part in texts)


def told(panel: Any) -> str:
    """What stands in the place of a picture."""
    return " ".join(
        p.object for p in panel._body.select(lambda p: isinstance(getattr(p, "object", None), str))
    )


def file_of(panel: Any) -> pd.DataFrame:
    """What the Parquet file of a picture holds."""
    _, parquet = panel._card.select(pmui.FileDownload)
    return pd.read_parquet(parquet.callback())


def tap(page: SignalsPage, name: str, at: float) -> None:
    figure = page.record.panel(name).figure
    figure._trigger_event(Tap(figure, x=at, y=0.0))


def run_snippet(page: SignalsPage) -> dict[str, Any]:
    """Run the lines that the page offers; return what each analysis gave, by name."""
    snippet = record_snippet(page.row, page.record.view.window, page.record.analyses)
    opening, calls = snippet.split("signal.window", 1)
    names: dict[str, Any] = {}
    exec(opening, names)  # noqa: S102 - the page's own lines are what is tested
    lines = calls.splitlines()[1:]
    return {
        line.split("(")[0].removeprefix("signal."): eval(line, names)  # noqa: S307 - as above
        for line in lines
    }


def test_every_picture_shows_what_the_offered_lines_give_and_its_file_holds(
    open_page: Callable[..., SignalsPage], ids: dict[str, int]
) -> None:
    page = open_page("probes/bx", *VIEWS, against=[ids["probes/by"]], start=0.25, stop=1.75)
    given = run_snippet(page)
    assert set(given) == set(VIEWS)
    for name in LINES:
        lines = page.record.panel(name).lines[0]
        np.testing.assert_array_equal(given[name].amplitude, lines.amplitude, err_msg=name)
        file = file_of(page.record.panel(name)).query("signal == 'probes/bx'")
        np.testing.assert_array_equal(file["amplitude"], lines.amplitude, err_msg=name)
        np.testing.assert_allclose(file[lines.axis], lines.position, err_msg=name)
    for name in ("kurtogram", "spectrogram", "scalogram"):
        shown = page.record.panel(name).shown
        np.testing.assert_array_equal(given[name].picture, shown.picture, err_msg=name)
        pd.testing.assert_frame_equal(file_of(page.record.panel(name)), shown.frame())
    orbit = page.record.panel("orbit").shown
    np.testing.assert_array_equal(given["orbit"].filtered, orbit.filtered)
    pd.testing.assert_frame_equal(file_of(page.record.panel("orbit")), orbit.frame())
    assert given["severity"].velocity_mm_s == page.record.panel("severity").shown.velocity_mm_s


def test_lines_offered_of_a_generated_record_give_band_and_choices(
    open_page: Callable[..., SignalsPage],
) -> None:
    page = open_page(
        "made/DE", "spectrum", "envelope", "kurtogram", "severity",
        weights="flattop", averages=4, averaging="peak-hold", detection="rms", unit="mm/s", limits=(1, 2, 3),
    )  # fmt: skip
    given = run_snippet(page)
    for name in ("spectrum", "envelope"):
        np.testing.assert_array_equal(given[name].amplitude, page.record.panel(name).lines[0].amplitude)
    assert given["spectrum"].unit == "mm/s rms"
    assert given["severity"].limits == (1, 2, 3)
    assert given["kurtogram"].band_hz == page.record.panel("kurtogram").shown.band_hz


@pytest.mark.parametrize(
    ("name", "view", "words"),
    [
        ("plain/X1", "orders", r"no shaft speed: state one in the field"),
        ("plain/X1", "severity", r"unit is not stated.*import the record with its unit"),
        ("made/DE", "orbit", r"needs two probes.*choose one of this record above"),
        ("made/DE", "difference", r"no record is beside this one: choose one in the field"),
        ("made/DE", "coherence", r"no record is beside this one: choose one in the field"),
    ],
)
def test_what_cannot_be_shown_is_told_in_its_place_and_the_rest_stays(
    open_page: Callable[..., SignalsPage], name: str, view: str, words: str
) -> None:
    page = open_page(name, "spectrum", view)
    assert pd.Series([told(page.record.panel(view))]).str.contains(words)[0], told(page.record.panel(view))
    assert told(page.record.panel(view)).count(f"No {VIEWS[view].lower()}: ") == 1
    assert page.record.panel("spectrum").figure is not None
    assert record_snippet(page.row, page.record.view.window, page.record.analyses)


def test_unit_that_cannot_be_converted_is_told_in_place_and_the_way_back_works(
    open_page: Callable[..., SignalsPage],
) -> None:
    page = open_page("plain/X1", "spectrum", unit="mm/s")
    assert "unit is unknown" in told(page.record.panel("spectrum"))
    page.state.unit = ""
    assert page.record.panel("spectrum").lines[0].largest[0] == 1000.0


def test_speed_and_bearing_that_a_person_states_mend_what_was_missing(
    open_page: Callable[..., SignalsPage],
) -> None:
    page = open_page("plain/X1", "spectrum", "orders", axis="orders")
    assert "choose one in the field Bearing" in page.record.best
    assert page.record.panel("spectrum").figure.xaxis.axis_label == "frequency (Hz)"
    page.state.rpm = 1500.0
    assert page.record.panel("orders").lines
    assert page.record.panel("spectrum").figure.xaxis.axis_label == "order of the shaft, 25 Hz"
    page.state.bearing = "SKF 6205-2RS"
    assert page.record.best.startswith("No defect comb stands out")
    placed = [mark for mark in page.record.panel("spectrum").marks if mark.words == "BPFI"]
    assert [mark.position for mark in placed] == pytest.approx([25 * find_bearing("6205-2RS").orders.bpfi])


def test_planted_defect_is_named_in_the_head(open_page: Callable[..., SignalsPage]) -> None:
    assert open_page("made/DE").record.best.startswith("Best match: BPFI: ")


def test_axis_rescales_what_is_shown_and_keeps_what_is_in_view(
    open_page: Callable[..., SignalsPage],
) -> None:
    page = open_page("probes/bx", "spectrum", spectrum_hz=(10.0, 100.0))
    panel = page.record.panel("spectrum")
    for axis, factor in (("Hz", 1.0), ("CPM", 60.0), ("orders", 1 / SHAFT_HZ)):
        page.state.axis = axis
        x_range = panel.figure.x_range
        assert (x_range.start, x_range.end) == pytest.approx((10 * factor, 100 * factor))
        drawn = panel._sources[0].data
        assert drawn["x"][drawn["y"].argmax()] == pytest.approx(SHAFT_HZ * factor)
        assert page.state.spectrum_hz == pytest.approx((10.0, 100.0))


def test_other_window_scale_and_unit_are_shown_at_once(open_page: Callable[..., SignalsPage]) -> None:
    page = open_page("made/DE", "spectrum")
    panel = page.record.panel("spectrum")
    page.state.param.update(weights="flattop", detection="rms", unit="m/s²", scale="log")
    assert "flat-top" in panel.caption
    assert panel.figure.yaxis.axis_label == "amplitude (m/s² rms), log"


@pytest.mark.parametrize("axis", ["Hz", "CPM", "orders"])
def test_base_cursor_snaps_to_the_line_that_was_tapped_and_reads_it(
    open_page: Callable[..., SignalsPage], axis: str
) -> None:
    page = open_page("probes/bx", "spectrum", cursor="base", spectrum_hz=(0.0, 200.0), axis=axis)
    panel = page.record.panel("spectrum")
    tap(page, "spectrum", 25.6 * panel.axis.factor)
    assert page.state.cursor_on == "spectrum"
    assert page.state.cursor_at == pytest.approx(SHAFT_HZ, abs=0.02)
    assert panel.below.visible
    assert "25.0" in words_in(panel.below)
    page.state.cursor = "off"
    assert not panel.below.visible


def cursor_places(panel: Any) -> dict[str, float]:
    return {mark.words: mark.position for mark in panel.marks if not mark.is_dashed}


def test_harmonics_stand_at_multiples_of_the_tapped_line(open_page: Callable[..., SignalsPage]) -> None:
    page = open_page("made/DE", "envelope", cursor="harmonic")
    panel = page.record.panel("envelope")
    bpfi_hz = page.record.analyses.highest_defect_hz
    tap(page, "envelope", bpfi_hz)
    assert page.state.cursor_at == pytest.approx(bpfi_hz, rel=0.02)
    found = cursor_places(panel)
    assert found["1×"] == pytest.approx(page.state.cursor_at, abs=0.05)
    assert found["3×"] == pytest.approx(3 * page.state.cursor_at, abs=1.5)
    assert {"1×", "2×", "3×", "4×"} <= set(found)


def test_second_tap_says_the_spacing_of_sidebands_and_a_third_begins_anew(
    open_page: Callable[..., SignalsPage],
) -> None:
    page = open_page("made/DE", "envelope", cursor="sideband", envelope_hz=(0.0, 400.0))
    panel = page.record.panel("envelope")
    bpfi_hz, shaft_hz = page.record.analyses.highest_defect_hz, page.record.analyses.mounting.shaft_hz
    tap(page, "envelope", bpfi_hz)
    assert (list(cursor_places(panel)), page.state.spacing) == (["centre"], None)
    tap(page, "envelope", page.state.cursor_at + shaft_hz)
    assert page.state.spacing == pytest.approx(shaft_hz, rel=0.05)
    found = cursor_places(panel)
    assert found["+1"] - found["centre"] == pytest.approx(shaft_hz, rel=0.1)
    assert found["-1"] - found["centre"] == pytest.approx(-shaft_hz, rel=0.1)
    tap(page, "envelope", 2 * shaft_hz)
    assert page.state.spacing is None
    assert list(cursor_places(panel)) == ["centre"]


def test_tap_without_a_cursor_places_nothing(open_page: Callable[..., SignalsPage]) -> None:
    page = open_page("made/DE", "spectrum")
    tap(page, "spectrum", 1000.0)
    assert page.state.cursor_at is None


def test_band_moved_on_the_kurtogram_is_the_envelopes_and_in_the_link(
    open_page: Callable[..., SignalsPage],
) -> None:
    page = open_page("made/DE", "envelope", "kurtogram")
    assert page.state.band is None
    chosen = page.record.panel("kurtogram").shown.band_hz
    envelope = page.record.panel("envelope")
    before = envelope.lines[0].amplitude
    assert f"band {chosen[0]:,.0f}–{chosen[1]:,.0f} Hz" in envelope.caption
    (tool,) = page.record.panel("kurtogram").figure.select(RangeTool)
    assert (tool.x_range.start, tool.x_range.end) == chosen
    tool.x_range.update(start=500.0, end=1500.0)
    assert page.state.band == (500.0, 1500.0)
    assert page.state.query()["band"] == "500.0,1500.0"
    assert "band 500–1,500 Hz" in envelope.caption
    assert not np.array_equal(envelope.lines[0].amplitude, before)
    page.state.band = None
    np.testing.assert_array_equal(envelope.lines[0].amplitude, before)
    assert (tool.x_range.start, tool.x_range.end) == chosen


def test_kurtogram_alone_leaves_the_link_as_it_is(open_page: Callable[..., SignalsPage]) -> None:
    page = open_page("made/DE", "kurtogram")
    assert "band" not in page.state.query()


def test_record_beside_is_a_second_curve_of_the_same_window(
    open_page: Callable[..., SignalsPage], ids: dict[str, int]
) -> None:
    page = open_page("made/DE", "spectrum", "difference", "coherence", start=0.5, stop=1.5)
    page.state.against = [ids["made/FE"]]
    panel = page.record.panel("spectrum")
    assert len(panel.lines) == 2
    assert {(lines.start_s, lines.stop_s) for lines in panel.lines} == {(0.5, 1.5)}
    assert set(file_of(panel)["signal"]) == {"made/DE", "made/FE"}
    assert np.median(page.record.panel("difference").lines[0].amplitude) < 0
    assert page.record.panel("coherence").lines[0].amplitude.max() > 0.8
    page.state.against = []
    assert len(page.record.panel("spectrum").lines) == 1


def test_record_in_another_unit_is_refused_in_place_and_named(
    open_page: Callable[..., SignalsPage], ids: dict[str, int]
) -> None:
    page = open_page("made/DE", "spectrum", "difference", "coherence", against=[ids["probes/bx"]])
    assert "the records are in g peak and um peak" in told(page.record.panel("spectrum"))
    assert "take probes/bx away" in told(page.record.panel("spectrum"))
    assert "were not measured together" in told(page.record.panel("coherence"))
    assert "the records are in g and um" in told(page.record.panel("difference"))


def test_tachometer_of_the_record_gives_the_speed_of_its_orders(
    open_page: Callable[..., SignalsPage],
) -> None:
    lines = open_page("probes/bx", "orders").record.panel("orders").lines[0]
    assert "speed by tacho" in lines.words
    assert lines.read(1.0, 0.1) == pytest.approx((1.0, 3.0), rel=0.02)


def test_second_probe_is_found_by_its_name_and_another_can_be_chosen(
    open_page: Callable[..., SignalsPage], ids: dict[str, int]
) -> None:
    page = open_page("probes/bx", "orbit")
    assert "X bx, Y by" in page.record.panel("orbit").caption
    page.state.probe = ids["probes/tacho"]
    assert "probe" in page.state.query()
    assert "choose two probes of one unit" in told(page.record.panel("orbit"))


def test_severity_follows_preset_and_limits(open_page: Callable[..., SignalsPage]) -> None:
    page = open_page("made/DE", "severity", limits=(0.01, 0.02, 1e5))
    panel = page.record.panel("severity")
    assert panel.shown.zone == "C"
    page.state.param.update(zone="Class I", limits=None)
    assert panel.shown.limits == (0.71, 1.8, 4.5)


NEW_STATE = {
    "views": ["spectrum", "envelope", "cepstrum"],
    "axis": "orders",
    "overlays": ["shaft", "bpfo"],
    "rpm": 1499.5,
    "bearing": "SKF 6205-2RS",
    "weights": "flattop",
    "averages": 8,
    "averaging": "peak-hold",
    "detection": "rms",
    "unit": "mm/s",
    "band": (1000.0, 2500.0),
    "spectrum_hz": (5.0, 900.0),
    "envelope_hz": (0.0, 333.5),
    "cursor": "sideband",
    "cursor_on": "spectrum",
    "cursor_at": 25.5,
    "spacing": 3.25,
    "against": [2, 3],
    "probe": 4,
    "zone": "Group 1, rigid",
    "limits": (1.0, 2.5, 7.0),
    "scale": "log",
}


@pytest.mark.parametrize("name", NEW_STATE)
def test_link_restores_each_choice(name: str) -> None:
    state, other = SignalsState(**{name: NEW_STATE[name]}), SignalsState()
    assert list(state.query()) == [name]
    other.read_query(state.query())
    assert getattr(other, name) == NEW_STATE[name]
    assert other.notice == ""
    other.read_query({})
    assert other.query() == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("views", '"nothing"'), ("axis", "miles"), ("rpm", "-5"), ("rpm", "nan"), ("bearing", "wood"),
        ("averages", "3"), ("band", "1,2,3"), ("band", "low,high"), ("cursor", "mouse"),
        ("against", "1,2,3,4"), ("limits", "1,2"), ("zone", "Class IX"), ("unit", "furlong"),
        ("probe", "0"), ("cursor_at", "-1"), ("overlays", '"belt"'), ("against", '"one"'),
        ("band", '"a","b"'), ("spectrum_hz", "[1],[2]"),
    ],
)  # fmt: skip
def test_value_of_a_link_that_does_not_fit_is_left_out_and_named(name: str, text: str) -> None:
    state = SignalsState()
    state.read_query({name: text})
    assert state.query() == {}
    assert name in state.notice


def test_page_opened_by_a_link_says_the_same_link(
    open_page: Callable[..., SignalsPage], ids: dict[str, int]
) -> None:
    chosen = NEW_STATE | {"against": [ids["probes/by"]], "probe": ids["probes/by"], "unit": ""}
    state = SignalsState()
    state.param.update(dataset="rig", signal=ids["probes/bx"], **chosen)
    query, restored = state.query(), SignalsState()
    restored.read_query(query)
    page = SignalsPage(state=restored)
    assert page.state.query() == query
    spectrum = page.record.panel("spectrum")
    shown = spectrum.figure.x_range
    assert (shown.start, shown.end) == pytest.approx((5 / (1499.5 / 60), 900 / (1499.5 / 60)))
    assert "band 1,000–2,500 Hz" in page.record.panel("envelope").caption


def test_another_record_forgets_what_belongs_to_the_last(
    open_page: Callable[..., SignalsPage], ids: dict[str, int]
) -> None:
    page = open_page("made/DE", "spectrum", band=(500.0, 900.0), rpm=1000.0, cursor="base", cursor_at=25.0)
    page.state.choose_signal(ids["plain/X1"])
    assert (page.state.band, page.state.rpm, page.state.cursor_at) == (None, None, None)
    assert (page.state.views, page.state.cursor) == (["spectrum"], "base")
