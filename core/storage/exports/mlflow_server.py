"""Runs into an MLflow tracking server, over its REST interface, which versions 2 and 3 share."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import httpx

from core.errors import BrinellError, ConflictError, InvalidInputError
from core.storage.exports.mlflow import MlflowRun
from core.storage.exports.records import Point
from core.storage.foreign.mlflow_runs import EXPORTED
from core.storage.readers.limits import printable

TIMEOUT_S = 60.0
METRICS_AT_ONCE = 1000  # MLflow takes no more in a call
TEXTS_AT_ONCE = 100
MISSING = "RESOURCE_DOES_NOT_EXIST"
Item = TypeVar("Item")


class MlflowServer:
    """A tracking server with one experiment of MLflow, which the runs go into."""

    def __init__(self, url: str, experiment: str) -> None:
        parsed = _parse(url)
        self._url = str(parsed.copy_with(username=None, password=None)).rstrip("/")
        self._client = httpx.Client(
            base_url=parsed, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False
        )
        try:
            self._experiment_id = self._find_or_create(experiment)
        except BrinellError:
            self.close()
            raise

    def write(self, run: MlflowRun) -> bool:
        """Send one run whole; return False where the server has it from an earlier export."""
        if self._is_known(run):
            return False
        created = self._post(
            "runs/create",
            experiment_id=self._experiment_id,
            run_name=run.name,
            user_id=run.user,
            start_time=run.started_ms,
            tags=[{"key": "mlflow.runName", "value": run.name}],
        )
        run_id = str(created["run"]["info"]["run_id"])
        try:
            self._fill(run_id, run)
        except BrinellError:
            self._post(
                "runs/delete", run_id=run_id
            )  # what was sent of it goes: it is there whole or not at all
            raise
        return True

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _fill(self, run_id: str, run: MlflowRun) -> None:
        for some in _batches(list(run.params.items()), TEXTS_AT_ONCE):
            self._post("runs/log-batch", run_id=run_id, params=_pairs(some))
        for points in _batches(run.points, METRICS_AT_ONCE):
            self._post("runs/log-batch", run_id=run_id, metrics=[_metric(point) for point in points])
        # Its name for good comes last: a run without it was not sent whole.
        tags = sorted(run.tags.items(), key=lambda tag: tag[0] == EXPORTED)
        for some in _batches(tags, TEXTS_AT_ONCE):
            self._post("runs/log-batch", run_id=run_id, tags=_pairs(some))
        ended = {} if run.ended_ms is None else {"end_time": run.ended_ms}
        self._post("runs/update", run_id=run_id, status=run.status, run_name=run.name, **ended)

    def _is_known(self, run: MlflowRun) -> bool:
        found = self._post(
            "runs/search",
            experiment_ids=[self._experiment_id],
            filter=f"tags.`{EXPORTED}` = '{run.key}'",
            max_results=1,
        )
        return bool(found.get("runs"))

    def _find_or_create(self, experiment: str) -> str:
        found = self._send("GET", "experiments/get-by-name", params={"experiment_name": experiment})
        if found.get("error_code") == MISSING:
            return str(self._post("experiments/create", name=experiment)["experiment_id"])
        told = self._checked("experiments/get-by-name", found)["experiment"]
        if told.get("lifecycle_stage") == "deleted":
            raise ConflictError(
                f"the experiment {experiment!r} is deleted in {self._url}; restore it there, or name another "
                "with --experiment"
            )
        return str(told["experiment_id"])

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._checked(path, self._send("POST", path, json=body))

    def _send(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, f"api/2.0/mlflow/{path}", **what)
        except httpx.HTTPError as error:
            raise BrinellError(
                f"{self._url} cannot be reached ({type(error).__name__}: {error}); start it with mlflow "
                "server and export again: what it has is not sent twice"
            ) from error
        try:
            told = answer.json()
        except ValueError:
            told = {}
        if not isinstance(told, dict) or (answer.is_error and "error_code" not in told):
            raise BrinellError(
                f"{self._url} answered {answer.status_code} to {path}, which no MLflow server does; check "
                "the address and whether it asks for a name and password (http://NAME:PASSWORD@HOST)"
            )
        return told

    def _checked(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        if "error_code" in told:
            raise BrinellError(
                f"{self._url} refused {path}: {printable(str(told.get('message')))[:500]} "
                f"({printable(str(told['error_code']))[:100]})"
            )
        return told


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise InvalidInputError(f"{printable(url)} is no address of a server, such as http://127.0.0.1:5000")
    return parsed


def _batches(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def _pairs(texts: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in texts]


def _metric(point: Point) -> dict[str, Any]:
    name, step, time_ms, value = point
    if math.isnan(value):
        told: float | str = "NaN"  # as JSON of protocol buffers writes them
    else:
        told = value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    return {"key": name, "value": told, "timestamp": time_ms, "step": step}
