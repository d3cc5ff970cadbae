"""Brinell's pages, API and commands; everything here stands on core."""
