"""Searches judged from their trials' columns: what matters, how far it came, and whether to go on."""
