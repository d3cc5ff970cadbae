"""From a tree of words to conditions: names are looked up, values are read, and what is not known is told."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import Session

from core.models import Experiment, ExperimentMetric, ExperimentParameter, ExperimentTag
from core.queries.search.conditions import Beside, Condition, Joined, Opposite, Own, Said
from core.queries.search.errors import SearchError, find_nearest
from core.queries.search.fields import (
    Field,
    MetricField,
    OwnField,
    ParameterField,
    Taken,
    find_field,
    list_field_names,
)
from core.queries.search.known import VOCABULARIES, Vocabulary, parameter_vocabulary
from core.queries.search.tree import AnyOf, Comparison, Node, Not, Word
from core.queries.search.values import FLAGS, Period, read_number, read_period, read_seconds
from core.queries.search.words import Phrase, cut_words

EQUALS = (":", "=")
CLOSED = frozenset({"status", "source"})  # fields of a few words that never grow
LARGEST_WHOLE = 2**31 - 1  # of an integer column
UNORDERED = (*EQUALS, "!=")
ORDERED: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}


@dataclass(slots=True)
class Resolver:
    """One search being looked up."""

    session: Session
    text: str
    actor_id: int | None
    now: datetime
    names_archived: bool = False
    fields: dict[str, Field] = field(default_factory=dict)  # found so far, by what they are called

    def resolve(self, node: Node) -> Condition:
        """Return what a part of the tree asks of experiments."""
        if isinstance(node, Word):
            return Said((_phrase(node),))
        if isinstance(node, Comparison):
            return self._resolve_comparison(node)
        if isinstance(node, Not):
            return Opposite(self.resolve(node.part))
        any_of = isinstance(node, AnyOf)
        words = tuple(_phrase(part) for part in node.parts if isinstance(part, Word))
        others = tuple(self.resolve(part) for part in node.parts if not isinstance(part, Word))
        said = (Said(words, any_of),) if words else ()  # the index joins them faster
        return Joined((*said, *others), any_of)

    def find_field(self, name: Word) -> Field:
        """Return what a name stands for, or tell the nearest that is known."""
        field = self.fields.get(name.text) or find_field(self.session, name.text)
        if field is None:
            near = find_nearest(name.text, list_field_names(self.session, alike=name.text))
            self.fail(name, f"there is no field, metric or hyperparameter {name.text!r}", near)
        self.fields[name.text] = field
        return field

    def fail(self, at: Word, problem: str, suggestions: Iterable[str] = ()) -> NoReturn:
        """Refuse the search because of one word of it."""
        raise SearchError(self.text, at.position, at.length, problem, suggestions)

    def _resolve_comparison(self, term: Comparison) -> Condition:
        field = self.find_field(term.field)
        if len(term.values) > 1 and term.operator not in UNORDERED:
            self.fail(term.values[1], f"{term.operator} compares with one value; several go with : = and !=")
        if isinstance(field, MetricField):
            column = ExperimentMetric.last if field.is_last else ExperimentMetric.best
            values = [self._read(value, read_number, field.name, "a number") for value in term.values]
            tests = (ExperimentMetric.name == field.name, compare(column, term.operator, values))
            return Beside(ExperimentMetric, tests, field.name)
        if isinstance(field, ParameterField):
            return self._resolve_parameter(field, term)
        return _RESOLVERS[field.takes](self, field, term)

    def _read(self, value: Word, read: Callable[[str], Any], name: str, what: str) -> Any:
        found = read(value.text)
        if found is None:
            self.fail(value, f"{name} is compared with {what}, and {value.text!r} is none")
        return found

    def _resolve_parameter(self, field: ParameterField, term: Comparison) -> Condition:
        number, text = ExperimentParameter.number, ExperimentParameter.text
        named = ExperimentParameter.name == field.name
        if term.operator in ORDERED:
            if not field.has_numbers:
                self.fail(term.field, f"{field.name} holds words, without order; write : = or !=")
            values = [self._read(value, read_number, field.name, "a number") for value in term.values]
            return Beside(ExperimentParameter, (named, compare(number, term.operator, values)), field.name)
        numbers = [read_number(value.text) if field.has_numbers else None for value in term.values]
        words = [v for v, n in zip(term.values, numbers, strict=True) if n is None or field.has_texts]
        if not field.has_texts:
            for word in words:
                self._read(word, read_number, field.name, "a number")
        optional = [v for v, n in zip(term.values, numbers, strict=True) if n is not None]
        texts = self._look_up(field.name, parameter_vocabulary(field.name), words, optional) if words else []
        stated = [n for n in numbers if n is not None]
        same = or_(number.in_(stated) if stated else false(), text.in_(texts) if texts else false())
        if term.operator == "!=":
            same = and_(or_(number.is_(None), number.not_in(stated)), or_(text.is_(None), text.not_in(texts)))
        elif not texts:
            same = compare(number, "=", stated)
        elif not stated:
            same = compare(text, "=", texts)
        return Beside(ExperimentParameter, (named, same), field.name)

    def _look_up(
        self, name: str, vocabulary: Vocabulary, words: Sequence[Word], optional: Sequence[Word] = ()
    ) -> list[Any]:
        """Return what stands for the words; what is not optional must be known, in one case or another."""
        exact = vocabulary.find(self.session, [word.text for word in words])
        found = [value for _, value in exact]
        missing = [word for word in words if word.text not in {typed for typed, _ in exact}]
        if missing:
            every = vocabulary.list_all(self.session)
            for word in missing:
                same = [value for known, value in every if known.casefold() == word.text.casefold()]
                if not same and word not in optional:
                    near = find_nearest(word.text, [known for known, _ in every])
                    problem = f"there is no {name} {word.text!r}"
                    if name in CLOSED and not near:
                        problem += f"; one is {' or '.join(known for known, _ in every)}"
                    self.fail(word, problem, near)
                found += same
        return list(dict.fromkeys(found))

    def _resolve_choice(self, field: OwnField, term: Comparison) -> Condition:
        if term.operator not in UNORDERED:
            self.fail(term.field, f"{field.name} is a name, without order; write : = or !=")
        mine = [value for value in term.values if field.name == "owner" and value.text.lower() == "me"]
        if mine and self.actor_id is None:
            self.fail(mine[0], "nobody is signed in here whose `me` could be; write the owner's name")
        others = [value for value in term.values if value not in mine]
        found = self._look_up(field.name, VOCABULARIES[field.name], others) if others else []
        if mine:
            found.append(self.actor_id)
        if field.column is not None:
            return Own(compare(field.column, term.operator, found))
        bearing = Beside(ExperimentTag, (ExperimentTag.tag_id.in_(found),))
        return Opposite(bearing) if term.operator == "!=" else bearing

    def _resolve_number(self, field: OwnField, term: Comparison) -> Condition:
        values = [self._read(value, read_number, field.name, "a number") for value in term.values]
        if term.operator not in UNORDERED:
            return Own(compare(field.column, term.operator, [round_to_whole(term.operator, values[0])]))
        whole = [int(each) for each in values if each == int(each) and abs(each) <= LARGEST_WHOLE]
        return Own(compare(field.column, term.operator, whole))

    def _resolve_seconds(self, field: OwnField, term: Comparison) -> Condition:
        what = "a duration such as 90s or 1h30m"
        values = [self._read(value, read_seconds, field.name, what) for value in term.values]
        return Own(compare(field.column, term.operator, values))

    def _resolve_moment(self, field: OwnField, term: Comparison) -> Condition:
        what = "a date such as 2026-11-01, 2026-11, today, yesterday or 7d"
        periods = [
            self._read(value, lambda text: read_period(text, self.now), field.name, what)
            for value in term.values
        ]
        if term.operator == "!=":
            return Opposite(Own(or_(*(compare_period(field.column, ":", each) for each in periods))))
        return Own(or_(*(compare_period(field.column, term.operator, each) for each in periods)))

    def _resolve_words(self, field: OwnField, term: Comparison) -> Condition:
        if term.operator not in UNORDERED:
            self.fail(term.field, f"{field.name} holds words; write {field.name}:word, or = for the whole")
        if term.operator != ":":
            return Own(compare(field.column, term.operator, [value.text for value in term.values]))
        for value in term.values:
            if not cut_words(value.text):
                self.fail(value, f"{value.text!r} holds no letter and no digit to search for")
        return Said(tuple(_phrase(value, field.name) for value in term.values), any_of=True)

    def _resolve_flag(self, field: OwnField, term: Comparison) -> Condition:
        if term.operator not in UNORDERED:
            self.fail(term.field, f"{field.name} is yes or no, without order; write : = or !=")
        self.names_archived = True
        told = [
            self._read(value, lambda text: FLAGS.get(text.lower()), field.name, "yes or no")
            for value in term.values
        ]
        wanted = {flag is not (term.operator == "!=") for flag in told}
        archived = Experiment.archived_at.is_not(None), Experiment.archived_at.is_(None)
        return Own(or_(*(archived[0] if flag else archived[1] for flag in sorted(wanted))))


_RESOLVERS: dict[Taken, Callable[[Resolver, OwnField, Comparison], Condition]] = {
    Taken.CHOICE: Resolver._resolve_choice,
    Taken.WHOLE: Resolver._resolve_number,
    Taken.SECONDS: Resolver._resolve_seconds,
    Taken.MOMENT: Resolver._resolve_moment,
    Taken.WORDS: Resolver._resolve_words,
    Taken.FLAG: Resolver._resolve_flag,
}


def _phrase(word: Word, column: str | None = None) -> Phrase:
    return Phrase(word.text, not word.is_quoted, column)


def compare(column: Any, operator: str, values: list[Any]) -> ColumnElement[bool]:
    """Compare a column: true only of what has a value, so that `not` finds what has none too."""
    if operator in ORDERED:
        test = ORDERED[operator](column, values[0])
    elif operator in EQUALS:
        test = column == values[0] if len(values) == 1 else column.in_(values)
    else:
        test = column != values[0] if len(values) == 1 else column.not_in(values)
    return and_(column.is_not(None), test)


def round_to_whole(operator: str, value: float) -> int:
    """Return the whole number, of those that a column holds, that compares as the value does."""
    rounded = math.floor(value) if operator in {"<=", ">"} else math.ceil(value)
    return max(-LARGEST_WHOLE, min(rounded, LARGEST_WHOLE))


def compare_period(column: Any, operator: str, period: Period) -> ColumnElement[bool]:
    """Compare a moment with a period: in it, before it, after it; a mere moment begins what is in it."""
    inside: ColumnElement[bool] = column >= period.start
    if period.stop is None:
        return column < period.start if operator.startswith("<") else inside
    if operator in EQUALS:
        return and_(inside, column < period.stop)
    sides: dict[str, ColumnElement[bool]] = {
        "<": column < period.start,
        "<=": column < period.stop,
        ">": column >= period.stop,
        ">=": inside,
    }
    return sides[operator]
