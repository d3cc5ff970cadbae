"""Write a trial's network out: `python -m core.jobs.architecture_export CAMPAIGN TRIAL FOLDER`.

FOLDER gets `architecture.py`, which needs torch alone, and `spec.json`, which `brinell train` takes.
"""

import sys
from pathlib import Path

from core.processes import tie_to_starter

CODE, SPEC = "architecture.py", "spec.json"


def main() -> int:
    """Export the trial named on the command line."""
    tie_to_starter()  # before what takes long to import
    from core.errors import BrinellError

    campaign, number, folder = sys.argv[1:4]
    try:
        export_architecture(int(campaign), int(number), Path(folder))
    except (BrinellError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def export_architecture(campaign_id: int, number: int, folder: Path) -> None:
    """Write the network of a trial, with as many outputs as its training's split has classes."""
    from core.campaign_specs import NASSpec
    from core.evaluation.splits import split_records
    from core.jobs.training_data import load_data
    from core.learning.architecture_code import write_code
    from core.network_specs import CellsOptions
    from core.queries.architectures.rows import get_architecture_campaign
    from core.queries.architectures.trials import get_trial_place, read_architecture_trials
    from core.storage.database import read_scope

    with read_scope() as session:
        row = get_architecture_campaign(session, campaign_id)
        trials = read_architecture_trials(session, campaign_id)
        base = NASSpec.model_validate(row.config).base
        records = load_data(session, base).records
    told = trials.architecture[get_trial_place(trials, number)]
    classes = split_records(records, base.split, base.windows.length, base.seed).classes
    code = write_code(CellsOptions.model_validate(told), len(classes), base.windows.length)
    spec = base.model_copy(update={"model_options": told})
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CODE).write_text(code, encoding="utf-8")
    (folder / SPEC).write_text(spec.model_dump_json(indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
