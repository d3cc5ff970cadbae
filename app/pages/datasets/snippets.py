"""What reproduces the Datasets page in a notebook."""


def dataset_snippet(dataset: str, feature: str) -> str:
    """Return the lines that read what the page shows."""
    lines = [
        "from core.workspace import Workspace",
        "",
        "workspace = Workspace()",
        f"workspace.signals({dataset!r})",
    ]
    if feature:
        lines += [
            f"features = workspace.features({dataset!r})",
            f'features.groupby("fault_class")[{feature!r}].describe()',
        ]
    return "\n".join(lines)
