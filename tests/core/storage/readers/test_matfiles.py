import struct
import zlib

import numpy as np
import pytest
import scipy.io

from core.errors import UnreadableFileError
from core.storage import readers
from core.storage.readers import mat5, matfiles


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "IR007_0_105.mat"
    rng = np.random.default_rng(0)
    scipy.io.savemat(
        path, {"X105_DE_time": rng.standard_normal((4000, 1)), "X105RPM": 1797.0}, do_compression=True
    )
    return path


def test_version_7_3_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "105.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(128) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UnreadableFileError, match=r"save\(\.\.\., '-v7'\)"):
        readers.read_file(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x80\x04pickle".ljust(300)])
def test_other_content_is_refused(tmp_path, content):
    path = tmp_path / "105.mat"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"should begin as a MATLAB 5\.0 file"):
        readers.read_file(path)


def test_bomb_is_refused_before_it_is_loaded(tmp_path, good, monkeypatch):
    """A few kilobytes that unpack to more than the limit, though their header declares little."""
    monkeypatch.setattr(matfiles, "MAX_BYTES", 1_000_000)
    packed = zlib.compress(bytes(8_000_000))
    path = tmp_path / "107.mat"
    path.write_bytes(good.read_bytes() + struct.pack("<II", mat5.COMPRESSED, len(packed)) + packed)
    with pytest.raises(UnreadableFileError, match="unpacks to more than"):
        readers.read_file(path)


def test_variable_declared_too_large_is_refused(good, monkeypatch):
    monkeypatch.setattr(mat5, "check_build", lambda _content, _limit: None)
    monkeypatch.setattr(matfiles, "MAX_BYTES", 20_000)
    with pytest.raises(UnreadableFileError, match="declares X105_DE_time with 4,000 values"):
        readers.read_file(good)


def test_cells_and_objects_are_refused(tmp_path):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": np.array([[1, "a"]], dtype=object)})
    with pytest.raises(UnreadableFileError, match="of type cell"):
        readers.read_file(path)


def test_unknown_variables_are_named(tmp_path):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"gearbox": np.zeros(9)})
    with pytest.raises(UnreadableFileError, match="found gearbox"):
        readers.read_file(path)


def test_damaged_files_are_refused_and_nothing_else_happens(good):
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
            readers.read_file(good)
        except UnreadableFileError:
            refused += 1
    assert refused > 150


@pytest.mark.parametrize("kind", [0, 8, 14, 15, 19, 255])
def test_false_type_of_values_is_refused_before_scipy_crashes_on_it(tmp_path, kind):
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": np.ones((4000, 1)), "X105RPM": 1797.0})
    tag = struct.pack("<II", 9, 32_000)
    assert tag in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(tag, struct.pack("<II", kind, 32_000)))
    with pytest.raises(UnreadableFileError, match=f"of the unknown type {kind}"):
        readers.read_file(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_samples_that_are_not_finite_are_counted_and_placed(tmp_path, bad):
    samples = np.ones((4000, 1))
    samples[[7, 9]] = bad
    path = tmp_path / "105.mat"
    scipy.io.savemat(path, {"X105_DE_time": samples})
    with pytest.raises(UnreadableFileError, match=r"2 of 4000 samples of X105_DE_time .* at sample 7;"):
        readers.read_file(path)
