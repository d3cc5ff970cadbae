"""Runs of other programs brought in, experiments taken out: each way in one module."""
