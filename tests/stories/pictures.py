"""Pictures of a home: `python -m tests.stories.pictures [FOLDER]`.

Without a folder it makes the README's picture of BRINELL_HOME's newest completed experiment; with one it
writes every page, light and dark, wide and narrow, for people to look at.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from playwright.sync_api import Browser, Page, sync_playwright

from core.queries.datasets import list_datasets
from core.queries.experiments import list_experiments
from core.queries.signals import SignalFilter, list_signals
from core.settings import PROJECT_ROOT, get_settings
from core.storage.database import read_scope
from tests.app.conftest import BRINELL_SERVER, CHROMIUM_FLAGS, start_server, stop_server

README_PICTURE = PROJECT_ROOT / "tests" / "pictures" / "experiment.png"
WIDTHS = {1400: 900, 800: 1000}  # by width: height


def places() -> dict[str, str]:
    """Name every page and its address over what the home holds."""
    with read_scope() as session:
        experiments, _ = list_experiments(session, status="completed", limit=1)
        datasets = list_datasets(session)
        signals = list_signals(session, SignalFilter(datasets[0].id), limit=1)[0] if datasets else []
    shown = {"home": "/", "signals": "/signals", "experiments": "/experiments", "missing": "/nowhere"}
    if datasets:
        shown["dataset"] = f"/datasets?dataset={datasets[0].name}"
    if signals:
        shown["signal"] = f"/signals?signal={signals[0].id}&start=0.5&stop=0.7"
    if experiments:
        shown["experiment"] = f"/experiments?experiment={experiments[0].id}"
    return shown


@contextmanager
def opened(browser: Browser, url: str, width: int, *, dark: bool = False, height: int = 0) -> Iterator[Page]:
    """Open an address and wait until it is drawn."""
    context = browser.new_context(viewport={"width": width, "height": height or WIDTHS[width]})
    if dark:
        context.add_cookies([{"name": "brinell_theme", "value": "dark", "url": url}])
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    page.locator("#loader").wait_for(state="hidden", timeout=90_000)
    page.wait_for_timeout(2500)  # canvases are drawn after their models have come
    yield page
    context.close()


def take_all(browser: Browser, url: str, folder: Path) -> None:
    """Write every page in both themes and widths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, place in places().items():
        for width in WIDTHS:
            for dark in (False, True):
                with opened(browser, url + place, width, dark=dark) as page:
                    page.screenshot(path=folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")


def take_readme_picture(browser: Browser, url: str) -> None:
    """Write the picture that the README shows: headline, curves and matrix of one experiment."""
    README_PICTURE.parent.mkdir(exist_ok=True)
    with opened(browser, url + places()["experiment"], 1400, height=1150) as page:
        page.screenshot(path=README_PICTURE)


def main() -> None:
    """Serve the home, take the pictures, end the server."""
    process, url = start_server(["-c", BRINELL_SERVER], get_settings().home)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=which("chromium"), args=CHROMIUM_FLAGS)
            if len(sys.argv) > 1:
                take_all(browser, url, Path(sys.argv[1]))
            else:
                take_readme_picture(browser, url)
            browser.close()
    finally:
        stop_server(process)


if __name__ == "__main__":
    main()
