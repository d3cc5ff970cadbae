"""YAML of other programs: plain values only, and no alias, with which a small file becomes endless."""

from typing import Any

import yaml

from core.errors import UnreadableFileError
from core.storage.readers.limits import printable

LARGEST = 4 << 20
_NONE = frozenset({"", "null", "~"})


class _Texts(yaml.BaseLoader):  # type: ignore[misc]  # yaml ships no types
    """Every scalar stays the text that it is."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        _refuse_alias(self)
        return super().compose_node(parent, index)


class _Values(yaml.SafeLoader):  # type: ignore[misc]  # likewise
    """Scalars become numbers and truth values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        _refuse_alias(self)
        return super().compose_node(parent, index)


def _refuse_alias(loader: Any) -> None:
    if loader.check_event(yaml.events.AliasEvent):
        raise yaml.YAMLError("it holds an alias (*name); write out what it stands for")


def read_texts(text: str, name: str) -> dict[str, str]:
    """Return the scalars of a mapping by their names; what is null or nested is left out."""
    found = _load(text, name, _Texts)
    return {str(key): value for key, value in found.items() if isinstance(value, str) and value not in _NONE}


def read_values(text: str, name: str) -> dict[Any, Any]:
    """Return a mapping with all that it holds."""
    return _load(text, name, _Values)


def _load(text: str, name: str, loader: type[Any]) -> dict[Any, Any]:
    if len(text) > LARGEST:
        raise UnreadableFileError(f"{name} has {len(text):,} characters; at most {LARGEST:,} are read of it")
    try:
        found = yaml.load(text, loader)  # noqa: S506 - both make plain values only
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableFileError(f"{name} is no YAML that is read: {printable(str(error))[:300]}") from error
    if not isinstance(found, dict):
        raise UnreadableFileError(f"{name} should map names to values and is a {type(found).__name__}")
    return found
