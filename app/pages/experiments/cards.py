"""What an experiment stands on, as cards: scores, split and audit, specification, provenance, files."""

from typing import Any

import panel as pn

from app.components.card import card
from app.components.facts import facts, small_table
from app.components.file_list import file_list
from app.components.safe_text import text
from app.components.words import ABSENT, share
from app.pages.experiments.head import ACTIVE
from core.queries.experiments import Evaluation, ExperimentDetail

UNDEFINED = {ABSENT: "undefined: the class was never predicted, or has no test window"}
NO_AUDIT = "The records are split, and the two sides compared, when the run starts."
NOT_AUDITED = "It was {source}, not trained here: what its training and test sides share was not looked at."
NO_PROVENANCE = "Device, versions and checksums are written when the run starts."


def ended(detail: ExperimentDetail) -> bool:
    """Tell whether nothing more may come."""
    return detail.row.status not in ACTIVE


def per_class_card(evaluation: Evaluation) -> pn.Column:
    """Show precision, recall, F1 and support of each class."""
    rows = [
        (score.label, share(score.precision), share(score.recall), share(score.f1), f"{score.support:,}")
        for score in evaluation.per_class
    ]
    table = small_table(("class", "precision", "recall", "F1", "windows"), rows, UNDEFINED)
    notes = [text(f"{ABSENT} {UNDEFINED[ABSENT]}", "caption", margin=(8, 0, 0, 0))]
    has_undefined = any(ABSENT in row for row in rows)
    return card(table, *(notes if has_undefined else []), title="Per class")


def split_card(detail: ExperimentDetail) -> pn.Column:
    """Show both sides of the split, what they share, and what was noticed."""
    audit = detail.audit
    if audit is None:
        told = "The run ended before the records were split." if ended(detail) else NO_AUDIT
        told = told if detail.spec else NOT_AUDITED.format(source=detail.row.source)
        return card(text(told, "muted"), title="Split and leakage audit")
    sides = audit.get("sides", {})
    counted = list(dict.fromkeys(what for side in sides.values() for what in side))
    rows = [(name, *(f"{side.get(what, 0):,}" for what in counted)) for name, side in sides.items()]
    content: list[Any] = [text(audit.get("sentence", ""), margin=(0, 0, 8, 0))]
    if rows:
        content.append(small_table(("side", *counted), rows))
    content.append(facts(_shared(audit), sizing_mode="stretch_width", margin=(8, 0, 0, 0)))
    content += [text(message, "caption", margin=(8, 0, 0, 0)) for message in _remarks(audit)]
    return card(*content, title="Split and leakage audit")


def _shared(audit: dict[str, Any]) -> dict[str, str]:
    shared = {
        f"shared {what}": f"{both} of the {total} tested"
        for what, (both, total) in audit.get("shared", {}).items()
    }
    unknown = {f"{what} not stated by": n for what, n in audit.get("unknown", {}).items() if n}
    return shared | {name: f"{n} {'record' if n == 1 else 'records'}" for name, n in unknown.items()}


def _remarks(audit: dict[str, Any]) -> list[str]:
    return [*audit.get("messages", []), *audit.get("traits", [])]


def spec_card(detail: ExperimentDetail) -> pn.Column:
    """Show what was asked for; of what was not trained here, the hyperparameters that were told."""
    if detail.spec is not None:
        return card(
            facts(detail.spec.model_dump(mode="json"), sizing_mode="stretch_width"), title="Asked for"
        )
    told = detail.hyperparameters
    shown = facts(told, sizing_mode="stretch_width") if told else text("None was told.", "muted")
    return card(shown, title="Hyperparameters")


def provenance_card(detail: ExperimentDetail) -> pn.Column:
    """Show what the result stands on."""
    speed = detail.metrics.get("windows_per_second")
    is_number = isinstance(speed, int | float)  # which what was imported need not tell
    told = dict(detail.provenance) | ({"windows_per_second": f"{speed:,.0f}"} if is_number else {})
    stopped = {"stopped": detail.metrics["stopped"]} if "stopped" in detail.metrics else {}
    nothing = "The run ended before they were written." if ended(detail) else NO_PROVENANCE
    nothing = nothing if detail.spec else f"It was {detail.row.source}, and nothing was told."
    shown = facts(told | stopped, sizing_mode="stretch_width") if told else text(nothing, "muted")
    noticed = [text(finding, "caption", margin=(8, 0, 0, 0)) for finding in detail.findings]
    return card(shown, *noticed, title="Provenance")


def files_card(detail: ExperimentDetail) -> pn.Column:
    """Show the files that the run left."""
    if not detail.artifacts:
        return card(
            text("The run left no file." if ended(detail) else "The run has left no file yet.", "muted"),
            title="Files",
        )
    return card(file_list(detail.artifacts), title="Files")
