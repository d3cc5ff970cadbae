"""Records of rolling-element bearings, made from physics: same spec, same bytes.

Impacts at a defect's order, with random slip and the load zone's modulation, ring the machine's modes;
residual unbalance, mains hum, rolling noise and the sensor's noise are in every record, sound or not.
Records are in units of the RMS that an outer-race defect of severity 1 gives on any machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray

from core.specs import GenerationSpec, Recording
from core.vibration.machines import Machine, anti_alias, draw_machine, load_zone, quantise

SEVERITIES = {
    "nominal": (0.0, 0.0),
    "incipient": (0.20, 0.45),
    "mild": (0.45, 0.70),
    "moderate": (0.70, 0.90),
    "severe": (0.90, 1.00),
}
OVERSAMPLING = 4  # of the excitation, so that an impact falls between two samples
SPEED_DROP = 0.0124  # of the speed for each unit of load: 1797, 1772, 1750, 1730 rpm
SPEED_RIPPLE = 3e-4  # relative amplitude of each of three slow speed variations
LOAD_GAIN = 0.1  # growth of an impact for each unit of load
IMPACT_SPREAD = 0.1  # relative scatter of the impacts' strength
SLIP = (0.01, 0.02)  # relative scatter of the intervals between impacts


@dataclass(frozen=True, slots=True)
class Specimen:
    """One physical bearing: the same defect in all its records."""

    machine: Machine
    bearing_id: str
    fault_class: str
    severity: str
    size: float  # 0 sound, 1 the worst


@dataclass(frozen=True, slots=True)
class Shaft:
    """Shaft speed with slow random variation, and its phase by exact integration."""

    mean_hz: float
    ripple_hz: NDArray[np.float64]  # (3,)
    ripple_phase: NDArray[np.float64]  # (3,)

    def phase(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the shaft's angle in radians, 0 at time 0; same shape as `time_s`."""
        angle = time_s.astype(np.float64)
        for hz, offset in zip(self.ripple_hz, self.ripple_phase, strict=True):
            swing = np.cos(offset) - np.cos(2 * np.pi * hz * time_s + offset)
            angle += SPEED_RIPPLE / (2 * np.pi * hz) * swing
        return 2 * np.pi * self.mean_hz * angle


def count_records(spec: GenerationSpec) -> int:
    """Return how many records `generate` yields."""
    conditions = len(_conditions(spec)) * len(dict.fromkeys(spec.loads))
    return spec.machines * conditions * spec.records_per_condition


def generate(spec: GenerationSpec) -> Iterator[Recording]:
    """Yield the records of a data set one by one, in a fixed order.

    Each is (round(rate_hz * duration_s),) float32, channel DE, in multiples of the reference RMS above.
    `snr_db` is the severity-1 outer-race train against the sensor's noise, which is the same in every
    record. Machines, bearings and records draw from seeds spawned from `seed` in that order, so more
    machines or more records a condition leave the earlier ones as they were.
    """
    for number, machine_seed in enumerate(SeedSequence(spec.seed).spawn(spec.machines), start=1):
        machine = draw_machine(number, default_rng(machine_seed))
        conditions = _conditions(spec)
        for (fault_class, severity), seed in zip(
            conditions, machine_seed.spawn(len(conditions)), strict=True
        ):
            size = float(default_rng(seed).uniform(*SEVERITIES[severity]))
            name = "-".join([machine.machine_id, fault_class, *([severity] if size else [])])
            yield from _records(spec, Specimen(machine, name, fault_class, severity, size), seed)


def _conditions(spec: GenerationSpec) -> list[tuple[str, str]]:
    return [
        (fault_class, severity)
        for fault_class in dict.fromkeys(spec.classes)
        for severity in (("nominal",) if fault_class == "healthy" else dict.fromkeys(spec.severities))
    ]


def _records(spec: GenerationSpec, specimen: Specimen, seed: SeedSequence) -> Iterator[Recording]:
    loads = list(dict.fromkeys(spec.loads))
    for load, load_seed in zip(loads, seed.spawn(len(loads)), strict=True):
        for repeat, record_seed in enumerate(load_seed.spawn(spec.records_per_condition), start=1):
            yield _record(spec, specimen, load, repeat, record_seed)


def _record(
    spec: GenerationSpec, specimen: Specimen, load: float, repeat: int, seed: SeedSequence
) -> Recording:
    rng, machine = default_rng(seed), specimen.machine
    shaft = _draw_shaft(spec.shaft_hz * max(1 - SPEED_DROP * load, 0.1), rng)
    samples, drawn = _measure(spec, specimen, shaft, load, rng)
    revolutions = float(shaft.phase(np.array(spec.duration_s))) / (2 * np.pi)
    return Recording(
        record=f"{specimen.bearing_id}-{load:g}-{repeat}",
        channel="DE",
        samples=samples,
        rate_hz=spec.rate_hz,
        fault_class=specimen.fault_class,
        severity=specimen.severity,
        rpm=60 * revolutions / spec.duration_s,
        load=f"{load:g}",
        bearing_model=machine.bearing_model,
        bearing_id=specimen.bearing_id,
        machine_id=machine.machine_id,
        meta_data={
            "source": "generated",
            "seed": {"entropy": seed.entropy, "spawn_key": list(seed.spawn_key)},
            "severity_value": specimen.size,
            "snr_db": spec.snr_db,
            "machine": machine.describe(),
            **drawn,
        },
    )


def _draw_shaft(mean_hz: float, rng: Generator) -> Shaft:
    return Shaft(mean_hz, rng.uniform(0.2, 1.5, 3), rng.uniform(0, 2 * np.pi, 3))


def _measure(
    spec: GenerationSpec, specimen: Specimen, shaft: Shaft, load: float, rng: Generator
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Run the chain: excitation, modes, sensor, noise, anti-alias filter, quantisation."""
    machine, num_samples = specimen.machine, round(spec.rate_hz * spec.duration_s)
    length = scipy.fft.next_fast_len(num_samples, real=True)
    frequency_hz = scipy.fft.rfftfreq(length, 1 / spec.rate_hz)
    gain = anti_alias(frequency_hz, spec.rate_hz)
    modes = machine.respond(frequency_hz)
    # So that white noise of RMS 1 comes out of the modes and the filter with RMS 1.
    modes /= np.sqrt(np.mean(np.abs(modes * gain) ** 2))
    forces, drawn = _impacts(spec, specimen, shaft, length, rng)
    spectrum = modes * (
        (1 + LOAD_GAIN * load) * specimen.size * forces
        + machine.rolling_noise * scipy.fft.rfft(rng.standard_normal(length))
    )
    noise_rms = 10 ** (-spec.snr_db / 20)
    noise = noise_rms * scipy.fft.rfft(rng.standard_normal(length))
    ringing = scipy.fft.irfft((machine.sensor_gain * spectrum + noise) * gain, length)[:num_samples]
    hum = machine.sensor_gain * _lines(spec, machine, shaft, num_samples, rng)
    return quantise(ringing + hum), {"noise_rms": noise_rms, "shaft_hz": shaft.mean_hz, **drawn}


def _impacts(
    spec: GenerationSpec, specimen: Specimen, shaft: Shaft, length: int, rng: Generator
) -> tuple[NDArray[np.complex128], dict[str, Any]]:
    """Return the spectrum of a train of impacts of size 1 at the record's own rate, (length // 2 + 1,)."""
    orders = specimen.machine.orders
    order = {"inner_race": orders.bpfi, "outer_race": orders.bpfo, "ball": orders.bsf2}.get(
        specimen.fault_class
    )
    if order is None:
        return np.zeros(length // 2 + 1, dtype=np.complex128), {}
    slip = float(rng.uniform(*SLIP))
    time_s = np.linspace(0, length / spec.rate_hz, max(int(1000 * length / spec.rate_hz), 64))
    phase = shaft.phase(time_s)
    count = int(phase[-1] / (2 * np.pi) * order * 1.1) + 16
    turns = (rng.uniform() + np.cumsum(1 + slip * rng.standard_normal(count))) / order
    struck = turns[(turns >= 0) & (2 * np.pi * turns < phase[-1])]
    # Impacts a second at which the train's RMS is 1: those of the outer race, unloaded.
    strength = np.sqrt(spec.rate_hz / (spec.shaft_hz * orders.bpfo))
    strength = strength * (1 + IMPACT_SPREAD * rng.standard_normal(len(struck)))
    strength *= _modulation(specimen, 2 * np.pi * struck, rng)
    position = np.interp(2 * np.pi * struck, phase, time_s) * spec.rate_hz * OVERSAMPLING
    drawn = {"defect_order": order, "defect_hz": order * shaft.mean_hz, "slip": slip}
    return _train_spectrum(position, strength, length), {**drawn, "num_impacts": len(struck)}


def _modulation(specimen: Specimen, shaft_angle: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """Return each impact's share of the load: a fixed outer race keeps its own, the others go round."""
    machine = specimen.machine
    if specimen.fault_class == "outer_race":
        return np.ones_like(shaft_angle)
    turning = 1.0 if specimen.fault_class == "inner_race" else machine.orders.ftf
    return load_zone(turning * shaft_angle + rng.uniform(0, 2 * np.pi), machine.load_zone)


def _train_spectrum(
    position: NDArray[np.float64], strength: NDArray[np.float64], length: int
) -> NDArray[np.complex128]:
    """Return the spectrum below half the record's rate of impulses placed on the finer grid."""
    fine, whole = length * OVERSAMPLING, position.astype(np.int64)
    part = position - whole
    train = np.bincount(whole % fine, strength * (1 - part), fine)
    train += np.bincount((whole + 1) % fine, strength * part, fine)
    return np.asarray(scipy.fft.rfft(train)[: length // 2 + 1])


def _lines(
    spec: GenerationSpec, machine: Machine, shaft: Shaft, num_samples: int, rng: Generator
) -> NDArray[np.float64]:
    """Return residual 1X and 2X and mains hum, each where it lies below half the sampling rate."""
    time_s = np.arange(num_samples) / spec.rate_hz
    angle = shaft.phase(time_s)
    mains_hz = 2 * machine.mains_hz
    parts = [
        (shaft.mean_hz, machine.residual[0], angle),
        (2 * shaft.mean_hz, machine.residual[1], 2 * angle),
        (mains_hz, machine.mains, 2 * np.pi * mains_hz * time_s),
    ]
    lines = np.zeros(num_samples)
    for frequency_hz, amplitude, phase in parts:
        start = rng.uniform(0, 2 * np.pi)
        if frequency_hz < spec.rate_hz / 2:
            lines += amplitude * np.sin(phase + start)
    return lines
