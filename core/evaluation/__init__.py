"""Judgement without torch: splits, leakage audits and scores."""
