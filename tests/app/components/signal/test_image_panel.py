from types import SimpleNamespace

import numpy as np
from bokeh.models import ColorBar, Range1d

from app.components.signal.image_panel import ImagePanel


def picture(top: float = 6000.0, largest: float = 0.0, **known: object) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "words": "0–1 s",
            "is_log": False,
            "picture": np.linspace(-70, largest, 6).reshape(2, 3),
            "extent": (0.0, 1.0, 0.0, top),
            "limits": (-70.0, largest),
            "labels": ("time (s)", "frequency (Hz)", "dB of 1 g"),
        }
        | known
    )


def test_picture_its_inks_and_words_are_those_of_what_is_shown() -> None:
    panel = ImagePanel("Spectrogram", "spectrogram")
    panel.show(picture())
    (image,) = panel.figure.renderers
    np.testing.assert_allclose(image.data_source.data["image"][0], picture().picture, rtol=1e-6)
    assert (image.glyph.color_mapper.low, image.glyph.color_mapper.high) == (-70.0, 0.0)
    assert panel.caption == "dB of 1 g · 0–1 s"
    assert panel.shown is not None


def test_next_picture_takes_the_place_of_the_last_in_the_same_figure() -> None:
    panel = ImagePanel("Spectrogram", "spectrogram")
    panel.show(picture())
    before = panel.figure
    panel.show(picture(top=3000.0, largest=-3.0))
    assert panel.figure is before
    (image,) = panel.figure.renderers
    assert image.data_source.data["dh"] == [3000.0]
    assert image.glyph.color_mapper.high == -3.0
    assert panel.figure.y_range.end == 3000.0
    assert len(panel.figure.select(ColorBar)) == 1


def test_time_axis_is_the_one_it_is_linked_with() -> None:
    x_range = Range1d(0.2, 0.4)
    panel = ImagePanel("Spectrogram", "spectrogram", x_range=x_range)
    panel.show(picture())
    assert panel.figure.x_range is x_range
    assert (x_range.start, x_range.end) == (0.2, 0.4)


def test_failure_is_told_in_place_and_the_picture_comes_back() -> None:
    panel = ImagePanel("Spectrogram", "spectrogram")
    panel.show(picture())
    panel.fail("No spectrogram: zoom out.")
    assert (panel.figure, panel.shown, panel.caption) == (None, None, "")
    texts = panel._body.select(lambda p: isinstance(getattr(p, "object", None), str))
    assert "zoom out" in texts[0].object
    panel.show(picture())
    (image,) = panel.figure.renderers
    assert image.data_source.data["dh"] == [6000.0]


def test_new_figure_is_whole_when_it_is_placed() -> None:
    panel = ImagePanel("Spectrogram", "spectrogram")
    placed: list[object] = []
    panel._body.param.watch(
        lambda _: placed.append(panel.figure.renderers[0].data_source.data.get("dh")), "objects"
    )
    panel.show(picture())
    assert placed == [[6000.0]]
