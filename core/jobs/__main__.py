"""Run one job in this process: `python -m core.jobs KIND ID`; exit 0 done, 3 the row was not waiting."""

import sys

from core.processes import tie_to_starter


def main() -> int:
    """Run the job named on the command line."""
    tie_to_starter()  # before what takes long to import
    from core.jobs.running import run_job
    from core.logs import configure_logs
    from core.services.jobs import NOT_WAITING, JobKind

    configure_logs()
    kind, row_id = sys.argv[1:3]
    return 0 if run_job(JobKind(kind), int(row_id)) else NOT_WAITING


if __name__ == "__main__":
    sys.exit(main())
