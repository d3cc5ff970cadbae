"""What reproduces a comparison in a notebook."""

from app.state.compare import CompareState


def compare_snippet(state: CompareState, metric: str, curve: str, group: str) -> str:
    """Return the lines that read what the page shows."""
    lines = [
        "from core.workspace import Workspace",
        "",
        f"compared = Workspace().compare({state.ids})",
        f"compared.metrics({metric!r}, baseline={state.baseline})",
        f"compared.curves({curve!r}, {state.axis!r})",
        "compared.differences()",
    ]
    if group:
        lines.append(f"compared.groups({metric!r}, {group!r})")
    return "\n".join(lines)
