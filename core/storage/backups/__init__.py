"""Portable backups: every row in one SQLite file, whatever the database, and the files beside them.

A backup's folder holds `manifest.json`, `rows-<id>.db` and `files/`. The manifest is renamed into place
last and names the rest with sizes and SHA-256s: where it lies the backup is whole, and until then what a
killed run has left is nothing that a restore takes.
"""
