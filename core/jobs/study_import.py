"""Enter a study of Optuna's: `python -m core.jobs.study_import STORAGE STUDY DATASET METRIC NAME`.

STUDY and NAME may be empty: the file's only study, and its own name. What was entered is printed as JSON.
"""

import json
import sys
from typing import Any

from core.processes import tie_to_starter


def main() -> int:
    """Import the study named on the command line."""
    tie_to_starter()  # before what takes long to import
    from pydantic import ValidationError

    from core.errors import BrinellError

    try:
        told = enter_study(*sys.argv[1:6])
    except (BrinellError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except ValidationError as error:  # the study's name is none for a campaign
        sys.stderr.write(f"error: {error.errors()[0]['msg']}; choose another name by --name\n")
        return 1
    sys.stdout.write(json.dumps(told))
    return 0


def enter_study(storage: str, study: str, dataset: str, metric: str, name: str) -> dict[str, Any]:
    """Enter a study and tell what became of it."""
    from core.learning.study_files import read_study
    from core.services.study_imports import count_stored, import_study
    from core.services.users import get_local_actor
    from core.storage.database import session_scope

    own_name, direction, space, trials = read_study(storage, study or None)
    with session_scope() as session:
        before = count_stored(session, name or own_name)
        campaign = import_study(
            session,
            get_local_actor(session, via="cli"),
            dataset=dataset,
            name=name or own_name,
            metric=metric,
            direction=direction,
            space=space,
            trials=trials,
        )
        return {
            "campaign": campaign.id,
            "name": campaign.name,
            "study": own_name,
            "method": campaign.method.value,
            "new": count_stored(session, campaign.name) - before,
            "known": before,
            "findings": campaign.findings,
        }


if __name__ == "__main__":
    sys.exit(main())
