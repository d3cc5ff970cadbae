"""What is wrong with the recordings of a data set: gathered while they are measured, told at the end."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.jobs.feature_batches import Item, Readings
from core.vibration import quality

MOST_CLIPPED = 0.001  # share of samples
LARGEST_OFFSET = 0.5  # of the standard deviation
DEAD = 0.01  # of the median of the channel
FEWEST_ANCHORS = 2  # that two records share; one may be chance of a repeated calibration tone
MOST_NAMED = 50  # signals named with each finding; all are counted


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, and the signals that have it, the worst first."""

    kind: str  # of core.queries.dataset_quality, which says what it means
    count: int
    signals: list[tuple[int, str, str]]  # id, name, in words what was found of it


@dataclass(slots=True)
class QualityCheck:
    """Looks at each batch, and says at the end what was found."""

    clipped: dict[int, float] = field(default_factory=dict)
    offset: dict[int, float] = field(default_factory=dict)
    rms: dict[int, float] = field(default_factory=dict)
    anchors: list[tuple[int, NDArray[np.uint64]]] = field(default_factory=list)
    unreadable: dict[int, str] = field(default_factory=dict)

    def look(self, batch: Readings) -> None:
        """Measure what may be wrong in a batch."""
        self.unreadable |= batch.unreadable
        if not batch.items:
            return
        ids, samples = [item.id for item in batch.items], batch.samples
        for found, values in (
            (self.clipped, quality.clipped_share(samples)),
            (self.offset, quality.offset_ratio(samples)),
            (self.rms, quality.vibration_rms(samples)),
        ):
            found.update(zip(ids, values.tolist(), strict=True))
        self.anchors += [(each, quality.content_anchors(row)) for each, row in zip(ids, samples, strict=True)]

    def tell(self, items: Sequence[Item]) -> dict[str, Any]:
        """Return what was found in the whole data set, as the job's results keep it."""
        by_id = {item.id: item for item in items}
        found = {
            "unreadable": iter(self.unreadable.items()),
            "clipping": _above(self.clipped, MOST_CLIPPED, "{:.2%} of samples"),
            "offset": _above(self.offset, LARGEST_OFFSET, "{:.1f} times the standard deviation"),
            "dead": self._dead(items),
            "copy": _copies(items),
            "stretch": self._stretches(by_id),
            "rate": _other_rates(items),
            **{f"no_{name}": _silent(items, name) for name in ("rpm", "unit", "bearing_id")},
        }
        findings = [_finding(kind, by_id, of_kind) for kind, of_kind in found.items()]
        return {"checked": len(items), "findings": [asdict(each) for each in findings if each.count]}

    def _dead(self, items: Sequence[Item]) -> Iterator[tuple[int, str]]:
        channels = defaultdict[tuple[str, str | None], list[Item]](list)
        for item in items:
            if item.id in self.rms:
                channels[item.channel, item.unit].append(item)
        for members in channels.values():
            usual = median(self.rms[item.id] for item in members)
            for item in members:
                if self.rms[item.id] == 0:
                    yield item.id, "constant"
                elif self.rms[item.id] < DEAD * usual:
                    yield item.id, f"RMS {self.rms[item.id]:.3g}, median of the channel {usual:.3g}"

    def _stretches(self, by_id: dict[int, Item]) -> Iterator[tuple[int, str]]:
        """Tell each signal that shares anchors with one that is not its exact copy."""
        if not self.anchors:
            return
        hashes = np.concatenate([found for _, found in self.anchors])
        owners = np.repeat([each for each, _ in self.anchors], [len(found) for _, found in self.anchors])
        order = np.argsort(hashes, kind="stable")
        hashes, owners = hashes[order], owners[order]
        shared = Counter[tuple[int, int]]()
        for place in np.flatnonzero(hashes[1:] == hashes[:-1]):
            first, second = int(owners[place]), int(owners[place + 1])
            if by_id[first].checksum != by_id[second].checksum:
                shared[first, second] += 1
        for (first, second), count in shared.most_common():
            if count >= FEWEST_ANCHORS:
                about_s = count * quality.ANCHOR_EVERY / by_id[second].rate_hz
                yield second, f"about {about_s:.2g} s of {by_id[first].signal_id}"


def _above(values: dict[int, float], limit: float, words: str) -> Iterator[tuple[int, str]]:
    over = [(value, each) for each, value in values.items() if value > limit]
    for value, each in sorted(over, reverse=True):
        yield each, words.format(value)


def _copies(items: Sequence[Item]) -> Iterator[tuple[int, str]]:
    first: dict[str, Item] = {}
    for item in items:
        if (before := first.setdefault(item.checksum, item)) is not item:
            yield item.id, f"those of {before.signal_id}"


def _other_rates(items: Sequence[Item]) -> Iterator[tuple[int, str]]:
    counted = Counter(item.rate_hz for item in items).most_common()
    for item in items:
        if item.rate_hz != counted[0][0]:
            yield item.id, f"{item.rate_hz:,.0f} Hz, most {counted[0][0]:,.0f} Hz"


def _silent(items: Sequence[Item], name: str) -> Iterator[tuple[int, str]]:
    return ((item.id, "") for item in items if getattr(item, name) is None)


def _finding(kind: str, by_id: dict[int, Item], found: Iterable[tuple[int, str]]) -> Finding:
    told = dict(found)
    named = [(each, by_id[each].signal_id, told[each]) for each in list(told)[:MOST_NAMED]]
    return Finding(kind, len(told), named)
