"""Terms of a search that a click adds and takes away: the text stays the one truth."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r'(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<operator>!=|[:=<>]+)|(?P<mark>[(),])|(?P<word>(?:[^\s()",:=<>!]|!(?!=))+)',
    re.DOTALL,
)
_BARE = re.compile(r'[^\s()",:=<>!“”„\\]+')
_OF_THE_WHOLE = frozenset({"sort", "limit"})  # what brackets may not hold


@dataclass(frozen=True, slots=True)
class _Term:
    """A comparison `field:value,value` that stands by itself and not in brackets."""

    field: str
    values: tuple[str, ...]
    start: int
    stop: int


def write_value(value: str) -> str:
    """Write a value as the search language reads it back."""
    if _BARE.fullmatch(value) and value.lower() not in {"and", "or", "not"}:
        return value
    return '"{}"'.format(re.sub(r'(["\\])', r"\\\1", value))


def find_values(text: str, field: str) -> tuple[str, ...]:
    """Return the values of a field among which the search asks for any."""
    term = _find_term(text, field)
    return term.values if term is not None else ()


def toggle_value(text: str, field: str, value: str) -> str:
    """Return the search with this value asked for too, or no longer."""
    term = _find_term(text, field)
    if term is None:
        return f"{_as_one_part(text)} {field}:{write_value(value)}".strip()
    values = [each for each in term.values if each != value]
    if len(values) == len(term.values):
        values.append(value)
    kept = f"{field}:{','.join(map(write_value, values))}" if values else ""
    parts = (text[: term.start].rstrip(), kept, text[term.stop :].lstrip())
    return " ".join(part for part in parts if part)


def drop_field(text: str, field: str) -> str:
    """Return the search without its term of this field."""
    term = _find_term(text, field)
    if term is None:
        return text
    parts = (text[: term.start].rstrip(), text[term.stop :].lstrip())
    return " ".join(part for part in parts if part)


def _find_term(text: str, field: str) -> _Term | None:
    terms, has_or = _read(text)
    return None if has_or else next((term for term in terms if term.field == field), None)


def _as_one_part(text: str) -> str:
    """Set brackets round a search of alternatives, so that what follows narrows all of them."""
    terms, has_or = _read(text)
    if not has_or:
        return text.strip()
    whole = [term for term in terms if term.field in _OF_THE_WHOLE]
    inner = text
    for term in reversed(whole):
        inner = inner[: term.start] + inner[term.stop :]
    return " ".join([f"({inner.strip()})", *(text[term.start : term.stop] for term in whole)])


def _read(text: str) -> tuple[list[_Term], bool]:
    """Return the terms outside brackets that are not negated, and whether alternatives stand there."""
    tokens = list(_TOKEN.finditer(text))
    terms, depth, has_or, place = [], 0, False, 0
    while place < len(tokens):
        token = tokens[place]
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token.lastgroup == "word":
            is_field = _is(tokens, place + 1, "operator")
            has_or |= token[0].lower() == "or" and not is_field
            if is_field and tokens[place + 1][0] == ":":
                end = _end_of_values(tokens, place + 2)
                if not (place and tokens[place - 1][0].lower() == "not"):
                    terms.append(_term(tokens[place : end + 1]))
                place = end
        place += 1
    return terms, has_or


def _is(tokens: list[re.Match[str]], place: int, kind: str) -> bool:
    return place < len(tokens) and tokens[place].lastgroup == kind


def _end_of_values(tokens: list[re.Match[str]], place: int) -> int:
    """Return the place of the last value of a list that begins here."""
    while place + 2 < len(tokens) and tokens[place + 1][0] == ",":
        place += 2
    return min(place, len(tokens) - 1)


def _term(tokens: list[re.Match[str]]) -> _Term:
    values = [token for token in tokens[2:] if token[0] != ","]
    return _Term(
        field=tokens[0][0].lower(),
        values=tuple(_read_value(token) for token in values),
        start=tokens[0].start(),
        stop=tokens[-1].end(),
    )


def _read_value(token: re.Match[str]) -> str:
    return re.sub(r'\\(["\\])', r"\1", token[0][1:-1]) if token.lastgroup == "quoted" else token[0]
