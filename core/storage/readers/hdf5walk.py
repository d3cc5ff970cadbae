"""The walk of an HDF5 file before any of its data is read.

HDF5 can take data from any other file of the machine (external storage, external links, virtual data
sets), pack it by filters loaded as plugins, and declare terabytes in two kilobytes. So every object is
looked at first, by the lower interface that follows nothing by itself, and what leads out of the file or
is no plain array of numbers or text is refused.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from h5py import h5d, h5g, h5l, h5o, h5s, h5t, h5z

from core.errors import UnreadableFileError
from core.storage.readers import limits

PLAIN_FILTERS = frozenset({h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32})
PLAIN_TYPES = frozenset({h5t.INTEGER, h5t.FLOAT, h5t.ENUM})
TYPE_NAMES = {
    h5t.STRING: "text", h5t.BITFIELD: "bit fields", h5t.OPAQUE: "opaque bytes", h5t.COMPOUND: "compounds",
    h5t.REFERENCE: "references", h5t.VLEN: "variable length", h5t.ARRAY: "arrays within", h5t.TIME: "times",
}  # fmt: skip
CHUNKS = 200_000  # of one data set
DIMENSIONS = 4


class Found(NamedTuple):
    """One data set of a file, by the names of the groups that it lies in and its own."""

    path: tuple[str, ...]
    shape: tuple[int, ...]


def walk(root: h5g.GroupID, file: str, file_bytes: int) -> Iterator[Found]:
    """Yield every data set of a file, each checked; raise on the first object that may not be read."""
    groups: list[tuple[tuple[str, ...], h5g.GroupID]] = [((), root)]
    seen, total, count = {_address(root)}, 0, 0
    while groups:
        path, group = groups.pop()
        limits.check_count(file, "objects", count + group.get_num_objs())
        for name in _list_names(group, file):
            count += 1
            limits.check_count(file, "objects", count)
            found = _open_object(group, (*path, name), file)
            if (address := _address(found)) in seen:
                raise UnreadableFileError(
                    f"{file}: {_shown((*path, name))} leads to an object met before; each is read once: "
                    "store the data itself there"
                )
            seen.add(address)
            if isinstance(found, h5g.GroupID):
                groups.append(((*path, name), found))
            elif isinstance(found, h5d.DatasetID):
                total += _check_data_set(found, _shown((*path, name)), file)
                limits.check_total(file, total, file_bytes)
                yield Found((*path, name), found.shape)


def _list_names(group: h5g.GroupID, file: str) -> list[str]:
    names = []
    for raw in group:
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableFileError(
                f"{file}: the name {raw!r} of an object is no valid Unicode: rename it"
            ) from error
        limits.check_name(file, "an object", name)
        names.append(name)
    return names


def _open_object(group: h5g.GroupID, path: tuple[str, ...], file: str) -> h5g.GroupID | h5d.DatasetID:
    if len(path) > limits.DEPTH:
        raise UnreadableFileError(
            f"{file}: {_shown(path)} lies {len(path)} groups deep; at most {limits.DEPTH} are read: "
            "export the record by itself"
        )
    name = path[-1].encode()
    kind = group.links.get_info(name).type
    if kind != h5l.TYPE_HARD:
        what = {h5l.TYPE_SOFT: "a link to another place", h5l.TYPE_EXTERNAL: "a link to another file"}
        raise UnreadableFileError(
            f"{file}: {_shown(path)} is {what.get(kind, 'a link of an unknown kind')}, and no link is "
            "followed: store the data itself there"
        )
    return h5o.open(group, name)


def _check_data_set(data_set: h5d.DatasetID, name: str, file: str) -> int:
    """Check where a data set's values lie, of what type they are and how large; return their bytes."""
    plan, kind = data_set.get_create_plist(), data_set.get_type()
    layout = plan.get_layout()
    if layout == h5d.VIRTUAL or plan.get_external_count():
        raise UnreadableFileError(
            f"{file}: {name} takes its values from another file, and no other file is opened: "
            "store the data itself there"
        )
    if kind.get_class() not in PLAIN_TYPES or kind.get_size() > 8:
        what = TYPE_NAMES.get(kind.get_class(), "numbers")
        raise UnreadableFileError(
            f"{file}: {name} holds {what} of {kind.get_size()} bytes; numbers of up to 8 bytes are read: "
            "export the samples as a numeric array"
        )
    filters = [plan.get_filter(number)[0] for number in range(plan.get_nfilters())]
    if foreign := set(filters) - PLAIN_FILTERS:
        raise UnreadableFileError(
            f"{file}: {name} is packed by filter {min(foreign)}; deflate, shuffle and fletcher32 are undone: "
            "export it with one of these or none"
        )
    return _check_size(data_set, name, file, layout == h5d.CHUNKED and plan.get_chunk(), bool(filters))


def _check_size(
    data_set: h5d.DatasetID, name: str, file: str, chunk: tuple[int, ...] | bool, is_packed: bool
) -> int:
    space, item_bytes = data_set.get_space(), data_set.get_type().get_size()
    if space.get_simple_extent_type() == h5s.NULL or len(data_set.shape) > DIMENSIONS:
        raise UnreadableFileError(
            f"{file}: {name} has {len(data_set.shape or ())} dimensions and no values that are read; "
            "export one channel a data set"
        )
    stored = data_set.get_storage_size()
    declared = int(math.prod(data_set.shape) * item_bytes)
    limits.check_size(file, name, declared, stored)
    if isinstance(chunk, tuple):
        _check_chunks(data_set, name, file, chunk)
    if declared and (not stored or (not is_packed and stored < declared)):
        raise _unwritten(file, name, f"{declared:,} bytes", f"{stored:,}")
    return declared


def _check_chunks(data_set: h5d.DatasetID, name: str, file: str, chunk: tuple[int, ...]) -> None:
    item_bytes = data_set.get_type().get_size()
    limits.check_size(file, f"a chunk of {name}", math.prod(chunk) * item_bytes, data_set.get_storage_size())
    wanted = math.prod(-(-length // step) for length, step in zip(data_set.shape, chunk, strict=True))
    if wanted > CHUNKS:
        raise UnreadableFileError(
            f"{file}: {name} lies in {wanted:,} chunks; at most {CHUNKS:,} are read: export it in larger ones"
        )
    if (written := data_set.get_num_chunks()) != wanted:
        raise _unwritten(file, name, f"{wanted:,} chunks", f"{written:,}")


def _unwritten(file: str, name: str, declared: str, written: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{file}: {name} declares {declared} and {written} were written, so part of it was never measured; "
        "fetch or export it again"
    )


def _address(found: h5g.GroupID | h5d.DatasetID) -> tuple[int, int]:
    info = h5o.get_info(found)
    return info.fileno, info.addr


def _shown(path: tuple[str, ...]) -> str:
    return "/".join(path)
