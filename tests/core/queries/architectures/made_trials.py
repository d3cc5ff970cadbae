"""A search over architectures as its tables hold it when three trials have ended, without training any."""

from core.campaign_specs import NASSpec
from core.models import Experiment, ExperimentStatus, NASCampaign, NASTrial, TrialState
from core.network_specs import ArchitectureSpace, architecture_hash
from core.services.access import Actor
from core.services.campaigns import create_campaign
from core.services.experiments import create_experiment
from core.services.trials import refresh_best
from core.specs import TrainingSpec
from core.storage.database import session_scope

CHEAP, MUTANT = {"cells": 1}, {"cells": 1, "cell_1_kernel": 7}
LINEAGE = {"avoided": 1, "parent": 0, "mutated": "cell_1_kernel"}
ENDED = (  # state, accuracy, what differs from the first choices, attrs, parameters, FLOPs, ms
    ("completed", 0.8, CHEAP, {"avoided": 0}, 1_000, 2_000_000, 0.5),
    ("pruned", 0.6, {"cells": 2}, {"avoided": 3}, 9_000, 8_000_000, 0.9),
    ("completed", 0.9, MUTANT, LINEAGE, 2_000, 3_000_000, 0.4),
)


def make_spec(dataset: str) -> NASSpec:
    """Return a search by evolution over the usual space."""
    base = TrainingSpec(dataset=dataset, channel="DE", model="cells", epochs=2)
    return NASSpec.model_validate({"base": base, "budget": {"max_trials": 4}})


def store_search(actor: Actor, dataset: str, status: str = "paused") -> int:
    """Store the search and return its id; its three trials have experiments without epochs."""
    with session_scope() as session:
        row = create_campaign(session, actor, make_spec(dataset))
        assert isinstance(row, NASCampaign)
        row.status = status
        for number, (state, accuracy, values, attrs, parameters, flops, latency) in enumerate(ENDED):
            space = ArchitectureSpace()
            told = {name: choices[0] for name, choices in space.dimensions().items()} | values
            options = space.decode(told)
            spec = make_spec(dataset).base.model_copy(
                update={"model_options": options.model_dump(mode="json")}
            )
            experiment: Experiment = create_experiment(session, actor, spec)
            experiment.status = ExperimentStatus.COMPLETED
            trial = NASTrial(
                campaign_id=row.id, trial_number=number, state=TrialState(state), parameters=told,
                attrs=attrs, value=accuracy, validation_accuracy=accuracy, epochs=2,
                experiment_id=experiment.id,
                architecture=options.model_dump(mode="json"), architecture_hash=architecture_hash(options),
                num_parameters=parameters, flops=flops, model_size_mb=parameters * 4e-6,
                metrics={"latency_ms": latency, "latency_device": "cpu"},
                reason="it was not among the best" if state == "pruned" else None,
            )  # fmt: skip
            session.add(trial)
        session.flush()
        refresh_best(session, row)
        return row.id
