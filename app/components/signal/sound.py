"""A stretch of a record as sound: made when it is asked for."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import panel as pn
from numpy.typing import NDArray

from app.components.icon_button import IconButton

PEAK = 0.9 * (2**15 - 1)  # of 16 bits


class Heard(Protocol):
    """Samples to be heard."""

    samples: NDArray[np.float32]
    rate_hz: float


class Sound(pn.viewable.Viewer):
    """A button; pressed, the player of what `read` then returns, at its own rate, as loud as fits."""

    def __init__(self, read: Callable[[], Heard]) -> None:
        super().__init__()
        self._read = read
        self.button = IconButton("volume_up", "Play the window as sound", self._play)
        self._content = pn.Row(self.button, margin=0)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._content

    def _play(self) -> None:
        heard = self._read()
        centred = heard.samples - heard.samples.mean()
        largest = float(np.abs(centred).max()) or 1.0
        tones = (centred * (PEAK / largest)).astype(np.int16)
        player = pn.pane.Audio(tones, sample_rate=round(heard.rate_hz), autoplay=True, height=32, width=260)
        self._content[:] = [self.button, player]
