"""Whether to stop now: what the next trial may be expected to gain, beside the noise of one trial."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from core.evaluation.campaigns.domains import (
    Direction,
    Domain,
    Parameters,
    check_columns,
    decode,
    encode,
    find_domains,
)
from core.evaluation.campaigns.gaussian_process import Process, fit_process, predict
from core.evaluation.campaigns.noise import Noise

LEAST_TRIALS = 8
MOST_TRIALS = 200
NUM_CANDIDATES = 2048
NUM_AROUND_BEST = 512
FENCE = 3.0  # quartile ranges below the lower quartile, Tukey's outer fence

Word = Literal["little is left", "some is left", "much is left", ""]


class Outlook(NamedTuple):
    """What the next trial may gain. Where nothing can be told the numbers are None and `reason` says why."""

    expected: float | None  # expected improvement of the next trial, in the unit of the values, 0 or more
    best: float | None  # the best value so far
    at: Mapping[str, float | str]  # where that gain is expected
    noise: Noise | None  # of one trial's value; of the model where nothing else was measured
    word: Word
    reason: str
    num_trials: int  # with a value
    num_used: int  # of these, what the model saw
    left_out: tuple[str, ...]  # parameters that some trials lack


def judge_outlook(
    parameters: Parameters,
    values: ArrayLike,  # (num_trials,), NaN where a trial has none
    direction: Direction,
    *,
    domains: Mapping[str, Domain] | None = None,
    noise: Noise | None = None,
    seed: int = 0,
) -> Outlook:
    """Return the largest expected improvement over the search space, and what it means beside the noise.

    A Gaussian process (`fit_process`) on the parameters in [0, 1], log where the domain is, is asked at
    2,048 places drawn over the space and 512 about the five best trials. The improvement is that of the
    value without noise over the best that the process expects at any trial: E[max(0, f - f_best)] =
    s (z Phi(z) + phi(z)), z = (m - f_best) / s (Jones, Schonlau and Welch 1998). Of more than 200 trials
    the process sees the 100 best and 100 spread evenly over the others in their order. Values below the
    lower quartile by more than three quartile ranges, such as of trials that diverged, count as if they
    lay there: the process is asked about the best.

    "little is left" says that the expected improvement is below the noise of a single trial, so that it
    could not be told from chance; "some", below three times the noise; else "much". `noise` is that of
    `measure_noise`, else the process' own. Nothing is told of fewer than 8 trials with a value.
    """
    found = np.asarray(values, dtype=np.float64)
    check_columns(parameters, len(found))
    valued = np.flatnonzero(np.isfinite(found)).tolist()
    left_out = tuple(sorted(n for n, column in parameters.items() if any(column[i] is None for i in valued)))
    kept = {n: [column[i] for i in valued] for n, column in parameters.items() if n not in left_out}
    told = {name: domain for name, domain in find_domains(kept, domains).items() if not domain.is_single}
    gains = found[valued] if direction == "max" else -found[valued]
    best = None if not valued else float(gains.max() if direction == "max" else -gains.max())
    reason = _reason(gains, told)
    if reason:
        return Outlook(None, best, {}, noise, "", reason, len(valued), 0, left_out)
    places = np.stack([encode(kept[name], domain) for name, domain in told.items()], axis=1)
    used = choose_trials(gains)
    expected, at, process = _largest(places[used], _fenced(gains)[used], list(told.values()), seed)
    measured = noise or Noise(process.noise_deviation, "model", len(used))
    where = {
        name: decode(share, domain) for share, (name, domain) in zip(at.tolist(), told.items(), strict=True)
    }
    word = judge(expected, measured.deviation)
    return Outlook(expected, best, where, measured, word, "", len(valued), len(used), left_out)


def judge(expected: float, noise: float) -> Word:
    """Return in a word what an expected improvement is beside the noise of one trial."""
    if expected <= noise:
        return "little is left"
    return "some is left" if expected <= 3 * noise else "much is left"


def _reason(gains: NDArray[np.float64], domains: Mapping[str, Domain]) -> str:
    if len(gains) < LEAST_TRIALS:
        return f"{len(gains)} trials have a value and {LEAST_TRIALS} are needed to tell what is left"
    if not domains:
        return "no parameter differs between the trials, so nothing tells what is left"
    if np.ptp(gains) == 0:
        return f"all {len(gains)} trials have the same value, so nothing tells what is left"
    return ""


def choose_trials(gains: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the trials that the process sees, ascending: all, or the best half and others spread evenly."""
    if len(gains) <= MOST_TRIALS:
        return np.arange(len(gains))
    order = np.argsort(-gains, kind="stable")
    best, others = order[: MOST_TRIALS // 2], np.sort(order[MOST_TRIALS // 2 :])
    spread = others[np.linspace(0, len(others) - 1, MOST_TRIALS // 2).round().astype(np.int64)]
    return np.sort(np.concatenate([best, spread]))


def _fenced(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    lower, upper = np.percentile(gains, [25, 75])
    return np.maximum(gains, lower - FENCE * (upper - lower)) if upper > lower else gains


def _largest(
    places: NDArray[np.float64], gains: NDArray[np.float64], domains: Sequence[Domain], seed: int
) -> tuple[float, NDArray[np.float64], Process]:
    """Return the largest expected improvement, its place and the process that expects it."""
    from threadpoolctl import threadpool_limits

    is_category = np.array([domain.kind == "category" for domain in domains])
    candidates = _candidates(places[np.argsort(-gains)[:5]], domains, np.random.default_rng(seed))
    # Matrices so small take longer on several threads, which wait for each other busily.
    with threadpool_limits(1):
        process = fit_process(places, gains, is_category, seed=seed)
        reached = float(predict(process, places)[0].max())
        improvements = expect_improvement(*predict(process, candidates), reached)
    largest = int(improvements.argmax())
    return float(improvements[largest]), candidates[largest], process


def expect_improvement(
    mean: NDArray[np.float64], deviation: NDArray[np.float64], best: float
) -> NDArray[np.float64]:
    """Return E[max(0, f - best)] of normal f, (num_places,); without deviation it is max(0, mean - best)."""
    gap = mean - best
    # Beyond 40 deviations the normal distribution is 0 or 1 in floats.
    score = np.clip(gap / np.maximum(deviation, 1e-300), -40, 40)
    expected = gap * special.ndtr(score) + deviation * np.exp(-(score**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray(np.maximum(0.0, expected))


def _candidates(
    best: NDArray[np.float64], domains: Sequence[Domain], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return places over the whole space and about the best trials, numbers on their steps."""
    drawn = generator.uniform(0, 1, (NUM_CANDIDATES + NUM_AROUND_BEST, len(domains)))
    centres = best[generator.integers(len(best), size=NUM_AROUND_BEST)]
    widths = 10 ** generator.uniform(-3, -0.5, (NUM_AROUND_BEST, 1))
    near = np.clip(centres + widths * generator.normal(size=centres.shape), 0, 1)
    for column, domain in enumerate(domains):
        if domain.kind == "category":
            drawn[:, column] = np.floor(drawn[:, column] * len(domain.choices))
            stays = generator.uniform(size=NUM_AROUND_BEST) < 0.8
            near[:, column] = np.where(stays, centres[:, column], drawn[NUM_CANDIDATES:, column])
    drawn[NUM_CANDIDATES:] = near
    for column, domain in enumerate(domains):
        if domain.kind != "category" and domain.step is not None:
            drawn[:, column] = encode([decode(share, domain) for share in drawn[:, column]], domain)
    return drawn
