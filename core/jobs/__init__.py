"""Long work: one module for each kind, run by Celery or by `python -m core.jobs KIND ID`."""
