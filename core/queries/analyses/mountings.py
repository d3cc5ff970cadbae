"""Shaft speed and bearing that an analysis goes by: those of the record, or what a person states instead."""

from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInputError
from core.queries.bearings import find_orders
from core.queries.signals import SignalRow
from core.vibration.bearing_catalogue import CATALOGUE, find_bearing
from core.vibration.bearings import DefectOrders

NO_SPEED = "the record has no shaft speed: state one in the field Speed (rpm)"
NO_BEARING = "the record names no bearing whose geometry is known: choose one in the field Bearing"


@dataclass(frozen=True, slots=True)
class Mounting:
    """What turns and what carries it; None where it is not known."""

    rpm: float | None
    orders: DefectOrders | None
    bearing: str  # in words, where the orders are from; empty where there are none

    @property
    def shaft_hz(self) -> float:
        """Return the shaft's frequency, or say that it is not known."""
        if self.rpm is None:
            raise InvalidInputError(NO_SPEED)
        return self.rpm / 60

    @property
    def defect_orders(self) -> DefectOrders:
        """Return the defect orders, or say that they are not known."""
        if self.orders is None:
            raise InvalidInputError(NO_BEARING)
        return self.orders


def list_bearings() -> list[str]:
    """Return the names of the bearings of the catalogue."""
    return sorted(bearing.name for bearing in CATALOGUE)


def find_mounting(signal: SignalRow, rpm: float | None = None, bearing: str = "") -> Mounting:
    """Return what an analysis of a record goes by; `rpm` and `bearing` stand instead of the record's."""
    if rpm is not None and not 0 < rpm < np.inf:
        raise InvalidInputError(f"rpm={rpm:g} is no speed, which is above 0; state revolutions a minute")
    speed = rpm or signal.rpm
    if bearing:
        chosen = find_bearing(bearing)
        if chosen is None:
            raise InvalidInputError(f"bearing {bearing!r} is not in the catalogue: choose one of the list")
        return Mounting(speed, chosen.orders, chosen.name)
    stated = find_orders(signal)
    return Mounting(speed, stated.orders, stated.source) if stated else Mounting(speed, None, "")
