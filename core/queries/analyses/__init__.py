"""Analyses of a stretch of a record: each gives a frozen view that a page draws and a notebook reads."""
