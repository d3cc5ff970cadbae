"""Campaigns: what each was asked for and found, and its trials as columns."""
