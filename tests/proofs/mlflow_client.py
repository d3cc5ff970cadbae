"""What MLflow itself writes and reads: run by the Python of an environment that has MLflow, and has not ours.

`mlflow_client.py write URI RUNS SEED` makes runs of every awkward kind, and `read URI [EXPERIMENT]` prints as
JSON what MLflow's client tells of all runs.
"""

import json
import random
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

METRICS = ("train_loss", "val_loss", "val_accuracy", "val/f1", "deep/er/auc", "lr-Adam", "epoch", "a b.c_d")


def write(uri: str, num_runs: int, seed: int) -> None:
    """Make runs in two experiments."""
    client, rng = MlflowClient(uri), random.Random(seed)  # noqa: S311 - data for a test
    groups = [client.create_experiment(name) for name in ("cwru/wdcnn", "Größe & <b>")]
    parent = None
    for number in range(num_runs):
        tags = {"mlflow.note.content": "a *note*\nof two lines", "team": "späť", "empty": ""}
        if parent and rng.random() < 0.5:
            tags["mlflow.parentRunId"] = parent
        run = client.create_run(groups[number % 2], run_name=f"run {number % 7}", tags=tags)
        parent = run.info.run_id
        params = {
            "lr": "0.001",
            "opt.name": "adam",
            "layers": "[1, 2, {'a': None}]",
            "flag": "True",
            "id": "007",
        }
        client.log_batch(
            parent, params=[Param(*each) for each in params.items()], tags=[RunTag("n", str(number))]
        )
        metrics = list(values(rng, run.info.start_time))
        for start in range(0, len(metrics), 1000):
            client.log_batch(parent, metrics=metrics[start : start + 1000])
        if number % 5:
            client.set_terminated(parent, ("FINISHED", "FAILED", "KILLED")[number % 3])


def values(rng: random.Random, start_ms: int) -> "list[Metric]":
    """Return the values of a run: by epoch, several at a step, stepless, negative, huge, not finite."""
    found = []
    for name in rng.sample(METRICS, rng.randint(1, len(METRICS))):
        every = rng.choice((1, 1, 5))
        for step in range(0, rng.randint(1, 60), every):
            found.append(Metric(name, rng.gauss(0, 10), start_ms + step, step))
            if rng.random() < 0.05:
                found.append(Metric(name, rng.random(), start_ms + step + 1, step))
    odd = (float("nan"), float("inf"), -float("inf"), 5e-324, 1e300, 0.1 + 0.2, -0.0)
    found += [Metric("odd", value, start_ms + n, n) for n, value in enumerate(odd)]
    found += [
        Metric("once", 0.5, start_ms, 0),
        Metric("far", 1.0, start_ms, 2**40),
        Metric("far", 2.0, start_ms, -3),
    ]
    found += [Metric("stepless", rng.random(), start_ms + n, 0) for n in range(4)]
    return found


def read(uri: str, experiment: "str | None") -> "list[dict[str, object]]":
    """Return all that MLflow's client tells of the runs, every value of their metrics included."""
    client, found = MlflowClient(uri), []
    names = [each for each in client.search_experiments() if experiment in {None, each.name}]
    token = None
    while True:
        page = client.search_runs([each.experiment_id for each in names], max_results=1000, page_token=token)
        for run in page:
            history = [
                (each.key, each.step, each.value)
                for name in run.data.metrics
                for each in client.get_metric_history(run.info.run_id, name)
            ]
            found.append(
                {
                    "run_id": run.info.run_id,
                    "name": run.info.run_name,
                    "status": run.info.status,
                    "params": run.data.params,
                    "tags": run.data.tags,
                    "values": sorted(map(list, history), key=repr),
                }
            )
        token = page.token
        if not token:
            return found


if __name__ == "__main__":
    act, address, *rest = sys.argv[1:]
    mlflow.set_tracking_uri(address)
    if act == "write":
        write(address, int(rest[0]), int(rest[1]))
    else:
        print(json.dumps(read(address, rest[0] if rest else None)))  # noqa: T201 - its answer
