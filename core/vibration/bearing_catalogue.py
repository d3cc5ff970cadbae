"""Bearings of the public data sets, by the names people write for them.

The dimensions were read in the package bearing-datasets 0.3.0 (MIT), which names for each the paper or fact
sheet that it took them from; `source` repeats that name.
"""

from dataclasses import dataclass

from core.vibration.bearings import SKF_6205_2RS, BearingGeometry, DefectOrders, defect_orders

AGREES = 0.01  # share by which the orders of two bearings may differ and yet serve for one another


@dataclass(frozen=True, slots=True)
class Bearing:
    """One model of a bearing, with its geometry or, where only those are published, its orders."""

    maker: str  # empty where the source names none
    model: str
    geometry: BearingGeometry | None
    published: DefectOrders | None
    source: str
    datasets: tuple[str, ...]

    @property
    def name(self) -> str:
        """Maker and model."""
        return f"{self.maker} {self.model}".strip()

    @property
    def orders(self) -> DefectOrders:
        """The orders of the geometry, else the published ones, which are rounded."""
        if self.geometry is not None:
            return defect_orders(self.geometry)
        if self.published is None:
            raise ValueError(f"{self.name} has neither geometry nor orders; give it one of them")
        return self.published


def find_bearing(model: str) -> Bearing | None:
    """Return the bearing that a text names, whatever its case, blanks and hyphens, or None.

    The maker may be left out, and so may a suffix such as 2RS where every bearing that fits has the
    same orders to 1 %, well within the slip that is searched; the first in the catalogue is returned.
    """
    asked = _squeeze(model)
    exact = [bearing for bearing in CATALOGUE if asked in _keys(bearing)]
    fitting = exact or [
        bearing
        for bearing in CATALOGUE
        if len(asked) >= 4 and any(key.startswith(asked) for key in _keys(bearing))
    ]
    if not fitting or not all(_agree(fitting[0].orders, other.orders) for other in fitting):
        return None
    return fitting[0]


def _squeeze(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())


def _keys(bearing: Bearing) -> tuple[str, str, str]:
    maker, model = _squeeze(bearing.maker), _squeeze(bearing.model)
    return model, maker + model, model + maker


def _agree(one: DefectOrders, other: DefectOrders) -> bool:
    pairs = ((one.ftf, other.ftf), (one.bpfo, other.bpfo), (one.bpfi, other.bpfi), (one.bsf2, other.bsf2))
    return all(abs(a / b - 1) <= AGREES for a, b in pairs)


CATALOGUE = (
    Bearing(
        "SKF",
        "6205-2RS",
        SKF_6205_2RS,
        DefectOrders(ftf=0.39828, bpfo=3.5848, bpfi=5.4152, bsf2=4.7135),
        "Case Western Reserve University Bearing Data Center, drive end",
        ("CWRU",),
    ),
    Bearing(
        "SKF",
        "6203-2RS",
        None,
        DefectOrders(ftf=0.3817, bpfo=3.0530, bpfi=4.9469, bsf2=3.9874),
        "Case Western Reserve University Bearing Data Center, fan end",
        ("CWRU",),
    ),
    Bearing(
        "NICE",
        "MFPT",
        BearingGeometry(8, 0.235, 1.245),
        DefectOrders(ftf=0.406, bpfo=3.245, bpfi=4.755, bsf2=5.110),
        "Bechhoefer 2013, MFPT fault data sets; inches",
        ("MFPT",),
    ),
    Bearing(
        "Rexnord",
        "ZA-2115",
        BearingGeometry(16, 0.331, 2.815, 15.17),
        None,
        "Qiu et al. 2006; inches",
        ("IMS",),
    ),
    Bearing("LDK", "UER204", BearingGeometry(8, 7.92, 34.55), None, "XJTU-SY parameter table", ("XJTU-SY",)),
    Bearing(
        "",
        "PRONOSTIA",
        BearingGeometry(13, 3.5, 25.6),
        None,
        "IEEE PHM 2012 challenge document, appendix A.1; its contact angle is not stated, taken as 0",
        ("FEMTO",),
    ),
    Bearing("FAG", "6203", BearingGeometry(8, 6.75, 28.55), None, "Paderborn fact sheets", ("Paderborn",)),
    Bearing("IBU", "6203", BearingGeometry(8, 6.75, 29.05), None, "Paderborn fact sheets", ("Paderborn",)),
    Bearing("MTK", "6203", BearingGeometry(8, 6.75, 29.05), None, "Paderborn fact sheets", ("Paderborn",)),
    Bearing(
        "MB",
        "ER-16K",
        BearingGeometry(9, 7.94, 38.52),
        None,
        "Huang & Baddour 2018",
        ("Ottawa 2018", "HUSTbearing", "SUSU", "MCC5-THU gearbox", "Tecnalia gearbox"),
    ),
    Bearing(
        "MB",
        "ER-10K",
        BearingGeometry(8, 0.3125, 1.319),
        None,
        "PHM 2009 challenge, apparatus page; inches",
        ("PHM 2009", "VIT"),
    ),
    Bearing("NSK", "6205 DDU", BearingGeometry(9, 7.90, 38.5), None, "Jung et al. 2023, table 1", ("KAIST",)),
    Bearing(
        "SKF",
        "6205-2Z-C3",
        BearingGeometry(9, 7.94, 39.04),
        None,
        "MCC5-THU motor data paper, table 3",
        ("MCC5-THU motor",),
    ),
    Bearing(
        "NSK",
        "6203ZZ",
        BearingGeometry(8, 6.77, 28.50),
        None,
        "Sehri et al. 2023, table 2",
        ("Ottawa UORED",),
    ),
    Bearing(
        "FAFNIR",
        "203KD",
        BearingGeometry(8, 6.77, 28.50),
        None,
        "Sehri et al. 2023, table 2",
        ("Ottawa UORED",),
    ),
    Bearing(
        "SKF",
        "1205 ETN9",
        BearingGeometry(12, 7.12, 38.09, 10.2),
        None,
        "Arpa et al. 2024, table 2; pitch diameter from the diameters of the races",
        ("Ferrara run-to-failure",),
    ),
    Bearing(
        "FAG",
        "QJ212TVP",
        BearingGeometry(15, 15.87, 85.15, 35.0),
        None,
        "Ismail et al. 2023, table 1; contact angle from its published frequencies",
        ("DLR",),
    ),
    Bearing(
        "FAG",
        "NU2205-E-XL-TVP2",
        BearingGeometry(13, 7.5, 39.0),
        None,
        "Lenze data set report; from its running diameters 31.5 and 46.5 mm",
        ("Lenze",),
    ),
    Bearing("", "6204", BearingGeometry(8, 7.94, 34.57), None, "UOS data paper, table 2", ("UOS",)),
    Bearing("", "N204", BearingGeometry(11, 7.50, 34.0), None, "UOS data paper, table 2", ("UOS",)),
    Bearing("", "NJ204", BearingGeometry(11, 7.50, 34.0), None, "UOS data paper, table 2", ("UOS",)),
    Bearing("", "30204", BearingGeometry(15, 6.20, 35.8, 12.6), None, "UOS data paper, table 2", ("UOS",)),
)
