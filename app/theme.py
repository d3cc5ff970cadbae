"""The design tokens: type, colour and ink, from which Material, Bokeh and CSS take theirs."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

Mode = Literal["light", "dark"]

SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'
HEADER_PX = 48
RAIL_PX = {"collapsed": 56, "expanded": 220}


@dataclass(frozen=True, slots=True)
class Palette:
    """Neutral greys, one accent, and the inks of states and spectra, for one mode."""

    background: str
    surface: str
    raised: str  # hovered rows, table heads
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    pending: str
    running: str
    paused: str
    completed: str
    failed: str
    cancelled: str
    signal: str
    envelope: str
    cursor: str
    bpfo: str
    bpfi: str
    bsf: str
    ftf: str


LIGHT = Palette(
    background="#f7f8f8",
    surface="#ffffff",
    raised="#f0f2f3",
    border="#dfe2e5",
    text="#1b1f23",
    muted="#5b6470",
    accent="#0f766e",
    on_accent="#ffffff",
    pending="#6b7280",
    running="#1d5fd1",
    paused="#a85a05",
    completed="#187a3c",
    failed="#c02626",
    cancelled="#526075",
    signal="#4a6580",
    envelope="#0f766e",
    cursor="#b45309",
    bpfo="#d55e00",
    bpfi="#0072b2",
    bsf="#b0528a",
    ftf="#6b7280",
)
DARK = Palette(
    background="#0e1113",
    surface="#15191c",
    raised="#1e2327",
    border="#2b3136",
    text="#e4e7ea",
    muted="#98a2ad",
    accent="#2dd4bf",
    on_accent="#06241f",
    pending="#9ca3af",
    running="#6ea8fe",
    paused="#fbbf24",
    completed="#4ade80",
    failed="#f98080",
    cancelled="#94a3b8",
    signal="#8fa9c2",
    envelope="#2dd4bf",
    cursor="#fbbf24",
    bpfo="#f08a3c",
    bpfi="#56b4e9",
    bsf="#e08fbf",
    ftf="#9ca3af",
)
PALETTES: dict[Mode, Palette] = {"light": LIGHT, "dark": DARK}

# Okabe and Ito's order; their black is a grey here, so that it is seen on both grounds.
CATEGORIES = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#8a8f98")
OTHER = "#b4b9c0"
# A canvas does not follow the mode as CSS does: these inks stand out on both grounds (4:1 and more).
CANVAS_SIGNAL = "#607f9c"
CANVAS_ACCENT = "#12897d"
CANVAS_CURSOR = "#c2740c"
CANVAS_DEFECTS = {
    "shaft": "#808a96",
    "bpfo": "#d9691e",
    "bpfi": "#3f8ccb",
    "bsf2": "#bb62a0",
    "ftf": "#7d8a4e",
}
_FAULT_INKS = {
    "healthy": "#009e73",
    "inner_race": "#0072b2",
    "outer_race": "#d55e00",
    "ball": "#e69f00",
    "cage": "#cc79a7",
}

STATES: dict[str, tuple[str, str]] = {  # state: Material icon, word
    "pending": ("schedule", "pending"),
    "running": ("sync", "running"),
    "paused": ("pause_circle", "paused"),
    "completed": ("check_circle", "completed"),
    "failed": ("error", "failed"),
    "cancelled": ("block", "cancelled"),
}


def category_colors(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each name: fault classes keep theirs, others follow; what is left over is grey."""
    fixed = {name: _FAULT_INKS[name] for name in names if name in _FAULT_INKS}
    free = iter([color for color in CATEGORIES if color not in fixed.values()])
    return {name: fixed.get(name) or next(free, OTHER) for name in names}


def css_variable(token: str) -> str:
    """Return the CSS value of a colour token: the shell's, else JupyterLab's, else the light one."""
    jupyter = {
        "background": "--jp-layout-color0",
        "surface": "--jp-layout-color1",
        "raised": "--jp-layout-color2",
        "border": "--jp-border-color2",
        "text": "--jp-ui-font-color1",
        "muted": "--jp-ui-font-color2",
    }
    light = getattr(LIGHT, token)
    fallback = f"var({jupyter[token]}, {light})" if token in jupyter else light
    return f"var(--br-{token.replace('_', '-')}, {fallback})"


def css_variables() -> str:
    """Return the style sheet that defines every colour token for the light and the dark mode."""
    return "\n".join(
        [
            f":root {{ color-scheme: light; {_declarations(LIGHT)} }}",
            f":root[data-brinell-theme=dark] {{ color-scheme: dark; {_declarations(DARK)} }}",
        ]
    )


def _declarations(palette: Palette) -> str:
    return " ".join(
        f"--br-{field.name.replace('_', '-')}: {getattr(palette, field.name)};" for field in fields(palette)
    )


def material_theme() -> dict[str, Any]:
    """Return the Material theme of both modes, as `theme_config` takes it."""
    return {mode: _material_mode(mode, palette) for mode, palette in PALETTES.items()}


def _material_mode(mode: Mode, palette: Palette) -> dict[str, Any]:
    border = f"1px solid {palette.border}"
    focus_ring = {"outline": f"2px solid {palette.accent}", "outlineOffset": "1px"}
    toolbar = {"minHeight": f"{HEADER_PX}px !important", "padding": "0 !important", "margin": "0 !important"}
    return {
        "palette": {
            "mode": mode,
            "primary": {"main": palette.accent, "contrastText": palette.on_accent},
            "secondary": {"main": palette.muted},
            "error": {"main": palette.failed},
            "warning": {"main": palette.paused},
            "info": {"main": palette.running},
            "success": {"main": palette.completed},
            "background": {"default": palette.background, "paper": palette.surface},
            "text": {"primary": palette.text, "secondary": palette.muted},
            "divider": palette.border,
        },
        "shape": {"borderRadius": 6},
        "typography": {"fontFamily": SANS, "fontSize": 13, "htmlFontSize": 16},
        "chart_style": "standard",
        "components": {
            "MuiToolbar": {"styleOverrides": {"root": toolbar}},
            "MuiDrawer": {
                "styleOverrides": {"paper": {"borderRight": border, "backgroundColor": palette.surface}}
            },
            "MuiPaper": {
                "defaultProps": {"elevation": 0},
                "styleOverrides": {"root": {"backgroundImage": "none"}},
            },
            "MuiButton": {"defaultProps": {"disableElevation": True}},
            "MuiButtonBase": {
                "defaultProps": {"disableRipple": True},
                "styleOverrides": {"root": {"&.Mui-focusVisible": focus_ring}},  # the ripple told it before
            },
        },
    }


def bokeh_theme(mode: Mode) -> dict[str, Any]:
    """Return the Bokeh theme, as JSON, for a plot that stands outside the shell: notebook, report, file."""
    palette = PALETTES[mode]
    return {
        "attrs": {
            "figure": {
                "background_fill_color": palette.surface,
                "border_fill_color": palette.surface,
                "outline_line_color": None,
            },
            "Axis": {
                "axis_line_color": palette.border,
                "major_tick_line_color": palette.border,
                "minor_tick_line_color": None,
                "axis_label_text_color": palette.text,
                "axis_label_text_font": SANS,
                "axis_label_text_font_size": "12px",
                "axis_label_text_font_style": "normal",
                "major_label_text_color": palette.muted,
                "major_label_text_font": SANS,
                "major_label_text_font_size": "12px",
            },
            "Grid": {"grid_line_color": palette.border, "grid_line_alpha": 0.6},
            "Title": {
                "text_color": palette.text,
                "text_font": SANS,
                "text_font_size": "14px",
                "text_font_style": "normal",
            },
            "Legend": {
                "background_fill_color": palette.surface,
                "background_fill_alpha": 0.8,
                "border_line_color": None,
                "label_text_color": palette.text,
                "label_text_font": SANS,
                "label_text_font_size": "12px",
            },
        }
    }
