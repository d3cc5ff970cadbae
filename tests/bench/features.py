"""tsfel is not in our environment: it ships a top-level package `tests` that hides our own.

Give it an environment of its own, as tests/proofs/mlflow_store.py gives MLflow one, and run it there.
"""
