"""How a tag is called, and by what it is known."""

import re
import unicodedata

from pydantic import TypeAdapter

from core.errors import InvalidInputError
from core.specs import Name

NAME: TypeAdapter[str] = TypeAdapter(Name)
SEPARATORS = frozenset("-_./\\:,;'\"()[]{}|")


def read_name(name: str) -> tuple[str, str]:
    """Return a checked name and its slug; two names with one slug are one tag."""
    name = NAME.validate_python(name)
    slug = make_slug(name)
    if not slug:
        raise InvalidInputError(f"the tag {name!r} holds no letter, digit or sign to be known by; name it so")
    return name, slug


def make_slug(name: str) -> str:
    """Return a name in lower case without accents, `to-check`; signs but separators are spelled out."""
    parts = []
    for char in unicodedata.normalize("NFKD", name.casefold()).casefold():
        if char.isalnum():
            parts.append(char)
        elif char in SEPARATORS or char.isspace():
            parts.append("-")
        elif not unicodedata.combining(char) and unicodedata.category(char) != "Cf":  # nobody sees these
            parts.append(f"-{unicodedata.name(char, f'u{ord(char):x}').lower()}-")
    return re.sub(r"[\s-]+", "-", "".join(parts)).strip("-")


def check_color(color: str | None) -> str | None:
    """Return a colour such as #0f766e in lower case, or none."""
    if color is not None and not re.fullmatch("#[0-9a-fA-F]{6}", color):
        raise InvalidInputError(f"a tag's colour is written as #0f766e, not {color!r}")
    return color and color.lower()
