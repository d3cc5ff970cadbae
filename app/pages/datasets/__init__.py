"""Datasets: what one holds, how it may be split, what its features tell and what is wrong in it."""

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

import pandas as pd
import panel as pn

from app.components.actions import actions
from app.components.copy_python import copy_python
from app.components.empty_state import empty_state
from app.components.export import export
from app.components.filters import choice, filter_row, offer
from app.components.following_page import FollowingPage
from app.components.grid import grid, stack
from app.identity import current_actor
from app.pages.datasets.features import FeaturesView
from app.pages.datasets.head import balance_card, headline, splits_card
from app.pages.datasets.measuring import tell_measurement
from app.pages.datasets.quality import quality_card
from app.pages.datasets.reading import (
    Looked,
    Measured,
    look_at,
    read_datasets,
    read_measured,
    tabulate,
)
from app.pages.datasets.snippets import dataset_snippet
from app.state.datasets import DatasetsState
from core.errors import ConflictError
from core.queries.datasets import DatasetRow
from core.services.datasets import get_dataset
from core.services.features import request_features
from core.services.jobs import JobKind, cancel_run
from core.storage.database import session_scope

POLL_MS = 1000
NOTHING = Measured(None, None, 0)


class DatasetsPage(FollowingPage):
    """One data set, the answer first; the measurement of its features is followed while it is seen."""

    title, path, icon = "Datasets", "/datasets", "dataset"
    state_class: ClassVar[type[DatasetsState]] = DatasetsState
    state: DatasetsState

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.datasets: dict[str, DatasetRow] = {}
        self.looked: Looked | None = None
        self.measured = NOTHING
        self.features: FeaturesView | None = None
        self._stamp: object = None
        self._dataset_field = choice("Data set", self._choose_dataset, width=220)
        self._channel_field = choice("Channel", self._choose_channel)
        self._told, self._pictures = stack(), stack()
        self._look()
        self.state.param.watch(lambda *_: pn.state.execute(self._open), ["dataset", "channel"])
        self.state.param.watch(lambda _: pn.state.execute(self._draw_feature), "feature")
        self.state.param.watch(lambda _: pn.state.execute(self._draw_projection), "projection")

    def period_ms(self) -> int | None:
        """Look again while features are being measured."""
        return POLL_MS if self.measured.is_active else None

    @property
    def dataset(self) -> DatasetRow | None:
        """The data set shown: the one chosen, else the newest."""
        if self.state.dataset:
            return self.datasets.get(self.state.dataset)
        return next(iter(self.datasets.values()), None)

    def _look(self) -> None:
        """Read the data sets again, and show what of them has changed."""
        found, stamp = read_datasets()
        if stamp != self._stamp or not self._content.objects:
            self.datasets, self._stamp = found, stamp
            self._open()
        elif self.dataset is not None:
            self._take(read_measured(self.dataset.id))

    async def _look_again(self) -> None:
        if (row := self.dataset) is None:
            return
        measured = await asyncio.to_thread(read_measured, row.id)
        if row is self.dataset:
            self._take(measured)
            self._follow()

    def _open(self) -> None:
        """Show another data set or channel."""
        row = self.dataset
        self.looked = self.features = None
        self.measured = NOTHING
        if row is None or not row.num_signals:
            self.breadcrumb = []
            self._content.objects = [self._nothing(row)]
            return
        self.breadcrumb = [row.name]
        self.looked = look_at(row, self.state)
        offer(self._dataset_field, list(self.datasets), row.name)
        offer(self._channel_field, row.channels, self.looked.channel)
        self._take(read_measured(row.id))
        self._content.objects = [self._frame(self.looked)]
        self._follow()

    def _choose_dataset(self, name: str) -> None:
        # What the field is told to show is no choice.
        if self.dataset is None or name != self.dataset.name:
            self.state.choose_dataset(name)

    def _choose_channel(self, channel: str) -> None:
        if self.looked is not None and channel != self.looked.channel:
            self.state.channel = channel

    def _frame(self, looked: Looked) -> pn.Column:
        return stack(
            filter_row(self._dataset_field, self._channel_field),
            headline(looked),
            grid((balance_card(looked), 5), (splits_card(looked), 7)),
            self._told,
            self._pictures,
            actions(export(self._export, looked.row.name), copy_python(self._snippet)),
        )

    def _take(self, measured: Measured) -> None:
        """Show how far the measurement is, and its pictures where they are others."""
        before, self.measured = self.measured, measured
        if self.looked is None:
            return
        if measured == before and (self._told.objects or self.features):
            return
        self._told.visible = bool(
            told := tell_measurement(self.looked.row, measured, self._measure, self._cancel)
        )
        self._told.objects = told or [pn.Spacer(height=0, margin=0)]
        kept = measured.kept
        self._pictures.visible = kept is not None
        if kept is None:
            self._pictures.objects = [pn.Spacer(height=0, margin=0)]
        elif self.features is None or before.kept != kept:
            self.features = FeaturesView(self.looked, kept, self.state, self._open_signal)
            linked = self.navigate is not None
            self._pictures.objects = [self.features, quality_card(kept, linked=linked)]

    def _measure(self) -> None:
        row = self.dataset
        if row is not None:
            actor = current_actor()
            with session_scope() as session:
                request_features(session, actor, get_dataset(session, row.name))
            self._take(read_measured(row.id))
            self._follow()

    def _cancel(self) -> None:
        row, newest = self.dataset, self.measured.newest
        if row is not None and newest is not None:
            actor = current_actor()
            # It may have ended while the button was pressed, which is shown next.
            with suppress(ConflictError), session_scope() as session:
                cancel_run(session, actor, JobKind.FEATURES, newest.job_id)
            self._take(read_measured(row.id))
            self._follow()

    def _draw_feature(self) -> None:
        if self.features is not None:
            self.features.draw_distribution()

    def _draw_projection(self) -> None:
        if self.features is not None:
            self.features.draw_projection()

    def _open_signal(self, signal_id: int) -> None:
        self.open("/signals", signal=signal_id)

    def _export(self) -> pd.DataFrame:
        return tabulate(self.looked.row, self.measured) if self.looked else pd.DataFrame()

    def _snippet(self) -> str:
        row = self.dataset
        if row is None:
            return ""
        return dataset_snippet(row.name, self.features.feature if self.features else "")

    def _nothing(self, row: DatasetRow | None) -> pn.viewable.Viewable:
        command = "brinell import PATH --dataset NAME"
        if row is not None:
            return empty_state(f"No signal in {row.name}", "Import recordings into it.", command=command)
        if self.datasets:
            first = next(iter(self.datasets))
            stored = f"Stored are: {', '.join(self.datasets)}."
            back = (f"Show {first}", lambda: self.state.choose_dataset(first))
            return empty_state(f"No data set {self.state.dataset}", stored, actions=[back])
        to_import = ("Import recordings", lambda: self.open("/signals", importing="true"))
        return empty_state(
            "No data set yet",
            "Datasets shows what recordings hold and how they may be split, and none have been imported.",
            actions=[to_import] if self.navigate is not None else [],
            command=command,
        )
