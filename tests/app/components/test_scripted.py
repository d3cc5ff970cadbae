"""A served page has the scripts of all components as one file, a notebook's cell those that it shows."""

import re
from collections.abc import Iterator

import httpx
from bokeh.document import Document

import app.main
from app.components.scripted import ADDRESS, HERE, SHARED, Scripted, all_scripts
from app.components.toggle import Toggle

FOR_GOOD = "public, max-age=31536000, immutable"


def components(cls: type[Scripted] = Scripted) -> Iterator[type[Scripted]]:
    for child in cls.__subclasses__():
        yield from components(child)
        if child.__dict__.get("_esm") and child.__module__.startswith(app.__name__):
            yield child


def exported() -> set[str]:
    return set(re.search(r"export default \{(.*)\}", all_scripts()).group(1).split(", "))


def test_every_component_draws_by_the_script_that_has_its_name() -> None:
    assert {cls.__name__ for cls in components()} == exported()


def test_one_function_of_each_script_is_its_door() -> None:
    doors = {
        path.stem: path.read_text(encoding="utf-8").count("export")
        for path in HERE.glob("*.js")
        if path.stem != SHARED
    }
    assert set(doors.values()) == {1}
    assert "export" not in (HERE / f"{SHARED}.js").read_text(encoding="utf-8")


def test_served_document_names_the_file_and_a_cell_carries_its_own_script() -> None:
    toggle = Toggle(lambda _: None)
    served = Document()
    served.template_variables[ADDRESS] = "./scripts.js"
    there, here = toggle._get_properties(served), toggle._get_properties(Document())
    assert (there["bundle"], there["esm"]) == ("url", "./scripts.js")
    assert here["esm"] == Toggle._esm
    assert here["bundle"] not in {None, "url"}  # None would have Panel translate it in the browser


def test_file_of_all_scripts_is_named_by_the_page_early_and_kept_for_good(served: str) -> None:
    head = httpx.get(f"{served}/experiments", trust_env=False).text.partition("</head>")[0]
    address = re.search(r'rel="modulepreload" href="(static/brinell/[^"]+)"', head).group(1)
    answer = httpx.get(f"{served}/{address}", trust_env=False)
    assert answer.text == all_scripts()
    assert answer.headers["cache-control"] == FOR_GOOD
    assert answer.headers["content-type"].startswith("text/javascript")
