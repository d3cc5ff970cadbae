"""What a feature is: its stable name, its unit and which definition it follows, as data."""

from dataclasses import dataclass
from typing import Literal

Domain = Literal["time", "spectrum", "envelope", "wavelet", "cepstrum", "bispectrum"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One number measured on one channel of one record."""

    name: str  # stable identifier, a column's name
    title: str  # for people
    unit: str  # "signal": the signal's own unit; "" for a ratio
    definition: str  # one sentence that says which definition
    domain: Domain
