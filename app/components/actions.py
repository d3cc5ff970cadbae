"""What may be taken away from what is shown: files, and the lines that show the same elsewhere."""

from typing import Any

import panel as pn


def actions(*views: Any) -> pn.FlexBox:
    """Set quiet buttons side by side, below what they are made of."""
    return pn.FlexBox(
        *views, gap="4px", align_items="center", margin=(8, 0, 0, 0), sizing_mode="stretch_width"
    )
