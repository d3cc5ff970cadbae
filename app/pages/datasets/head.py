"""The answer of the Datasets page: what is stored, how its classes are balanced, what its splits share."""

from collections.abc import Mapping, Sequence
from html import escape

import panel as pn

from app.components.card import card
from app.components.line_list import Column, line_list
from app.components.safe_text import text
from app.components.stat import stat, stats
from app.components.words import ABSENT, SAME_RECORD, moment, span, unbroken
from app.pages.datasets.reading import Looked
from app.plots.balance import draw_balance
from core.queries.dataset_balance import SEVERITIES, ClassCount
from core.queries.dataset_splits import SplitReading

FORMS = {"class": "classes"}
COLUMNS = (
    Column("split", "132px"),
    Column("what both sides share", "minmax(0, 1fr)"),
    Column("records, training / test", "150px", "number", kept=False),
)
STYLE = ".line > :nth-child(2) { white-space: normal; }"


def headline(looked: Looked) -> pn.Column:
    """Show what the data set holds, in numbers."""
    row = looked.row
    rates = ", ".join(f"{rate:,.0f} Hz" for rate in row.sampling_rates_hz)
    figures = [
        stat(f"{row.num_records:,}", _noun(row.num_records, "record")),
        stat(f"{row.num_signals:,}", f"{_noun(row.num_signals, 'signal')}, {', '.join(row.channels)}"),
        stat(f"{len(row.fault_types):,}", f"fault {_noun(len(row.fault_types), 'class')}"),
        stat(_stated(row.num_bearings), f"{_noun(row.num_bearings, 'bearing')} stated"),
        stat(_stated(row.num_machines), f"{_noun(row.num_machines, 'machine')} stated"),
        stat(span(row.duration_s), f"of all channels, at {rates}" if rates else "of all channels"),
    ]
    told = [text(row.description, "caption")] if row.description else []
    told += [text(line, "caption") for line in tell_resampled(looked.resampled)]
    return card(stats(*figures), *told, text(f"Stored {moment(row.created_at)} UTC.", "caption"))


def tell_resampled(records: Mapping[float, int]) -> list[str]:
    """Say which rates records had before they were brought to the data set's."""
    return [
        f"{count:,} {_noun(count, 'record')} {'was' if count == 1 else 'were'} recorded at {rate_hz:,.0f} Hz "
        "and resampled."
        for rate_hz, count in records.items()
    ]


def _stated(number: int) -> str:
    return f"{number:,}" if number else ABSENT


def _noun(number: int, word: str) -> str:
    return word if number == 1 else FORMS.get(word, f"{word}s")


def balance_card(looked: Looked) -> pn.Column:
    """Show how many records each class has."""
    found = {count.severity for count in looked.balance}
    known = [name for name in SEVERITIES if name in found]
    plot = draw_balance(looked.balance, [*known, *sorted(found - set(known))])
    return card(
        pn.pane.Bokeh(plot, sizing_mode="stretch_width", margin=0),
        text(tell_balance(looked.balance), "caption"),
        title="Class balance",
    )


def tell_balance(counts: Sequence[ClassCount]) -> str:
    """Say how unequal the classes are."""
    totals: dict[str, int] = {}
    for count in counts:
        totals[count.fault_class] = totals.get(count.fault_class, 0) + count.records
    least, most = min(totals, key=totals.__getitem__), max(totals, key=totals.__getitem__)
    if totals[least] == totals[most]:
        return f"Every class has {totals[most]:,} {_noun(totals[most], 'record')}. The unit is the record."
    times = totals[most] / totals[least]
    return (
        f"{most} has {totals[most]:,} {_noun(totals[most], 'record')}, {least} {totals[least]:,}: "
        f"{times:.1f} times as many. The unit is the record."
    )


def splits_card(looked: Looked) -> pn.Column:
    """Show what both sides of every split would share."""
    if not looked.splits:
        told = (
            f"{looked.row.num_signals:,} signals are too many to be divided in every way while you wait. "
            "A training audits its own split, and the result stands beside its score."
        )
        return card(text(told, "muted"), title="Leakage of each split")
    lines = line_list(COLUMNS, [_split_line(reading) for reading in looked.splits], STYLE)
    traits = dict.fromkeys(trait for reading in looked.splits for trait in reading.traits)
    told = [text(f"{trait}.", "caption", margin=(8, 0, 0, 0)) for trait in traits]
    intro = f"Channel {looked.channel}, classes by fault, a quarter of the groups held out for the test."
    return card(text(intro, "caption", margin=(0, 0, 8, 0)), lines, *told, title="Leakage of each split")


def _split_line(reading: SplitReading) -> tuple[tuple[str, str, str], str]:
    if reading.grade is None:
        return (reading.kind, '<span class="quiet">not possible</span>', ""), escape(reading.sentence)
    shared = escape(unbroken(reading.sentence))
    if reading.grade == SAME_RECORD:
        shared = f'<span class="leaks">⚠ {shared}</span>'
    records = f"{reading.num_train:,} / {reading.num_test:,}"
    return (reading.kind, shared, records), escape("; ".join(reading.messages))
