"""Records and windows that all were tested on, judged side by side, each a way into its recording."""

from typing import Any

import pandas as pd

from app.components.card import card
from app.components.export import export
from app.components.facts import Link, small_table
from app.components.safe_text import text
from app.components.words import ABSENT
from app.pages.compare.reading import Compared
from app.pages.compare.section import Section, lacking
from core.errors import InvalidInputError
from core.queries.comparison.predictions import (
    find_missed_windows,
    join_predictions,
    judge_records,
    read_predictions,
)
from core.storage.database import read_scope

MOST_RECORDS = 40
TITLE = "Records and windows that all were tested on"


def windows_section(compared: Compared, *, linked: bool) -> Section:
    """Show the records that were taken for different classes, and where each was missed most."""
    with read_scope() as session:
        found = list(read_predictions(session, compared.ids).values())
    try:
        joined = join_predictions(found)
    except InvalidInputError as error:
        return lacking(error, "Records and windows")
    judged, missed = judge_records(found), find_missed_windows(found)
    ids = [each.experiment_id for each in found]
    differ = judged[judged[[f"predicted_{each}" for each in ids]].nunique(axis=1) > 1]
    shown = (differ if len(differ) else judged).iloc[:MOST_RECORDS]
    rows = [
        (
            str(name),
            _window_cell(missed, name, len(ids), linked=linked),
            row["true_label"],
            *(_said(row, i) for i in ids),
        )
        for name, row in shown.iterrows()
    ]
    which = "those taken for different classes" if len(differ) else "the first"
    told = (
        f"{len(judged)} records and {len(joined):,} windows were given to all {len(ids)} that were tested; "
        f"{len(differ)} records were taken for different classes. Shown: {len(shown)}, {which}. ✓ the record "
        "was judged right, else the class it was taken for; then how many of its windows were right. The "
        "files hold every shared window."
    )
    return Section(
        card(
            small_table(("record", "missed most, window (s)", "true", *(f"#{each}" for each in ids)), rows),
            text(told, "caption", margin=(8, 0, 0, 0)),
            title=TITLE,
            actions=(export(lambda: joined, "shared-windows"),),
        )
    )


def _said(row: Any, experiment_id: int) -> str:
    predicted, right = row[f"predicted_{experiment_id}"], row[f"right_{experiment_id}"]
    return f"✓ {right}" if predicted == row["true_label"] else f"{predicted}, {right}"


def _window_cell(missed: pd.DataFrame, record: object, of: int, *, linked: bool) -> Link | str:
    """Return the way to the window that most got wrong; a record missed by none leads to its first one."""
    if record not in missed.index:
        return ABSENT
    window = missed.loc[record]
    start_s, stop_s = float(window["start_s"]), float(window["stop_s"])
    place = {
        "dataset": window["dataset"],
        "signal": int(window["signal"]),
        "start": round(start_s, 6),
        "stop": round(stop_s, 6),
    }
    wrong = int(window["num_wrong"])
    by = f"by {wrong} of {of}" if wrong else "by none"
    return Link(f"{start_s:.3f} to {stop_s:.3f}, {by}", "/signals", place, linked)
