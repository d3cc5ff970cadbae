"""What is wider than its frame is moved sideways, and shows a shadow at the side where more of it is."""

from app.theme import css_variable

_SHADE = f"color-mix(in srgb, {css_variable('text')} 28%, transparent)"
_GROUND = css_variable("surface")


def scrolls(selector: str) -> str:
    """Return the style of a frame on a card: covers that move with its content, shadows that stand."""
    return f"""
{selector} {{ overflow-x: auto; background:
  linear-gradient(to right, {_GROUND} 40%, transparent) left / 40px 100% no-repeat local,
  linear-gradient(to left, {_GROUND} 40%, transparent) right / 40px 100% no-repeat local,
  linear-gradient(to right, {_SHADE}, transparent) left / 14px 100% no-repeat scroll,
  linear-gradient(to left, {_SHADE}, transparent) right / 14px 100% no-repeat scroll; }}
"""
