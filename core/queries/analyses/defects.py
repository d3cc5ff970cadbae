"""Where a bearing's defects would show, and which of them stands out."""

from dataclasses import dataclass

from core.queries.analyses.checks import check_stretch
from core.queries.analyses.mountings import Mounting
from core.queries.waveforms import Stretch
from core.vibration.combs import KINDS, TITLES, CombScore, choose_comb, score_combs

SHAFT = "shaft"
OVERLAYS = {SHAFT: "1X"} | dict(TITLES)


@dataclass(frozen=True, slots=True)
class DefectLine:
    """A frequency at which a defect, or the shaft itself, would show."""

    kind: str
    title: str
    harmonic: int
    order: float
    frequency_hz: float


@dataclass(frozen=True, slots=True)
class CombsView:
    """The scores of the four combs, and the one that stands out, if any."""

    scores: tuple[CombScore, ...]
    best: CombScore | None

    def words(self) -> str:
        """Say which stands out."""
        return self.best.describe() if self.best else "no defect comb stands out"


def list_defect_lines(mounting: Mounting, kinds: list[str], harmonics: int) -> list[DefectLine]:
    """Return the first harmonics of the kinds asked for; those that are not known are left out."""
    if mounting.rpm is None:
        return []
    orders = {SHAFT: 1.0}
    if mounting.orders is not None:
        orders |= {kind: getattr(mounting.orders, kind) for kind in KINDS}
    return [
        DefectLine(kind, OVERLAYS[kind], k, k * orders[kind], k * orders[kind] * mounting.shaft_hz)
        for kind in kinds
        if kind in orders
        for k in range(1, harmonics + 1)
    ]


def view_combs(stretch: Stretch, mounting: Mounting) -> CombsView:
    """Return how clearly each defect's comb stands out in a stretch."""
    orders, rpm = mounting.defect_orders, 60 * mounting.shaft_hz
    check_stretch(stretch)
    scores = score_combs(stretch.samples, stretch.rate_hz, rpm, orders)
    return CombsView(scores, choose_comb(scores))
