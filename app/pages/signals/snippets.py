"""What reproduces the page in a notebook: lines of Python."""

from app.state.signals import FILTERS, SignalsState

OPENING = "from core.workspace import Workspace\n\n"


def table_snippet(state: SignalsState, dataset: str) -> str:
    """Return the lines that read the table's rows."""
    chosen = {name: getattr(state, name) for name in [*FILTERS, "text"]}
    filters = "".join(f", {name}={value!r}" for name, value in chosen.items() if value)
    order = f".sort_values({state.sort!r}, ascending={not state.descending})"
    return f"{OPENING}Workspace().signals({dataset!r}{filters}){order}"


def window_snippet(signal_id: int, start_s: float, stop_s: float) -> str:
    """Return the lines that read a signal, a window of it and the window's spectrum."""
    return (
        f"{OPENING}signal = Workspace().signal({signal_id})\n"
        "signal.samples  # all of them, a memory map\n"
        f"signal.window({start_s:.6f}, {stop_s:.6f})\n"
        f"signal.spectrum({start_s:.6f}, {stop_s:.6f})"
    )
