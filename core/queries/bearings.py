"""Defect orders of the bearing that a signal was measured on, from whatever states them best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.vibration.bearing_catalogue import find_bearing
from core.vibration.bearings import BearingGeometry, DefectOrders, defect_orders
from core.vibration.combs import are_possible

LARGEST = 1e9  # Hz, mm or elements: what is larger, or no number, is a slip of the pen
_MACHINE = ("num_elements", "element_diameter_mm", "pitch_diameter_mm")
_STATED = ("FTF", "BPFO", "BPFI", "BSF")


@dataclass(frozen=True, slots=True)
class StatedOrders:
    """Defect orders, and in words where they are from."""

    orders: DefectOrders
    source: str


class Mounted(Protocol):
    """What a signal tells of its bearing."""

    @property
    def bearing_model(self) -> str | None:
        """Maker's designation."""

    @property
    def rpm(self) -> float | None:
        """Measured speed of the shaft."""

    @property
    def meta_data(self) -> dict[str, Any]:
        """Further facts of its source."""


def find_orders(signal: Mounted) -> StatedOrders | None:
    """Return the defect orders of a signal's bearing: of its generated machine, its file, the catalogue."""
    meta = signal.meta_data or {}
    if (machine := _of_machine(meta.get("machine"))) is not None:
        return StatedOrders(machine, "geometry of the machine that made the record")
    if (stated := _stated(meta.get("stated_defect_hz"), signal.rpm)) is not None:
        return StatedOrders(stated, "defect frequencies that the file states, by its shaft speed")
    return _listed(signal.bearing_model)


def _of_machine(machine: object) -> DefectOrders | None:
    if (numbers := _numbers(machine, _MACHINE)) is None:
        return None
    count, element_mm, pitch_mm = numbers
    try:
        return _possible(defect_orders(BearingGeometry(round(count), element_mm, pitch_mm)))
    except ValueError:  # no such bearing can be built
        return None


def _stated(defect_hz: object, rpm: float | None) -> DefectOrders | None:
    if (numbers := _numbers(defect_hz, _STATED)) is None or not rpm:
        return None
    ftf, bpfo, bpfi, bsf = (60 * number / rpm for number in numbers)
    return _possible(DefectOrders(ftf=ftf, bpfo=bpfo, bpfi=bpfi, bsf2=2 * bsf))


def _numbers(stated: object, names: Sequence[str]) -> list[float] | None:
    """Return what a record of unknown making states by these names; None where it is not all numbers."""
    if not isinstance(stated, Mapping):
        return None
    found = [stated.get(name) for name in names]
    numbers = [float(each) for each in found if isinstance(each, int | float) and abs(each) < LARGEST]
    return numbers if len(numbers) == len(names) else None


def _possible(orders: DefectOrders) -> DefectOrders | None:
    return orders if are_possible(orders) else None


def _listed(model: str | None) -> StatedOrders | None:
    found = find_bearing(model) if model else None
    return StatedOrders(found.orders, f"{found.name}, {found.source}") if found else None
