"""What a person chose on the Datasets page."""

from typing import ClassVar

import param

from app.state.page import PageState

PROJECTIONS = {"pca": "PCA", "tsne": "t-SNE"}
FIRST_FEATURE = "kurtosis"


class DatasetsState(PageState):
    """Data set, channel, and what is drawn of its features."""

    url_params: ClassVar[tuple[str, ...]] = ("dataset", "channel", "feature", "projection")

    dataset = param.String(default="", doc="name of the data set; empty: the newest")
    channel = param.String(default="", doc="channel of the splits and features; empty: the first")
    feature = param.String(default=FIRST_FEATURE, doc="feature whose distributions are drawn")
    projection = param.Selector(
        default="pca", objects=list(PROJECTIONS), doc="how records are laid in the plane"
    )

    def choose_dataset(self, name: str) -> None:
        """Show another data set, with the first of its channels."""
        self.param.update(dataset=name, channel="")
