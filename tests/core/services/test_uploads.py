import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, TooLargeError
from core.models import DatasetImport, DatasetImportStatus, Upload
from core.queries.uploads import get_room, list_uploads
from core.services import uploads as uploads_service
from core.services.access import Actor
from core.services.uploads import (
    ArrivedFile,
    add_uploads,
    delete_upload,
    request_upload_import,
)
from core.settings import get_settings
from core.specs import ImportSpec
from core.storage import uploads
from core.storage.database import read_scope, session_scope
from tests.core.conftest import Messages

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def arrive(content: bytes = b"samples", name: str = "97.mat") -> ArrivedFile:
    """A file on disk that has no row yet."""
    batch = uploads.Batch()
    draft = batch.begin()
    draft.write(memoryview(content))
    draft.finish()
    batch.keep()
    return ArrivedFile(draft.upload_id, name, draft.size, draft.sha256)


def add(actor: Actor, *files: ArrivedFile) -> list[str]:
    with session_scope() as session:
        return [row.id for row in add_uploads(session, actor, files)]


def request(actor: Actor, *upload_ids: str) -> int:
    with session_scope() as session:
        spec = ImportSpec(dataset="rig", uploads=upload_ids)
        return request_upload_import(session, actor, spec).id


@BOTH
def test_names_are_data_and_what_is_no_text_in_them_is_marked(researcher: Actor) -> None:
    names = ["../../x", "a\x00b.mat", "n" * 300, "\u202egnp.mat", "\udcff", "Lagerschaden ö 轴.mat"]
    ids = add(researcher, *(arrive(name=name) for name in names))
    with read_scope() as session:
        kept = {row.id: row.name for row in list_uploads(session)}
    assert [kept[i] for i in ids] == [
        "../../x", "a�b.mat", "n" * 300, "�gnp.mat", "�", "Lagerschaden ö 轴.mat",
    ]  # fmt: skip


def test_nameless_file_is_refused(researcher: Actor) -> None:
    with pytest.raises(InvalidInputError, match="without a name"):
        add(researcher, arrive(name="  "))


def test_viewer_may_not_add(make_actor: Callable[..., Actor]) -> None:
    viewer = make_actor("viewer", "viewer")
    with pytest.raises(ForbiddenError, match="viewer"):
        add(viewer, arrive())


def test_import_of_uploads_names_them_and_is_sent_to_the_workers(
    researcher: Actor, list_messages: Messages
) -> None:
    ids = add(researcher, arrive(b"a"), arrive(b"b"))
    import_id = request(researcher, *ids)
    with read_scope() as session:
        assert {row.import_id for row in list_uploads(session)} == {import_id}
        assert session.get_one(DatasetImport, import_id).config["uploads"] == ids
    assert list_messages() == [("dataset_import", import_id)]


def test_import_of_uploads_asks_whose_they_are_and_whether_they_are_there(
    researcher: Actor, make_actor: Callable[..., Actor]
) -> None:
    ids = add(researcher, arrive())
    with pytest.raises(ForbiddenError, match=r"97\.mat"):
        request(make_actor("other"), *ids)
    with pytest.raises(NotFoundError, match="no upload"):
        request(researcher, *ids, "0" * 32)
    with read_scope() as session:
        assert session.query(DatasetImport).count() == 0


def test_upload_that_an_import_reads_is_neither_deleted_nor_imported_again(researcher: Actor) -> None:
    (upload_id,) = add(researcher, arrive())
    import_id = request(researcher, upload_id)
    with pytest.raises(ConflictError, match=f"import {import_id}"), session_scope() as session:
        delete_upload(session, researcher, upload_id)
    with pytest.raises(ConflictError, match="cancel it"):
        request(researcher, upload_id)
    with session_scope() as session:
        session.get_one(DatasetImport, import_id).status = DatasetImportStatus.FAILED
    assert request(researcher, upload_id) != import_id


def test_deleted_upload_takes_its_file_with_it_once_that_is_committed(researcher: Actor) -> None:
    (upload_id,) = add(researcher, arrive())
    with session_scope() as session:
        delete_upload(session, researcher, upload_id)
        assert uploads.path_of(upload_id).exists()
    with pytest.raises(NotFoundError):
        uploads.path_of(upload_id)
    with read_scope() as session:
        assert list_uploads(session) == []


def test_only_the_owner_or_an_admin_deletes(researcher: Actor, make_actor: Callable[..., Actor]) -> None:
    (upload_id,) = add(researcher, arrive())
    with pytest.raises(ForbiddenError), session_scope() as session:
        delete_upload(session, make_actor("other"), upload_id)
    with session_scope() as session:
        delete_upload(session, make_actor("boss", "admin"), upload_id)


@BOTH
def test_two_processes_cannot_both_take_the_last_bytes(
    researcher: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRINELL_UPLOAD_QUOTA_MB", "1")
    get_settings.cache_clear()
    first, second = (ArrivedFile(uuid4().hex, "a.mat", 600_000, "0" * 64) for _ in range(2))
    entered, judged, refused = threading.Event(), threading.Event(), []

    def enter_second() -> None:
        entered.wait()
        try:
            add(researcher, second)
        except TooLargeError as error:
            refused.append(str(error))
        judged.set()

    other = threading.Thread(target=enter_second)
    other.start()
    with session_scope() as session:
        add_uploads(session, researcher, [first])
        entered.set()
        assert not judged.wait(0.5)  # before this transaction has ended
    other.join()
    with read_scope() as session:
        assert get_room(session).used_bytes == 600_000
    assert len(refused) == 1
    assert "BRINELL_UPLOAD_QUOTA_MB" in refused[0]


@BOTH
def test_deleting_an_import_leaves_its_uploads(researcher: Actor) -> None:
    (upload_id,) = add(researcher, arrive())
    import_id = request(researcher, upload_id)
    with session_scope() as session:
        session.delete(session.get_one(DatasetImport, import_id))
    with read_scope() as session:
        assert session.get_one(Upload, upload_id).dataset_import_id is None


@BOTH
@pytest.mark.parametrize("first", ["import", "deletion"])
def test_of_an_import_and_a_deletion_at_once_the_second_hears_of_the_first(
    researcher: Actor, first: str
) -> None:
    (upload_id,) = add(researcher, arrive())
    heard: list[Exception] = []

    def do(act: str, session: Session) -> None:
        if act == "import":
            request_upload_import(session, researcher, ImportSpec(dataset="rig", uploads=(upload_id,)))
        else:
            delete_upload(session, researcher, upload_id)
        session.flush()

    def follow() -> None:
        try:
            with session_scope() as session:
                do("deletion" if first == "import" else "import", session)
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            heard.append(error)

    other = threading.Thread(target=follow)
    with session_scope() as session:
        do(first, session)
        other.start()
        other.join(0.5)
    other.join()
    assert [type(error) for error in heard] == [ConflictError if first == "import" else NotFoundError]


def test_empty_files_do_not_pass_by_the_quota_without_end(
    researcher: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_service, "MOST_WAITING", 3)
    add(researcher, arrive(b""), arrive(b""))
    with pytest.raises(TooLargeError, match="2 more uploads do not fit: 2 are stored, of 3"):
        add(researcher, arrive(b""), arrive(b""))
    add(researcher, arrive(b""))
    with read_scope() as session:
        assert len(list_uploads(session)) == 3
