"""What reproduces the page in a notebook: lines of Python."""


def answer_snippet(sql: str) -> str:
    """Return the lines that ask the same question."""
    told = sql.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'from core.workspace import Workspace\n\nWorkspace().sql("""\n{told}\n""")'
