import struct
import zlib

import numpy as np
import pytest
import scipy.io

from core.errors import UnreadableFileError
from core.storage.readers import limits, mat5


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "IR007_0_105.mat"
    rng = np.random.default_rng(0)
    scipy.io.savemat(
        path, {"X105_DE_time": rng.standard_normal((4000, 1)), "X105RPM": 1797.0}, do_compression=True
    )
    return path


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x80\x04pickle".ljust(300)])
def test_other_content_is_refused(tmp_path, read_path, content):
    path = tmp_path / "105.mat"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"should begin as a MATLAB 5\.0 or an HDF5 file"):
        read_path(path)


def bomb(good, declared: int) -> bytes:
    """A compressed matrix that unpacks to 100 MB of zeros, whatever it declares."""
    packed = zlib.compress(struct.pack("<II", mat5.MATRIX, declared) + bytes(100_000_000), 9)
    return good.read_bytes() + struct.pack("<II", mat5.COMPRESSED, len(packed)) + packed


def test_bomb_that_declares_its_size_is_refused_by_it(tmp_path, read_path, good):
    path = tmp_path / "107.mat"
    path.write_bytes(bomb(good, 100_000_000))
    with pytest.raises(UnreadableFileError, match="no recording packs better than 100 to 1"):
        read_path(path)


def test_bomb_that_declares_little_is_unpacked_no_further_than_that(tmp_path, read_path, good):
    path = tmp_path / "107.mat"
    path.write_bytes(bomb(good, 4_000))
    with pytest.raises(UnreadableFileError, match="unpacks to more than the 4,000 bytes it declares"):
        read_path(path)


def test_silence_packs_well_and_is_read_when_it_is_short(tmp_path, read_path):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": np.zeros((480_000, 1))}, do_compression=True)
    assert path.stat().st_size < 10_000
    assert len(read_path(path)[0].samples) == 480_000


def test_more_than_a_file_may_unpack_to_is_refused(good, read_path, monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", 20_000)
    with pytest.raises(UnreadableFileError, match=r"unpacks to 32,\d+ bytes; at most 20,000 a file"):
        read_path(good)


def test_cells_and_objects_are_refused(tmp_path, read_path):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": np.array([[1, "a"]], dtype=object)})
    with pytest.raises(UnreadableFileError, match="of type cell"):
        read_path(path)


def test_unknown_variables_are_named(tmp_path, read_path):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"gearbox": np.zeros((3, 3))})
    with pytest.raises(UnreadableFileError, match="found gearbox"):
        read_path(path)


def test_damaged_files_are_refused_and_nothing_else_happens(good, read_path):
    content, rng = good.read_bytes(), np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        damaged = bytearray(
            content[: int(rng.integers(0, len(content) + 1))] if rng.random() < 0.5 else content
        )
        for place in rng.integers(0, max(len(damaged), 1), 3):
            damaged[place : place + 1] = rng.bytes(1)
        good.write_bytes(damaged)
        try:
            read_path(good)
        except UnreadableFileError:
            refused += 1
    assert refused > 150


@pytest.mark.parametrize("kind", [0, 8, 14, 15, 19, 255])
def test_false_type_of_values_is_refused_before_scipy_crashes_on_it(tmp_path, read_path, kind):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": np.ones((4000, 1)), "X105RPM": 1797.0})
    tag = struct.pack("<II", 9, 32_000)
    assert tag in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(tag, struct.pack("<II", kind, 32_000)))
    with pytest.raises(UnreadableFileError, match=f"of the unknown type {kind}"):
        read_path(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_samples_that_are_not_finite_are_counted_and_placed(tmp_path, read_path, bad):
    samples = np.ones((4000, 1))
    samples[[7, 9]] = bad
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": samples})
    with pytest.raises(UnreadableFileError, match=r"2 of 4000 samples of X105_DE_time .* at sample 7;"):
        read_path(path)
