"""The write side: use-cases as functions verb_noun(session, actor, ...); they flush and never commit."""
