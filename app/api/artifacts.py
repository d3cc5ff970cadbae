"""Files that runs left: downloads, and notebooks as pages."""

from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse

from core.errors import NotFoundError
from core.queries.experiment_files import ArtifactRow, find_artifact
from core.storage import artifacts
from core.storage.database import read_scope

NOTEBOOK_KIND = "notebook"
LARGEST_VIEW_BYTES = 64 * 2**20

# What a notebook prints is not ours: no script, no form, and nothing is asked of another host.
VIEW_POLICY = "; ".join(
    [
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "font-src data:",
        "frame-ancestors 'none'",
    ]
)
_TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block jupyter_widgets -%}{%- endblock jupyter_widgets -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
"""

router = APIRouter(prefix="/artifacts", tags=["artifacts"])


@router.get("/{artifact_id}", response_class=FileResponse)
def download_artifact(artifact_id: str) -> FileResponse:
    """Send a stored file under its own name."""
    row, path = _located(artifact_id)
    headers = {"Content-Disposition": _disposition(row.name), "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=row.media_type, headers=headers)


# Not async: FastAPI runs it in a thread, as rendering takes a second.
@router.get("/{artifact_id}/view", response_class=HTMLResponse)
def view_artifact(artifact_id: str) -> HTMLResponse:
    """Show an executed notebook as a page of its own."""
    row, path = _located(artifact_id)
    if row.kind != NOTEBOOK_KIND:
        raise HTTPException(404, f"{row.name} is of kind {row.kind}; only a {NOTEBOOK_KIND} has a page")
    if row.size_bytes > LARGEST_VIEW_BYTES:
        raise HTTPException(
            413,
            f"{row.name} has {row.size_bytes:,} bytes, and pages are made of up to {LARGEST_VIEW_BYTES:,}; "
            f"download it from /artifacts/{row.id}",
        )
    headers = {"Content-Security-Policy": VIEW_POLICY, "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(_render(path, row.name), headers=headers)


def _located(artifact_id: str) -> tuple[ArtifactRow, Path]:
    try:
        with read_scope() as session:
            row = find_artifact(session, artifact_id)
        return row, artifacts.path_of(row.id)
    except NotFoundError as error:
        raise HTTPException(404, str(error)) from error


def _render(path: Path, title: str) -> str:
    import nbformat
    from nbconvert import HTMLExporter

    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["title"] = title
    body, _resources = HTMLExporter(raw_template=_TEMPLATE).from_notebook_node(notebook)
    return body


def _disposition(name: str) -> str:
    """Name the file in ASCII for old programs and whole for the others (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\/;%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
