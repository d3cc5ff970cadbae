import io
import stat
import struct
import warnings
import zipfile

import pytest

from core.errors import UnreadableFileError
from core.storage.readers import limits, zips


def pack(*members, **how) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name given twice
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def list_names(content: bytes) -> list[str]:
    return [member.filename for member in zips.open_archive(io.BytesIO(content), "runs.zip")[1]]


def info(name: str, **changes) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    for field, value in changes.items():
        setattr(made, field, value)
    return made


def test_files_are_listed_without_folders_and_what_macos_puts_beside():
    content = pack(
        ("a/", ""), ("a/run.npy", "x"), ("__MACOSX/a/._run.npy", "x"), ("._b.npy", "x"), (".DS_Store", "x")
    )
    assert list_names(content) == ["a/run.npy"]


def test_member_comes_back_as_it_was_packed():
    file = io.BytesIO(pack(("a", b"12345" * 1000), compression=zipfile.ZIP_DEFLATED))
    archive, (member,) = zips.open_archive(file, "runs.zip")
    assert b"".join(zips.unpack(archive, member, "runs.zip")) == b"12345" * 1000


@pytest.mark.parametrize(
    "name", ["../x", "a/../x", "a/..", "/x", "//x", "..\\x", "a\\x", "C:\\x", "c:x", "../" * 20 + "etc/x"]
)
def test_names_that_lead_out_are_refused(name):
    with pytest.raises(UnreadableFileError, match="leads out of the archive"):
        list_names(pack((name, "x")))


@pytest.mark.parametrize("name", ["a\nb", "a\x1bb", "x" * 256, "a\x85b"])
def test_names_that_cannot_be_shown_are_refused(name):
    with pytest.raises(UnreadableFileError, match=r"the name of a member.* rename it"):
        list_names(pack((name, "x")))


def test_name_cut_at_a_null_is_refused():
    content = pack(("run.npyX.txt", "x")).replace(b"run.npyX.txt", b"run.npy\0.txt")
    with pytest.raises(UnreadableFileError, match="holds control characters"):
        list_names(content)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_are_refused(kind):
    with pytest.raises(UnreadableFileError, match="a link or a device"):
        list_names(pack((info("x.npy", external_attr=(kind | 0o777) << 16, create_system=3), "/etc/passwd")))


def test_encrypted_nested_and_foreign_packings_are_refused():
    encrypted = bytearray(pack(("x.npy", "x")))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    for content, reason in (
        (bytes(encrypted), "encrypted"),
        (pack(("x.ZIP", "x")), "an archive itself"),
        (pack(("x.npy", "x"), compression=zipfile.ZIP_LZMA), "another method than deflate"),
        (pack(("x.npy", "x"), ("x.npy", "y")), "more than once"),
    ):
        with pytest.raises(UnreadableFileError, match=reason):
            list_names(content)


def test_bombs_are_refused_by_the_directory():
    one = pack(("x.npy", bytes(40 << 20)), compression=zipfile.ZIP_DEFLATED)
    many = pack(*((f"{n}.npy", bytes(10 << 20)) for n in range(6)), compression=zipfile.ZIP_DEFLATED)
    for content in (one, many):
        assert len(content) < 100_000
        with pytest.raises(UnreadableFileError, match="no recording packs better than 100 to 1"):
            list_names(content)


def test_too_many_members_and_too_large_a_directory_are_refused(monkeypatch):
    content = pack(*((f"{n}", "") for n in range(30)))
    monkeypatch.setattr(limits, "VARIABLES", 20)
    with pytest.raises(UnreadableFileError, match="holds 30 members; at most 20"):
        list_names(content)
    monkeypatch.setattr(zips, "DIRECTORY_BYTES", 500)
    with pytest.raises(UnreadableFileError, match="a directory of"):
        list_names(content)


def test_directory_of_a_larger_archive_is_refused():
    content = pack(("x", "x"))
    place = content.rindex(b"PK\x05\x06")
    locator = zips.ZIP64_LOCATOR + struct.pack("<IQI", 0, 0, 1)
    with pytest.raises(UnreadableFileError, match="beyond 4 GB"):
        list_names(content[:place] + locator + content[place:])


def test_members_within_each_other_are_refused():
    content = bytearray(pack(("a", b"x" * 500), ("b", b"y" * 500)))
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<I", 10)
    with pytest.raises(UnreadableFileError, match="lies within"):
        list_names(bytes(content))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PK\x05\x06", b"x" * 100_000])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(UnreadableFileError, match=r"runs\.zip should end with a zip archive's directory"):
        list_names(content)
