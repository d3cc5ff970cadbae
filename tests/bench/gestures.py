"""Time from a wheel gesture on a long record to the repainted figure: `python -m tests.bench.gestures`.

A time begins with the browser's own stamp of the wheel event and ends after the frame that draws what the
server sent for it. Gestures are taken one by one, each at a random place, in and out, as fast as a person
turns a wheel. `following` has spectrum and envelope of the window in view beside the waveform, and ends with
the later of them. HoloViews' `downsample1d` cuts the same windows from the same file beside it.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from urllib.parse import quote

import numpy as np
import typer
from playwright.sync_api import Page, sync_playwright

from core.queries.signals import get_signal
from core.services.datasets import StoredRecording, add_signals, ensure_dataset
from core.services.users import get_local_actor
from core.settings import get_settings
from core.specs import Recording
from core.storage import arrays, migrations
from core.storage.database import dispose_engines, read_scope, session_scope
from tests.bench.pages import FLAGS, Server, _chromium, _serve
from tests.bench.waveform import CHUNK, POINTS, RATE_HZ, zoom_windows

NUM_SAMPLES = 100_000_000
GESTURES = 100
PAUSE_MS = 120  # between the end of one gesture and the beginning of the next
HOLOVIEWS_VIEWS = 20
LOST_MS = 5_000  # after which a gesture counts as dropped
VIEWS: dict[str, list[str]] = {"waveform": [], "following": ["spectrum", "envelope"]}
# Notes when what the server sends for a gesture is painted, by the name of the figure.
WATCH = """
(names) => {
  const figures = names.map((name) => Bokeh.documents.map((doc) => doc.get_model_by_name(name)).find(Boolean))
  if (figures.some((figure) => !figure || !Bokeh.index.find_one(figure))) { return false }
  window.gesture = {began: null, painted: {}}
  window.addEventListener("wheel", (event) => {
    window.gesture = {began: event.timeStamp, painted: {}}
  }, {capture: true, passive: true})
  figures.forEach((figure, place) => {
    const view = Bokeh.index.get_one(figure)
    const sources = new Set(figure.renderers.map((renderer) => renderer.data_source))
    for (const source of sources) {
      source.properties.data.change.connect(() => {
        const gesture = window.gesture
        const tell = () => {
          view.repainted.disconnect(tell)
          setTimeout(() => { gesture.painted[names[place]] ??= performance.now() - gesture.began })
        }
        view.repainted.connect(tell)
      })
    }
  })
  return true
}
"""


def measure(num_samples: int = NUM_SAMPLES, gestures: int = GESTURES) -> dict[str, Any]:
    """Return milliseconds from gesture to paint, and what the server's memory grew by."""
    with TemporaryDirectory(prefix="brinell-bench-") as folder:
        signal_id = _fill(Path(folder), num_samples)
        with _serve(Path(folder)) as server, _browser() as page:
            url = f"{server.url}/signals?signal={signal_id}"
            found = {
                name: _take_gestures(page, url, server, views, gestures) for name, views in VIEWS.items()
            }
        beside = {"holoviews_downsample1d_ms": _time_holoviews(signal_id)}
    return {"samples": num_samples, "gestures": gestures, **found, **beside}


def _time_holoviews(signal_id: int) -> dict[str, float]:
    """Time HoloViews' own downsampling of the same record to as many points, over windows of all widths."""
    from holoviews import Curve
    from holoviews.operation.downsample import downsample1d

    with read_scope() as session:
        signal = get_signal(session, signal_id)
    samples = arrays.open_samples(signal.path)
    curve = Curve((np.arange(len(samples)) / signal.rate_hz, samples))
    taken = []
    for window in zoom_windows(np.random.default_rng(0), signal, HOLOVIEWS_VIEWS):
        begin = time.perf_counter()
        downsample1d(curve, dynamic=False, x_range=window, width=POINTS)
        taken.append(1000 * (time.perf_counter() - begin))
    return dict(zip(("p50", "p95"), np.percentile(taken, (50, 95)).round(1).tolist(), strict=True))


def _fill(home: Path, num_samples: int) -> int:
    os.environ["BRINELL_HOME"] = str(home)
    get_settings.cache_clear()
    migrations.upgrade()
    stored = arrays.write_stream(_chunks(num_samples))
    recording = Recording(
        record="long",
        channel="x",
        samples=np.empty(0, np.float32),
        rate_hz=RATE_HZ,
        fault_class="healthy",
        severity="nominal",
        unit="g",
        rpm=1797.0,
        bearing_model="SKF 6205-2RS",
    )
    item = StoredRecording(
        recording=recording,
        path=stored.path,
        checksum=stored.checksum,
        num_samples=stored.num_samples,
        rms=None,
        kurtosis=None,
        dominant_frequency=None,
    )
    with session_scope() as session:
        actor = get_local_actor(session, via="cli")
        dataset = ensure_dataset(session, actor, "bench")
        add_signals(session, actor, dataset, [item])
        signal_id = dataset.id
    dispose_engines()
    return signal_id


def _chunks(num_samples: int) -> Iterator[np.ndarray]:
    """Yield noise that swells and fades, with bursts, so that every window looks different."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(CHUNK, dtype=np.float32)
    ramp = np.linspace(0.5, 1.5, CHUNK, dtype=np.float32)
    for start in range(0, num_samples, CHUNK):
        count = min(CHUNK, num_samples - start)
        yield noise[:count] * ramp[:count] + np.float32(start / num_samples)


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=list(FLAGS))
        try:
            yield browser.new_context(viewport={"width": 1400, "height": 1200}).new_page()
        finally:
            browser.close()


def _take_gestures(page: Page, url: str, server: Server, views: list[str], gestures: int) -> dict[str, Any]:
    figures = ["waveform", *views]
    page.goto(f"{url}&views={quote(json.dumps(views)[1:-1])}")
    page.wait_for_function(WATCH, arg=figures)
    page.wait_for_load_state("networkidle")
    box = page.locator(".bk-Figure").nth(1).bounding_box()
    rng = np.random.default_rng(2)
    _turn(page, box, rng, -100, figures)  # the first gesture finds caches empty; the memory counts from here
    memory, begun = server.process.memory_info().rss, server.cpu_s()
    painted = [_turn(page, box, rng, -240 if n % 4 < 2 else 200, figures) for n in range(gestures)]
    kept = [each for each in painted if each is not None]
    quantiles = np.percentile([max(each.values()) for each in kept], (50, 95, 100)).round(1)
    return {
        **dict(zip(("p50_ms", "p95_ms", "max_ms"), quantiles.tolist(), strict=True)),
        "dropped": len(painted) - len(kept),
        "server_cpu_ms": round(1000 * (server.cpu_s() - begun) / gestures, 1),
        "memory_mb": round((server.process.memory_info().rss - memory) / 1e6, 1),
    }


def _turn(
    page: Page, box: dict[str, float], rng: np.random.Generator, delta: int, figures: list[str]
) -> dict[str, float] | None:
    """Turn the wheel once over the waveform; tell when each figure was repainted, None where one was not."""
    page.mouse.move(box["x"] + box["width"] * rng.uniform(0.2, 0.9), box["y"] + box["height"] / 2)
    page.mouse.wheel(0, delta)
    done = "names => names.every((name) => name in window.gesture.painted)"
    give_up = time.monotonic() + LOST_MS / 1000
    while time.monotonic() < give_up:
        if page.evaluate(done, figures):
            painted = page.evaluate("window.gesture.painted")
            page.wait_for_timeout(PAUSE_MS)
            return painted
        page.wait_for_timeout(20)
    return None


def main(
    samples: Annotated[int, typer.Option(min=1_000_000)] = NUM_SAMPLES,
    gestures: Annotated[int, typer.Option(min=1)] = GESTURES,
) -> None:
    """Measure and print."""
    print(json.dumps(measure(samples, gestures), indent=1))


if __name__ == "__main__":
    typer.run(main)
