"""The full feature set of a vibration signal: one table of definitions, one function that measures it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidInputError
from core.vibration.bearings import DefectOrders
from core.vibration.bispectrum_features import FEATURES as BISPECTRUM_FEATURES
from core.vibration.bispectrum_features import measure_bispectrum_features
from core.vibration.cepstrum_features import FEATURES as CEPSTRUM_FEATURES
from core.vibration.cepstrum_features import measure_cepstrum_features
from core.vibration.envelope_features import FEATURES as ENVELOPE_FEATURES
from core.vibration.envelope_features import measure_envelope_features
from core.vibration.feature_kinds import Feature
from core.vibration.prepared import prepare
from core.vibration.spectrum_features import FEATURES as SPECTRUM_FEATURES
from core.vibration.spectrum_features import measure_spectrum_features
from core.vibration.time_features import FEATURES as TIME_FEATURES
from core.vibration.time_features import measure_time_features
from core.vibration.wavelet_features import FEATURES as WAVELET_FEATURES
from core.vibration.wavelet_features import measure_wavelet_features

__all__ = ["FEATURES", "FEATURES_BY_NAME", "Feature", "measure_features"]

BLOCK_SAMPLES = 1 << 19  # worked on together: FFTs of a few records at once cost less than one by one
LANES = 4  # records of which single-precision FFTs take one step together
FEATURES: tuple[Feature, ...] = (
    *TIME_FEATURES,
    *SPECTRUM_FEATURES,
    *ENVELOPE_FEATURES,
    *WAVELET_FEATURES,
    *CEPSTRUM_FEATURES,
    *BISPECTRUM_FEATURES,
)
FEATURES_BY_NAME = {feature.name: feature for feature in FEATURES}


def measure_features(
    samples: ArrayLike,
    rate_hz: float,
    *,
    rpm: ArrayLike | None = None,
    orders: DefectOrders | Sequence[DefectOrders | None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Measure every feature of `FEATURES` on a batch of equally long signals.

    Parameters
    ----------
    samples : (batch, n) or (n,), real
        One channel of each record, finite. Time features are measured in float64; the others on the signal
        without its mean and over its largest magnitude, in single precision (`prepared.prepare`).
        Spectrum, envelope and cepstrum are those of as many of the first samples as a Fourier transform
        is quick at: at most 2 % are left out from 4,000 samples on.
    rate_hz : float
        Sampling rate of all of them.
    rpm : scalar or (batch,), optional
        Shaft speed, revolutions a minute; NaN where it is unknown.
    orders : DefectOrders or a sequence of (batch,) of them or None, optional
        Of the bearing that each record was measured on.

    Returns
    -------
    dict of str to (batch,), float64
        One entry for each of `FEATURES`, in their order and by their definitions; batch is 1 for a
        single signal. NaN where a feature is undefined: of a constant signal, without rpm or bearing,
        of a signal too short for it.

    Raises
    ------
    InvalidInputError
        Where shapes do not fit, a sample is not finite or a rate or speed is not positive.
    """
    batch = _checked(samples, rate_hz)
    shaft_hz = _per_record(rpm, len(batch)) / 60
    bearings = _bearings(orders, len(batch))
    rows = max(BLOCK_SAMPLES // batch.shape[-1], 1)
    rows -= rows % LANES if rows > LANES else 0
    blocks = [slice(first, first + rows) for first in range(0, len(batch), rows)]
    found = [_measure_block(batch[part], rate_hz, shaft_hz[part], bearings[part]) for part in blocks]
    return {feature.name: np.concatenate([block[feature.name] for block in found]) for feature in FEATURES}


def _measure_block(
    batch: NDArray[np.float64],
    rate_hz: float,
    shaft_hz: NDArray[np.float64],
    bearings: Sequence[DefectOrders | None],
) -> dict[str, NDArray[np.float64]]:
    varying = [record for record, span in enumerate(np.ptp(batch, axis=-1)) if span > 0]
    found = measure_time_features(batch, rate_hz)
    if len(varying) == len(batch):
        return found | _measure_varying(batch, rate_hz, shaft_hz, bearings)
    found |= {feature.name: np.full(len(batch), np.nan) for feature in FEATURES if feature.domain != "time"}
    if varying:
        some = [bearings[record] for record in varying]
        for name, values in _measure_varying(batch[varying], rate_hz, shaft_hz[varying], some).items():
            found[name][varying] = values
    return found


def _measure_varying(
    batch: NDArray[np.float64],
    rate_hz: float,
    shaft_hz: NDArray[np.float64],
    bearings: Sequence[DefectOrders | None],
) -> dict[str, NDArray[np.float64]]:
    """Measure all but the time features of signals none of which is constant."""
    prepared = prepare(batch)
    return {
        **measure_spectrum_features(prepared, rate_hz, shaft_hz),
        **measure_envelope_features(prepared, rate_hz, shaft_hz, bearings),
        **measure_wavelet_features(prepared),
        **measure_cepstrum_features(prepared, rate_hz, shaft_hz),
        **measure_bispectrum_features(prepared, rate_hz, shaft_hz),
    }


def _checked(samples: ArrayLike, rate_hz: float) -> NDArray[np.float64]:
    batch = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    if batch.ndim != 2 or batch.size < 1:
        raise InvalidInputError(
            f"samples of shape {np.shape(samples)} are no batch; give (batch, n) or (n,), none of them 0"
        )
    if not 0 < rate_hz < np.inf:
        raise InvalidInputError(f"rate_hz={rate_hz:g} must be positive; give the sampling rate in Hz")
    if not np.isfinite(batch.sum()) and not np.isfinite(batch).all():
        raise InvalidInputError("samples hold NaN or infinity; cut or mend them before features are measured")
    return batch


def _per_record(rpm: ArrayLike | None, count: int) -> NDArray[np.float64]:
    speed = np.asarray(np.nan if rpm is None else rpm, dtype=np.float64)
    if speed.shape not in ((), (count,)):
        raise InvalidInputError(
            f"rpm of shape {speed.shape} for {count} records; give one speed, or one each"
        )
    if (speed <= 0).any() or np.isinf(speed).any():
        raise InvalidInputError(f"rpm={speed.min():g} must be positive; give NaN where it is unknown")
    return np.broadcast_to(speed, (count,))


def _bearings(
    orders: DefectOrders | Sequence[DefectOrders | None] | None, count: int
) -> tuple[DefectOrders | None, ...]:
    if orders is None or isinstance(orders, DefectOrders):
        return (orders,) * count
    if len(orders) != count:
        raise InvalidInputError(f"{len(orders)} bearings for {count} records; give one, or one each")
    return tuple(orders)
