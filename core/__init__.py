"""Brinell's tables, storage, mathematics and training; nothing here knows a web framework."""
