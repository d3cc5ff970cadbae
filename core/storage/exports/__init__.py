"""Experiments as files and stores that other programs read."""
