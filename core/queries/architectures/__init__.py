"""Searches over architectures: what each was asked for and found, and its trials with what they cost."""
