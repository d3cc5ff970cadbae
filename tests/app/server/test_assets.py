"""What a browser may keep, and that it is what the libraries ship."""

import gzip
import hashlib
import re
from pathlib import Path

import httpx
import panel
import panel_material_ui
import pytest
from bokeh.settings import settings

from app.server.assets import Asset, cache_rule

PANEL = Path(panel.__file__).parent / "dist"
MATERIAL = Path(panel_material_ui.__file__).parent / "dist"
SHIPPED = {
    "/static/js/bokeh.min.js": Path(settings.bokehjs_path()) / "js" / "bokeh.min.js",
    "/static/extensions/panel/panel.min.js": PANEL / "panel.min.js",
    "/static/extensions/panel/css/loading.css": PANEL / "css" / "loading.css",
    "/static/extensions/panel-material-ui/panel-material-ui.bundle.js": MATERIAL
    / "panel-material-ui.bundle.js",
}


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


@pytest.mark.parametrize("path", SHIPPED)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_file_arrives_as_it_is_shipped(sample_url: str, path: str, encoding: str) -> None:
    answer = get(sample_url + path, **{"accept-encoding": encoding})
    assert answer.content == SHIPPED[path].read_bytes()
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"


def test_fonts_are_not_packed_again(sample_url: str) -> None:
    font = next(MATERIAL.glob("*.woff2"))
    answer = get(f"{sample_url}/static/extensions/panel-material-ui/{font.name}")
    assert answer.content == font.read_bytes()
    assert "content-encoding" not in answer.headers
    assert "immutable" in answer.headers["cache-control"]


def test_every_file_that_a_page_names_may_be_kept_for_good(sample_url: str) -> None:
    links = re.findall(r'(?:href|src)="(static/[^"]+)"', get(sample_url).text)
    rules = {link: get(f"{sample_url}/{link}").headers["cache-control"] for link in links}
    assert len(rules) > 10
    assert {link for link, rule in rules.items() if "immutable" not in rule} == set()


def test_address_carries_the_digest_of_the_content(sample_url: str) -> None:
    stamp = re.search(r'static/js/bokeh\.min\.js\?v=([0-9a-f]+)"', get(sample_url).text).group(1)
    content = SHIPPED["/static/js/bokeh.min.js"].read_bytes()
    assert hashlib.sha512(content).hexdigest().startswith(stamp)


@pytest.mark.parametrize("query", ["", "?v=1", "?v=0123456789abcdef0123", "?v=", "?x"])
def test_address_that_names_another_content_is_asked_for_again(sample_url: str, query: str) -> None:
    answer = get(f"{sample_url}/static/js/bokeh.min.js{query}")
    assert answer.headers["cache-control"] == "no-cache"


def test_stamp_of_another_version_of_a_package_is_asked_for_again() -> None:
    path, digest = "/static/extensions/panel/css/loading.css", "0" * 128
    asset = Asset(b"", None, digest, "text/css")
    assert "immutable" in cache_rule(asset, path, f"v={panel.__version__}")
    assert cache_rule(asset, path, "v=1.0.0") == "no-cache"
    of_another_package = path.replace("panel", "panel-material-ui")
    assert cache_rule(asset, of_another_package, f"v={panel.__version__}") == "no-cache"


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_kept_copy_that_is_still_true_is_not_sent_again(sample_url: str, encoding: str) -> None:
    url = f"{sample_url}/static/js/bokeh.min.js"
    tag = get(url, **{"accept-encoding": encoding}).headers["etag"]
    again = get(url, **{"accept-encoding": encoding, "if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    changed = get(url, **{"accept-encoding": encoding, "if-none-match": '"other"'})
    assert changed.status_code == 200


@pytest.mark.parametrize("path", ["/", "/gears", "/health", "/nowhere"])
def test_page_and_answer_are_never_kept(sample_url: str, path: str) -> None:
    for _ in range(2):  # the second page of an address is sent in two parts
        rule = get(sample_url + path).headers["cache-control"]
        assert rule == ("no-cache" if path == "/health" else "no-store")


@pytest.mark.parametrize(
    "path", ["/static/", "/static/none.js", "/static/../main.py", "/static/%2e%2e/main.py"]
)
def test_what_is_not_shipped_is_not_found(sample_url: str, path: str) -> None:
    assert get(sample_url + path).status_code == 404


def test_part_of_a_file_may_be_asked_for(sample_url: str) -> None:
    answer = get(f"{sample_url}/static/js/bokeh.min.js", range="bytes=0-9", **{"accept-encoding": "identity"})
    assert answer.status_code == 206
    assert answer.content == SHIPPED["/static/js/bokeh.min.js"].read_bytes()[:10]


def test_packing_loses_nothing(sample_url: str) -> None:
    with httpx.stream("GET", f"{sample_url}/static/js/bokeh.min.js", trust_env=False) as answer:
        packed = b"".join(answer.iter_raw())
    assert gzip.decompress(packed) == SHIPPED["/static/js/bokeh.min.js"].read_bytes()
    assert len(packed) == int(answer.headers["content-length"])


def test_module_that_a_page_announces_is_the_one_that_it_imports_and_may_be_kept(sample_url: str) -> None:
    announced = re.search(r'<link rel="modulepreload" href="([^"]+)"', get(sample_url).text).group(1)
    imported = panel_material_ui.Page._render_esm(server=True)
    assert imported == f"./{announced}"
    assert "immutable" in get(f"{sample_url}/{announced}").headers["cache-control"]
