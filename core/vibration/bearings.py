"""Defect frequencies of rolling-element bearings, as orders of the shaft speed."""

from dataclasses import dataclass
from math import cos, radians


@dataclass(frozen=True, slots=True)
class DefectOrders:
    """Defect frequencies divided by the shaft frequency, outer race fixed, no slip."""

    ftf: float  # cage
    bpfo: float  # outer race
    bpfi: float  # inner race
    bsf2: float  # ball: twice its spin, for it strikes both races in one turn


@dataclass(frozen=True, slots=True)
class BearingGeometry:
    """Geometry of a rolling-element bearing; the two diameters share any one unit."""

    num_elements: int
    element_diameter: float
    pitch_diameter: float
    contact_angle_deg: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a geometry that cannot be built."""
        if self.num_elements < 3 or not 0 < self.element_diameter < self.pitch_diameter:
            raise ValueError(
                f"{self.num_elements} elements of {self.element_diameter:g} on a pitch circle of "
                f"{self.pitch_diameter:g} are no bearing; give at least 3, smaller than the pitch circle"
            )


def defect_orders(geometry: BearingGeometry) -> DefectOrders:
    """Return the defect orders of a geometry.

    With g = d / D * cos(contact angle) and n elements: FTF = (1 - g) / 2, BPFO = n * FTF,
    BPFI = n * (1 + g) / 2, 2 * BSF = D / d * (1 - g^2); dimensionless.
    """
    n, d, D = geometry.num_elements, geometry.element_diameter, geometry.pitch_diameter
    g = d / D * cos(radians(geometry.contact_angle_deg))
    return DefectOrders(ftf=(1 - g) / 2, bpfo=n * (1 - g) / 2, bpfi=n * (1 + g) / 2, bsf2=D / d * (1 - g * g))


# Inches. The drive-end bearing of the Case Western Reserve University test stand.
SKF_6205_2RS = BearingGeometry(num_elements=9, element_diameter=0.3126, pitch_diameter=1.537)
