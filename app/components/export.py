"""What a page shows, as a file: CSV for spreadsheets, Parquet for programs."""

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
import pyarrow as pa
import pyarrow.parquet as pq

# A spreadsheet runs a cell that begins so; the apostrophe makes it text and is taken off again on reading.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

FrameSource = Callable[[], pd.DataFrame]


def neutralize_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with an apostrophe before every text, title or index, that a spreadsheet would run."""
    safe = frame.rename(columns=_neutral)
    for place, dtype in enumerate(safe.dtypes):
        if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)):
            safe.isetitem(place, safe.iloc[:, place].map(_neutral))
    return safe


def restore_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what `neutralize_formulas` was given."""
    return frame.rename(columns=_restored).map(_restored)


def _neutral(cell: object) -> object:
    """Prefix what would run, and what already looks prefixed, so that the way back is exact."""
    if isinstance(cell, str) and cell.lstrip("'").startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _restored(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS):
        return cell[1:]
    return cell


def csv_file(frame: pd.DataFrame) -> io.BytesIO:
    """Return the frame as CSV in UTF-8, formula cells neutralised."""
    return io.BytesIO(neutralize_formulas(frame).to_csv(index=False).encode("utf-8"))


def parquet_file(frame: pd.DataFrame) -> io.BytesIO:
    """Return the frame as Parquet, values as they are; a column that it has no type for as text."""
    kept = frame.assign(**{name: frame[name].map(_text) for name in frame if not _fits_parquet(frame[name])})
    buffer = io.BytesIO()
    kept.to_parquet(buffer, index=False)
    buffer.seek(0)
    return buffer


def _fits_parquet(column: "pd.Series[Any]") -> bool:
    if column.dtype != object:
        return True
    try:
        pq.write_table(pa.table([pa.array(column, from_pandas=True)], names=["column"]), io.BytesIO())
    except pa.ArrowException:
        return False
    return True


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)


def export(frame: FrameSource, name: str) -> pn.Row:
    """Offer the frame, made at the click, as NAME.csv and NAME.parquet."""
    return pn.Row(
        _download("CSV", f"{name}.csv", lambda: csv_file(frame())),
        _download("Parquet", f"{name}.parquet", lambda: parquet_file(frame())),
        margin=0,
    )


def _download(label: str, filename: str, make: Callable[[], io.BytesIO]) -> pmui.FileDownload:
    return pmui.FileDownload(
        callback=make, filename=filename, label=label, icon="download", variant="text", size="small", margin=0
    )
