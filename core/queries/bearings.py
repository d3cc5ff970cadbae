"""Defect orders of the bearing that a signal was measured on, from whatever states them best."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.vibration.bearing_catalogue import find_bearing
from core.vibration.bearings import BearingGeometry, DefectOrders, defect_orders

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
    if (machine := meta.get("machine")) and set(_MACHINE) <= set(machine):
        geometry = BearingGeometry(*(machine[name] for name in _MACHINE))
        return StatedOrders(defect_orders(geometry), "geometry of the machine that made the record")
    if (stated := _stated(meta.get("stated_defect_hz"), signal.rpm)) is not None:
        return StatedOrders(stated, "defect frequencies that the file states, by its shaft speed")
    return _listed(signal.bearing_model)


def _stated(defect_hz: Mapping[str, float] | None, rpm: float | None) -> DefectOrders | None:
    if not defect_hz or not rpm or set(_STATED) - set(defect_hz):
        return None
    ftf, bpfo, bpfi, bsf = (60 * defect_hz[name] / rpm for name in _STATED)
    return DefectOrders(ftf=ftf, bpfo=bpfo, bpfi=bpfi, bsf2=2 * bsf)


def _listed(model: str | None) -> StatedOrders | None:
    found = find_bearing(model) if model else None
    return StatedOrders(found.orders, f"{found.name}, {found.source}") if found else None
