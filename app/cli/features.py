"""`brinell features`: every feature of a data set measured, and what was found wrong in it."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.database import prepare
from app.cli.following import Detach, console, do_run
from app.cli.output import AsJson, print_json, print_result
from core.queries.dataset_features import Measurement, find_measurements
from core.queries.dataset_quality import tell_finding
from core.services.datasets import get_dataset
from core.services.features import request_features
from core.services.jobs import JobKind
from core.services.users import get_local_actor
from core.storage.database import read_scope, session_scope


def features(
    dataset: Annotated[str, typer.Argument(help="name of the data set")],
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Measure every feature of a data set's signals, and look for what is wrong with them."""
    prepare()
    with session_scope() as session:
        stored = get_dataset(session, dataset)
        row_id = request_features(session, get_local_actor(session, via="cli"), stored).id
        dataset_id = stored.id
    if detach:
        print_result({"job": row_id}, f"measurement {row_id} waits for a worker", as_json)
        return
    state = do_run(JobKind.FEATURES, row_id, f"features {dataset}")
    with read_scope() as session:
        _, kept = find_measurements(session, dataset_id)
    if state.status != "completed" or kept is None:
        console.print(f"[red]{state.status}:[/red] {escape(state.error_message or '')}")
        raise typer.Exit(1)
    if as_json:
        print_json(_as_json(dataset, kept))
    else:
        _show(dataset, kept, state.duration_s or 0.0)


def _as_json(dataset: str, kept: Measurement) -> dict[str, Any]:
    return {"dataset": dataset, "job": kept.job_id, "artifact": kept.artifact_id, **kept.results}


def _show(dataset: str, kept: Measurement, duration_s: float) -> None:
    for finding in kept.results["quality"]["findings"]:
        console.print(f"[yellow]note:[/yellow] {escape(tell_finding(finding))}")
    if part := kept.results["num_measured_in_part"]:
        most = kept.results["most_measured_samples"]
        console.print(
            f"[yellow]note:[/yellow] of {part} long signals the middle {most:,} samples were measured"
        )
    typer.echo(
        f"{dataset}: {len(kept.results['features'])} features of {kept.results['num_signals']} signals in "
        f"{duration_s:.1f} s; {kept.results['without_orders']} without the orders of a bearing"
    )
