import pytest
from playwright.sync_api import Browser, Page, expect

from app.components.upload import UploadForm
from app.pages.home import HomePage
from app.pages.signals import SignalsPage
from core.models import DatasetImport, DatasetImportStatus
from core.queries.uploads import list_uploads
from core.services.datasets import ensure_dataset, request_import
from core.services.uploads import ArrivedFile, add_uploads
from core.services.users import get_local_actor
from core.specs import ImportSpec
from core.storage import uploads
from core.storage.database import read_scope, session_scope

PAYLOAD = "<img src=x onerror=window.hit=1>"


@pytest.fixture
def served_page(database: str) -> SignalsPage:
    """The page as the shell makes it, over a data set without signals."""
    with session_scope() as session:
        ensure_dataset(session, get_local_actor(session, via="cli"), "rig")
    return SignalsPage(navigate=lambda *_, **__: None)


def add_import(status: DatasetImportStatus, **known: object) -> int:
    """Store an import that has come so far."""
    with session_scope() as session:
        actor = get_local_actor(session, via="page")
        row = request_import(session, actor, ImportSpec(dataset="rig", uploads=("0" * 32,)))
        row.status = status
        for name, value in known.items():
            setattr(row, name, value)
        session.flush()
        return row.id


def add_upload(name: str) -> str:
    """Store an upload that no import has read."""
    batch = uploads.Batch()
    draft = batch.begin()
    draft.write(memoryview(b"samples"))
    draft.finish()
    batch.keep()
    with session_scope() as session:
        actor = get_local_actor(session, via="api")
        add_uploads(session, actor, [ArrivedFile(draft.upload_id, name, draft.size, draft.sha256)])
    return draft.upload_id


def words(page: SignalsPage) -> str:
    """All that the import panel says."""
    panes = page.imports._content.select(lambda view: isinstance(getattr(view, "object", None), str))
    return "\n".join(pane.object for pane in panes)


def buttons(page: SignalsPage) -> dict[str, object]:
    return {view.label: view for view in page.imports._content.select(lambda view: hasattr(view, "clicks"))}


def forms(page: SignalsPage) -> list[UploadForm]:
    return list(page._content.select(UploadForm))


def is_import_button(view: object) -> bool:
    return getattr(view, "label", "") == "Import recordings"


def test_panel_is_shut_until_it_is_asked_for_and_the_link_says_so(served_page: SignalsPage) -> None:
    assert forms(served_page) == []
    (ask,) = served_page.table.__panel__().select(is_import_button)
    ask.clicks += 1
    assert served_page.state.query() == {"importing": "true"}
    (form,) = forms(served_page)
    assert form.datasets == ["rig"]
    assert form.room["quota_bytes"] == 20_000 * 2**20
    served_page.imports.close()
    assert (served_page.state.query(), forms(served_page)) == ({}, [])


def test_empty_home_leads_to_the_panel(database: str) -> None:
    opened: list[tuple[str, dict[str, str]]] = []
    home = HomePage(navigate=lambda path, **query: opened.append((path, query)))
    (button,) = home.__panel__().select(is_import_button)
    button.clicks += 1
    assert opened == [("/signals", {"importing": "true"})]


def test_panel_is_open_where_nothing_is_stored_and_a_notebook_is_told_the_command(database: str) -> None:
    assert len(forms(SignalsPage(navigate=lambda *_, **__: None))) == 1
    in_notebook = SignalsPage(importing=True)
    assert forms(in_notebook) == []
    assert "brinell import PATH --dataset NAME" in words(in_notebook)
    assert "no server" in words(in_notebook)


def test_completed_import_tells_what_it_entered_and_refused_with_names_as_text(
    served_page: SignalsPage,
) -> None:
    import_id = add_import(
        DatasetImportStatus.COMPLETED,
        num_files=3,
        num_signals=12,
        num_bytes=11_700_000,
        duration_seconds=2.5,
        errors={PAYLOAD: f"{PAYLOAD} is of no known kind"},
        findings=[f"clipped {PAYLOAD}"],
    )
    served_page.state.import_id = import_id
    told = words(served_page)
    assert "12 new signals from 3 files, 11.7 MB, in 2.5 s" in told
    assert "1 file refused" in told
    assert "&lt;img" in told
    assert "<img" not in told


def test_failed_import_tells_why(served_page: SignalsPage) -> None:
    served_page.state.import_id = add_import(
        DatasetImportStatus.FAILED, error_message="nothing could be read"
    )
    assert "nothing could be read" in words(served_page)
    assert "Cancel the import" not in buttons(served_page)


def test_waiting_import_can_be_cancelled(served_page: SignalsPage) -> None:
    import_id = add_import(DatasetImportStatus.PENDING)
    served_page.state.import_id = import_id
    assert "Waits for a worker" in words(served_page)
    buttons(served_page)["Cancel the import"].clicks += 1
    with read_scope() as session:
        assert session.get_one(DatasetImport, import_id).status == "cancelled"
    served_page.on_hide()


def test_unknown_import_is_told_and_asked_for_no_more(served_page: SignalsPage) -> None:
    served_page.state.import_id = 999
    assert "no row 999" in words(served_page)


def test_upload_that_waits_is_deleted_when_that_is_asked_for_twice(served_page: SignalsPage) -> None:
    upload_id = add_upload(PAYLOAD)
    served_page.state.importing = True
    assert "1 upload on disk in no data set" in words(served_page)
    buttons(served_page)["Delete"].clicks += 1
    assert "Delete &lt;img" in words(served_page)
    assert uploads.path_of(upload_id).exists()
    buttons(served_page)["Delete 1 upload"].clicks += 1
    with read_scope() as session:
        assert list_uploads(session) == []
    assert "on disk" not in words(served_page)


@pytest.fixture
def form_page(served: str, browser: Page) -> Page:
    """The empty Signals page in a browser."""
    browser.goto(f"{served}/signals")
    expect(browser.get_by_role("button", name="Upload and import")).to_be_visible()
    return browser


def choose(page: Page, *names: str, content: bytes = b"samples") -> None:
    files = [{"name": name, "mimeType": "application/octet-stream", "buffer": content} for name in names]
    page.locator("input[type=file]").first.set_input_files(files)


def test_form_sends_when_it_is_whole_and_shows_names_as_text(form_page: Page) -> None:
    go = form_page.get_by_role("button", name="Upload and import")
    expect(go).to_be_disabled()
    choose(form_page, f"{PAYLOAD}.mat", "b.mat", ".hidden")
    expect(form_page.get_by_text("2 files")).to_be_visible()
    expect(form_page.get_by_text(f"{PAYLOAD}.mat")).to_be_visible()
    expect(go).to_be_disabled()
    form_page.get_by_role("combobox", name="Data set").fill("rig")
    form_page.get_by_role("button", name="Leave out b.mat").click()
    go.click()
    expect(form_page.locator(".badge", has_text="pending")).to_be_visible()
    form_page.wait_for_url("**import_id=1**")
    assert form_page.evaluate("window.hit") is None
    with read_scope() as session:
        assert [row.name for row in list_uploads(session)] == [f"{PAYLOAD}.mat"]


def test_refusal_of_the_server_is_told_and_the_choice_kept(served: str, chromium: Browser) -> None:
    page = chromium.new_page()  # whose console tells the refusal, which is no fault here
    page.route("**/uploads", lambda route: route.fulfill(status=507, json={"detail": PAYLOAD}))
    page.goto(f"{served}/signals")
    choose(page, "a.mat")
    page.get_by_role("combobox", name="Data set").fill("rig")
    page.get_by_role("button", name="Upload and import").click()
    expect(page.get_by_role("alert")).to_have_text(PAYLOAD)
    expect(page.get_by_text("1 file")).to_be_visible()
    assert page.evaluate("window.hit") is None
    page.close()
