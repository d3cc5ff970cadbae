"""Machines of the generator: a bearing, the structure it rings and the sensor that listens."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.vibration.bearings import BearingGeometry, DefectOrders, defect_orders

FULL_SCALE = 32.0  # of the 16-bit converter, +-, in the record's unit
CUTOFF = 0.42  # of the sampling rate: corner of the anti-alias filter
STEEPNESS = 16  # its slope: Butterworth of order 8


@dataclass(frozen=True, slots=True)
class Mode:
    """One resonance of the structure."""

    frequency_hz: float
    damping: float  # of critical
    participation: float  # share of the response, signed


@dataclass(frozen=True, slots=True)
class Machine:
    """What all records of one machine share."""

    machine_id: str
    geometry: BearingGeometry
    modes: tuple[Mode, ...]
    load_zone: float  # e of the load zone: 0.5 is half the circumference
    sensor_gain: float
    residual: tuple[float, float]  # amplitudes of 1X and 2X
    mains_hz: float
    mains: float  # amplitude at twice the mains frequency
    rolling_noise: float  # RMS of what a sound bearing's surfaces excite

    @property
    def orders(self) -> DefectOrders:
        """Defect orders of its bearing."""
        return defect_orders(self.geometry)

    @property
    def bearing_model(self) -> str:
        """Its bearing in words, as no maker's name fits."""
        geometry = self.geometry
        ball, pitch = geometry.element_diameter, geometry.pitch_diameter
        return f"{geometry.num_elements} balls of {ball:g} on {pitch:g} mm"

    def respond(self, frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return the modal filter bank's response, sum of w_k^2 / (w_k^2 - w^2 + 2j z_k w_k w), (bins,)."""
        response = np.zeros(len(frequency_hz), dtype=np.complex128)
        for mode in self.modes:
            ratio = frequency_hz / mode.frequency_hz
            response += mode.participation / (1 - ratio**2 + 2j * mode.damping * ratio)
        return response

    def describe(self) -> dict[str, Any]:
        """Return the machine as JSON, to be kept with each of its records."""
        return {
            "num_elements": self.geometry.num_elements,
            "element_diameter_mm": self.geometry.element_diameter,
            "pitch_diameter_mm": self.geometry.pitch_diameter,
            "modes": [[mode.frequency_hz, mode.damping, mode.participation] for mode in self.modes],
            "load_zone": self.load_zone,
            "sensor_gain": self.sensor_gain,
            "mains_hz": self.mains_hz,
        }


def draw_machine(number: int, rng: np.random.Generator) -> Machine:
    """Draw machine `number` (from 1): 3 to 5 modes at 0.9-5.2 kHz, damping 1-5 %."""
    num_modes = int(rng.integers(3, 6))
    modes = tuple(
        Mode(float(frequency_hz), float(damping), float(participation))
        for frequency_hz, damping, participation in zip(
            np.sort(rng.uniform(900, 5200, num_modes)),
            rng.uniform(0.01, 0.05, num_modes),
            rng.uniform(0.4, 1.0, num_modes) * rng.choice([-1.0, 1.0], num_modes),
            strict=True,
        )
    )
    pitch = round(float(rng.uniform(30, 60)), 2)
    ball = round(pitch * float(rng.uniform(0.18, 0.24)), 2)
    return Machine(
        machine_id=f"M{number}",
        geometry=BearingGeometry(int(rng.integers(8, 13)), ball, pitch),
        modes=modes,
        load_zone=float(rng.uniform(0.4, 0.5)),
        sensor_gain=float(rng.uniform(0.85, 1.15)),
        residual=(float(rng.uniform(0.05, 0.15)), float(rng.uniform(0.02, 0.08))),
        mains_hz=float(rng.choice([50.0, 60.0])),
        mains=float(rng.uniform(0.01, 0.04)),
        rolling_noise=float(rng.uniform(0.05, 0.1)),
    )


def anti_alias(frequency_hz: NDArray[np.float64], rate_hz: float) -> NDArray[np.float64]:
    """Return the anti-alias filter's gain, zero-phase, (bins,)."""
    return np.asarray(1 / np.sqrt(1 + (frequency_hz / (CUTOFF * rate_hz)) ** STEEPNESS))


def quantise(x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return what a 16-bit converter of +-32 units makes of `x`, clipped at its ends; same shape, float32."""
    step = FULL_SCALE / 2**15
    return np.asarray(np.clip(np.rint(x / step), -(2**15), 2**15 - 1) * step, dtype=np.float32)


def load_zone(angle: NDArray[np.float64], extent: float) -> NDArray[np.float64]:
    """Return a ball's share of the load, (1 - (1 - cos phi) / (2 e))^(3/2), 0 outside; same shape."""
    return np.asarray(np.maximum(1 - (1 - np.cos(angle)) / (2 * extent), 0.0) ** 1.5)
