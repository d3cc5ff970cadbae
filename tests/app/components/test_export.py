import pandas as pd
import pytest

from app.components.export import csv_file, neutralize_formulas, parquet_file, restore_formulas

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1"]


@pytest.mark.parametrize("cell", DANGEROUS)
def test_cell_that_a_spreadsheet_would_run_leaves_as_text_and_comes_back(cell: str) -> None:
    frame = pd.DataFrame({"name": [cell, "plain", "it's"], cell: [1.5, -2.0, 3.0]})
    safe = neutralize_formulas(frame)
    assert safe["name"].tolist() == [f"'{cell}", "plain", "it's"]
    assert safe.columns[1] == f"'{cell}"
    pd.testing.assert_frame_equal(restore_formulas(safe), frame, check_dtype=False)


def test_negative_numbers_stay_numbers_in_csv() -> None:
    assert csv_file(pd.DataFrame({"offset": [-1.5]})).read() == b"offset\n-1.5\n"


def test_parquet_holds_the_values_as_they_are() -> None:
    frame = pd.DataFrame({"name": ["=1+1"], "rms": [0.25]})
    pd.testing.assert_frame_equal(pd.read_parquet(parquet_file(frame)), frame)
