"""A browser so busy that its websocket comes long after the page."""

import time

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LATE_S = 40  # beyond Bokeh's own limit of 15 s, looked at every 17 s


def test_page_whose_websocket_comes_late_is_the_page_that_was_rendered(served: str, browser: Page) -> None:
    def connect_late(socket: WebSocketRoute) -> None:
        time.sleep(LATE_S)
        socket.connect_to_server()

    browser.route_web_socket("**/ws**", connect_late)
    browser.goto(f"{served}/experiments", wait_until="commit")
    expect(browser.get_by_text("No experiment yet", exact=True)).to_be_visible(timeout=90_000)
