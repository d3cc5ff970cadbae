"""Hostile files, each made by a function of the folder that it lies in."""

import io
import os
import pickle
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import scipy.io
from h5py import h5d, h5p, h5s, h5t

from core.storage.readers import mat5

Make = Callable[[Path], Path]

GIB = 1 << 30
SHARES = (10, 25, 50, 75, 90, 99)
SAMPLES = np.random.default_rng(0).standard_normal(20_000)
CASES: dict[str, Make] = {}


class Touch:
    """A pickle of this writes a file as soon as it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        """Write when opened."""
        return open, (str(self.path), "w")


def case(name: str) -> Callable[[Make], Make]:
    """Enter a function among the cases."""

    def enter(make: Make) -> Make:
        CASES[name] = make
        return make

    return enter


def write(folder: Path, name: str, content: bytes) -> Path:
    """Write one file."""
    path = folder / name
    path.write_bytes(content)
    return path


def honest_files(folder: Path) -> dict[str, Path]:
    """Write one file of each kind that is imported without complaint."""
    folder.mkdir(exist_ok=True)
    arrays = {"X105_DE_time": SAMPLES[:, None], "X105RPM": 1797.0}
    scipy.io.savemat(folder / "IR007_0_105.mat", arrays, do_compression=True)
    np.save(folder / "run.npy", SAMPLES)
    np.savez_compressed(folder / "1797_IR_7_DE12.npz", DE=SAMPLES, RPM=1797.0)
    with h5py.File(folder / "run.h5", "w") as file:
        file.create_dataset("x", data=SAMPLES, chunks=(2000,), compression="gzip")
    with h5py.File(folder / "B007_0_118.mat", "w", userblock_size=512) as file:
        file["X118_DE_time"] = SAMPLES[None]
    with zipfile.ZipFile(folder / "runs.zip", "w") as archive:
        archive.write(folder / "run.npy", "inner/run.npy")
    return {path.name: path for path in sorted(folder.iterdir())}


# ---- cut short, renamed, pickled


def _cut(name: str, share: int, folder: Path) -> Path:
    whole = honest_files(folder / "whole")[name]
    content = whole.read_bytes()
    return write(folder, name, content[: len(content) * share // 100])


for _name in ("IR007_0_105.mat", "run.npy", "1797_IR_7_DE12.npz", "run.h5", "B007_0_118.mat", "runs.zip"):
    for _share in SHARES:
        CASES[f"{_name} cut at {_share} %"] = partial(_cut, _name, _share)


def _rename(name: str, to: str, folder: Path) -> Path:
    return write(folder, to, honest_files(folder / "whole")[name].read_bytes())


for _name, _to in (
    ("run.npy", "105.mat"), ("1797_IR_7_DE12.npz", "105.mat"), ("IR007_0_105.mat", "run.npz"),
    ("IR007_0_105.mat", "run.npy"), ("run.h5", "run.npy"), ("run.npy", "run.h5"), ("run.npy", "run.npz"),
    ("IR007_0_105.mat", "run.zip"), ("run.h5", "run.zip"), ("IR007_0_105.mat", "run.hdf5"),
):  # fmt: skip
    CASES[f"{_name} renamed {_to}"] = partial(_rename, _name, _to)
for _suffix in ("mat", "npy", "npz", "h5", "zip"):
    CASES[f"empty .{_suffix}"] = partial(write, name=f"run.{_suffix}", content=b"")
    CASES[f"text in .{_suffix}"] = partial(write, name=f"run.{_suffix}", content=b"hello\n" * 500)
    CASES[f"zeros in .{_suffix}"] = partial(write, name=f"run.{_suffix}", content=bytes(5000))


def _pickle(name: str, folder: Path) -> Path:
    return write(folder, name, pickle.dumps(Touch(folder / "opened")))


for _name in ("run.npy", "run.pkl", "run.pt", "run.joblib", "run.mat", "run.npz"):
    CASES[f"pickle in {_name}"] = partial(_pickle, _name)


def _torch_zip(name: str, folder: Path) -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Touch(folder / "opened")))
        archive.writestr("archive/version", "3")
    return folder / name


for _name in ("model.pt", "model.npz", "model.zip"):
    CASES[f"torch's pickle in {_name}"] = partial(_torch_zip, _name)


@case("objects in .npy")
def object_npy(folder: Path) -> Path:
    """A pickle behind an honest head."""
    np.save(folder / "run.npy", np.array([Touch(folder / "opened")], dtype=object), allow_pickle=True)
    return folder / "run.npy"


@case("objects in .npz")
def object_npz(folder: Path) -> Path:
    """A pickle behind an honest head, in a zip."""
    np.savez(folder / "run.npz", DE=np.array([Touch(folder / "opened")], dtype=object))
    return folder / "run.npz"


@case("cells in .mat")
def cells(folder: Path) -> Path:
    """MATLAB's own objects."""
    scipy.io.savemat(folder / "105.mat", {"X105_DE_time": np.array([[1, "a"]], dtype=object)})
    return folder / "105.mat"


# ---- bombs


@case("1 MB to 1 GiB in .mat")
def mat_bomb(folder: Path) -> Path:
    """A matrix of zeros that says how large it is."""
    return _mat_bomb(folder, lie=False)


@case("1 MB to 1 GiB in .mat, a small size declared")
def lying_mat_bomb(folder: Path) -> Path:
    """A matrix of zeros that says it is small."""
    return _mat_bomb(folder, lie=True)


def _mat_bomb(folder: Path, *, lie: bool) -> Path:
    scipy.io.savemat(folder / "105.mat", {"X105_DE_time": np.ones((1 << 17, 1))})
    content = (folder / "105.mat").read_bytes()
    place = content.index(struct.pack("<II", 9, 8 << 17))
    body = bytearray(content[mat5.HEADER_BYTES : place])
    num_bytes = GIB - 8
    if not lie:
        body[4:8] = struct.pack("<I", len(body) + num_bytes)
        shape = struct.pack("<2i", 1 << 17, 1)
        body[body.index(shape) :][:8] = shape
        body = bytearray(bytes(body).replace(shape, struct.pack("<2i", num_bytes // 8, 1)))
    packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(body) + struct.pack("<II", 9, num_bytes if not lie else 8 << 17))]
    packed += [packer.compress(bytes(1 << 24)) for _ in range(GIB >> 24)]
    data = b"".join([*packed, packer.flush()])
    element = struct.pack("<II", mat5.COMPRESSED, len(data)) + data
    return write(folder, "105.mat", content[: mat5.HEADER_BYTES] + element)


@case("40 times 31 MB from 1 MB in .mat")
def mat_many(folder: Path) -> Path:
    """Each variable small enough to pack well."""
    arrays = {f"X{n:03d}_DE_time": np.zeros((31 << 17, 1)) for n in range(40)}
    scipy.io.savemat(folder / "IR007_0_5.mat", arrays, do_compression=True)
    return folder / "IR007_0_5.mat"


def _npy_head(shape: str, descr: str = "'<f8'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _zip_zeros(folder: Path, name: str, members: dict[str, int]) -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for member, size in members.items():
            with archive.open(member, "w", force_zip64=True) as file:
                file.write(_npy_head(f"({size // 8},)"))
                for _ in range(size >> 20):
                    file.write(bytes(1 << 20))
    return folder / name


CASES["1 MB to 1 GiB in .npz"] = partial(_zip_zeros, name="run.npz", members={"x.npy": GIB})
CASES["1 MB to 1 GiB in .zip"] = partial(_zip_zeros, name="runs.zip", members={"x.npy": GIB})
CASES["40 times 31 MB from 1 MB in .npz"] = partial(
    _zip_zeros, name="run.npz", members={f"x{n}.npy": 31 << 20 for n in range(40)}
)
CASES["40 times 31 MB from 1 MB in .zip"] = partial(
    _zip_zeros, name="runs.zip", members={f"x{n}.npy": 31 << 20 for n in range(40)}
)


@case("members within each other in .zip")
def overlapping(folder: Path) -> Path:
    """The directory names one packed member a hundred times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", np.ones(100_000).tobytes())
        info = archive.getinfo("x.npy")
        for number in range(100):
            twin = zipfile.ZipInfo(f"x{number}.npy", info.date_time)
            for field in ("compress_type", "compress_size", "file_size", "CRC", "header_offset"):
                setattr(twin, field, getattr(info, field))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
    return write(folder, "runs.zip", buffer.getvalue())


def _save_h5(folder: Path, change: Callable[[h5py.File], object], name: str = "run.h5") -> Path:
    with h5py.File(folder / name, "w") as file:
        change(file)
    return folder / name


@case("1 MB to 1 GiB in .h5")
def h5_bomb(folder: Path) -> Path:
    """Zeros, packed."""
    return _save_h5(
        folder,
        lambda file: file.create_dataset("x", data=np.zeros(GIB // 8), chunks=(1 << 20,), compression=9),
    )


@case("1 MB to 1 GiB in .mat of version 7.3")
def mat73_bomb(folder: Path) -> Path:
    """Zeros, packed, as MATLAB names them."""
    return h5_bomb(folder).rename(folder / "105.mat")


@case("40 times 31 MB from 1 MB in .h5")
def h5_many(folder: Path) -> Path:
    """Each data set small enough to pack well."""

    def fill(file: h5py.File) -> None:
        for number in range(40):
            file.create_dataset(f"x{number}", data=np.zeros(31 << 17), chunks=(1 << 18,), compression=9)

    return _save_h5(folder, fill)


for _create in ({}, {"chunks": (1 << 17,)}, {"chunks": (1 << 17,), "compression": "gzip"}):
    CASES[f"8 TB declared in 2 kB of .h5, {', '.join(_create) or 'in one piece'}"] = partial(
        _save_h5, change=lambda file, create=_create: file.create_dataset("x", (1 << 40,), "f8", **create)
    )
CASES["chunks of one sample in .h5"] = partial(
    _save_h5, change=lambda file: file.create_dataset("x", (4_000_000,), "f8", chunks=(1,))
)
CASES["a chunk of 1 GiB in .h5"] = partial(
    _save_h5,
    change=lambda file: file.create_dataset(
        "x", data=np.ones(10), maxshape=(None,), chunks=(GIB // 8,), compression=9
    ),
)
CASES["never written in .h5"] = partial(_save_h5, change=lambda file: file.create_dataset("x", (500,), "f8"))


@case("sparse 40 GB in .mat")
def sparse(folder: Path) -> Path:
    """It takes no room on the disk."""
    with (folder / "105.mat").open("wb") as file:
        file.truncate(40 << 30)
    return folder / "105.mat"


for _shape in ("(10**12,)", "(1000000000000,)", "(-5,)", "(2,)" * 3, "(" * 3000, "(" + "1," * 3000 + ")"):
    CASES[f"shape {_shape[:20]} in .npy"] = partial(
        write, name="run.npy", content=_npy_head(_shape) + SAMPLES.tobytes()
    )
for _descr in ("'|O'", "[('a', '<f8', (100000000,))]", "'<f8,<i4'", "'|V1000000000'", "'<U300000000'"):
    CASES[f"type {_descr} in .npy"] = partial(
        write, name="run.npy", content=_npy_head("(20000,)", _descr) + SAMPLES.tobytes()
    )


# ---- what leads out of the file


def _secret(folder: Path) -> str:
    return str(folder.parent / "secret" / "secret.bin")


@case("external storage in .h5")
def external_storage(folder: Path) -> Path:
    """HDF5 would read the values from the named file."""
    where = [(_secret(folder), 0, 4096)]
    return _save_h5(folder, lambda file: file.create_dataset("x", (512,), "f8", external=where))


@case("external storage in .mat of version 7.3")
def external_storage_mat(folder: Path) -> Path:
    """The same in a MATLAB file."""
    where = [(_secret(folder), 0, 4096)]
    return _save_h5(
        folder, lambda file: file.create_dataset("X105_DE_time", (512,), "f8", external=where), "105.mat"
    )


@case("external link in .h5")
def external_link(folder: Path) -> Path:
    """HDF5 would open the named file."""
    other = folder.parent / "secret" / "secret.h5"
    return _save_h5(folder, lambda file: file.__setitem__("x", h5py.ExternalLink(str(other), "/x")))


@case("virtual data set in .h5")
def virtual(folder: Path) -> Path:
    """HDF5 would put the values together from other files."""

    def fill(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((512,), "f8")
        layout[:] = h5py.VirtualSource(str(folder.parent / "secret" / "secret.h5"), "x", (512,))
        file.create_virtual_dataset("x", layout)

    return _save_h5(folder, fill)


CASES["soft link in .h5"] = partial(
    _save_h5, change=lambda file: file.update(x=h5py.SoftLink("/y"), y=SAMPLES)
)


@case("foreign filter in .h5")
def foreign_filter(folder: Path) -> Path:
    """HDF5 would load a library that undoes it."""

    def fill(file: h5py.File) -> None:
        plan = h5p.create(h5p.DATASET_CREATE)
        plan.set_chunk((500,))
        plan.set_filter(32_015, h5py.h5z.FLAG_OPTIONAL, ())
        h5d.create(file.id, b"x", h5t.NATIVE_DOUBLE, h5s.create_simple((500,)), plan)

    return _save_h5(folder, fill)


CASES["references in .h5"] = partial(
    _save_h5, change=lambda file: file.create_dataset("x", data=[file.ref] * 9, dtype=h5py.ref_dtype)
)
CASES["compounds in .h5"] = partial(
    _save_h5, change=lambda file: file.create_dataset("x", data=np.zeros(99, "i4,f8"))
)
CASES["variable length in .h5"] = partial(
    _save_h5, change=lambda file: file.create_dataset("x", (99,), dtype=h5py.vlen_dtype(float))
)
CASES["nested 5,000 deep in .h5"] = partial(
    _save_h5, change=lambda file: file.create_group("/".join(["g"] * 5000))
)
CASES["20,000 groups in .h5"] = partial(
    _save_h5, change=lambda file: [file.create_group(str(number)) for number in range(20_000)]
)
CASES["a group in itself in .h5"] = partial(_save_h5, change=lambda file: file.update(a=file["/"], x=SAMPLES))


@case("nested 300 deep in .mat")
def nested_mat(folder: Path) -> Path:
    """A struct in a struct in a struct."""
    inner: object = 1.0
    for _ in range(30):
        inner = {"a": inner}
    scipy.io.savemat(folder / "baseline.mat", {"bearing": inner})
    return folder / "baseline.mat"


@case("3,000 variables in .mat")
def many_variables(folder: Path) -> Path:
    """More than any recording has."""
    scipy.io.savemat(folder / "run.mat", {f"x{number}": 1.0 for number in range(3000)})
    return folder / "run.mat"


# ---- archives


def _zip(folder: Path, *infos: zipfile.ZipInfo | str, content: bytes = b"") -> Path:
    buffer = io.BytesIO()
    np.save(buffer, SAMPLES)
    with zipfile.ZipFile(folder / "runs.zip", "w") as archive:
        for info in infos:
            archive.writestr(info, content or buffer.getvalue())
    return folder / "runs.zip"


for _name in (
    "../evil.npy", "a/../../evil.npy", "/evil.npy", "//evil.npy", "..\\evil.npy", "C:\\evil.npy",
    "C:evil.npy", "../../../../../../../../tmp/evil.npy", "a/..", "x\nevil.npy", "x\x1b[2J.npy",
    "x" * 60_000 + ".npy",
):  # fmt: skip
    CASES[f"member {_name[:36]!r} in .zip"] = lambda folder, name=_name: _zip(folder, name)


def _with(name: str, **changes: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for field, value in changes.items():
        setattr(info, field, value)
    return info


@case("symlink in .zip")
def symlink(folder: Path) -> Path:
    """A member that an unpacker makes a link of."""
    info = _with("run.npy", external_attr=(stat.S_IFLNK | 0o777) << 16, create_system=3)
    return _zip(folder, info, content=_secret(folder).encode())


@case("device in .zip")
def device(folder: Path) -> Path:
    """A member that an unpacker makes a device of."""
    return _zip(folder, _with("run.npy", external_attr=(stat.S_IFCHR | 0o777) << 16, create_system=3))


@case("encrypted .zip")
def encrypted(folder: Path) -> Path:
    """The flag stands in both headers."""
    content = bytearray(_zip(folder, "run.npy").read_bytes())
    for signature, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(signature) + place] |= 1
    return write(folder, "runs.zip", bytes(content))


@case("zip in .zip")
def nested_zip(folder: Path) -> Path:
    """Forty-two of them make a petabyte."""
    return _zip(folder, "inner.zip")


@case("one name twice in .zip")
def twice(folder: Path) -> Path:
    """Two programs may see two files."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _zip(folder, "run.npy", "run.npy")


@case("no file in .zip")
def empty_zip(folder: Path) -> Path:
    """A directory without entries."""
    return _zip(folder)


@case("20,000 members in .zip")
def many_members(folder: Path) -> Path:
    """More than any archive of recordings has."""
    return _zip(folder, *(f"{number}.npy" for number in range(20_000)), content=b"x")


# ---- what is no plain file


@case("pipe in a folder")
def pipe(folder: Path) -> Path:
    """Reading it would never end."""
    os.mkfifo(folder / "run.mat")
    return folder


@case("link in a folder")
def link(folder: Path) -> Path:
    """It leads out of the folder."""
    (folder / "run.npy").symlink_to(_secret(folder))
    return folder


def list_cases() -> Iterator[tuple[str, Make]]:
    """Yield each case with its name."""
    yield from CASES.items()
