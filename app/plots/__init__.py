"""Data in, picture out: pure functions that know no table, no page and no widget."""
