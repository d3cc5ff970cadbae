"""The worker beside a server: `python -m core.jobs.worker`; Celery's own command starts one that is free."""

from core.processes import tie_to_starter


def main() -> None:
    """Be a worker until told to end, or until the server is gone."""
    tie_to_starter()  # before what takes long to import
    from core.jobs.celery import app
    from core.settings import get_settings

    app.start(
        ["--quiet", "worker", "--loglevel", get_settings().log_level, "--without-gossip", "--without-mingle"]
    )


if __name__ == "__main__":
    main()
