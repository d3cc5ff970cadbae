"""Many trials of one network shape trained at once, for a device that one small network leaves idle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from torch import Tensor, nn

from core.errors import InvalidInputError
from core.learning.best_epoch import BestEpoch
from core.learning.devices import device_name, resolve_device
from core.learning.population_engine import PopulationEngine
from core.learning.results import EpochRecord, FitResult, StepRecord
from core.learning.windows import WindowSet
from core.specs import TrainingSpec

_OWN = {"model_options", "optimizer", "epochs", "patience", "seed"}  # fields in which trials may differ


def fit_population(
    train: WindowSet,
    validation: WindowSet | None,
    make_network: Callable[[], nn.Module],
    specs: Sequence[TrainingSpec],
    *,
    on_epoch: Callable[[int, EpochRecord], None],
    should_stop: Callable[[int], str | None],
    on_step: Callable[[int, StepRecord], None] = lambda _place, _record: None,
) -> list[FitResult]:
    """Train one trial for each spec, all at once, and return their results in the order of `specs`.

    Each trial is trained as `fit` trains it alone: the same weights and shuffling from its seed, the same
    schedule, best epoch, patience and records; without dropout the numbers differ in rounding only. With
    dropout each trial draws from a generator of its own, on its device, so that its masks are not those
    of `fit`; they depend on its seed and epoch and on no other trial. Trials may differ in learning rate,
    weight decay, schedule, seed, epochs, patience and `model_options["dropout"]` (without it the
    network's own holds). After every epoch `on_step`, `on_epoch` and `should_stop` are called for each
    trial still at it, with its place in `specs`. A trial that ends (`done`, `patience`, `diverged`, or the
    word of `should_stop`) leaves the batch, and the others go on as if it had never been there. A record's
    `duration_s` is that of the whole batch's epoch, its `windows_per_second` the trial's own. Global
    random state stays as it is; on CUDA the forward pass runs in bfloat16.

    Raises InvalidInputError where specs differ in anything else, where there are fewer than two training
    windows, where the device is missing, and for a network that would mix the trials.
    """
    _check_alike(specs)
    if not specs:
        return []
    began = perf_counter()
    device = resolve_device(specs[0].device)
    engine = PopulationEngine(make_network(), train, validation, specs, device)
    active = [_Trial(place, spec) for place, spec in enumerate(specs)]
    ended: dict[int, FitResult] = {}
    while active:
        records = engine.run_epoch()
        staying = []
        for row, (trial, (step, record)) in enumerate(zip(active, records, strict=True)):
            on_step(trial.place, step)
            if record is not None:
                trial.take(record, partial(engine.weights_of, row))
                on_epoch(trial.place, record)
            reason = trial.reason(record, should_stop)
            if reason is None:
                staying.append(row)
            else:
                ended[trial.place] = trial.result(reason, step.epoch, device_name(device), began)
        active = [active[row] for row in staying]
        engine.keep(staying)
    return [ended[place] for place in range(len(specs))]


@dataclass
class _Trial:
    """What `fit` would know of one training."""

    place: int  # in the specs
    spec: TrainingSpec
    best: BestEpoch = field(default_factory=BestEpoch)
    records: list[EpochRecord] = field(default_factory=list)

    def take(self, record: EpochRecord, copy: Callable[[], dict[str, Tensor]]) -> None:
        """Take an epoch in."""
        self.records.append(record)
        self.best = self.best.after(record, copy)

    def reason(self, record: EpochRecord | None, should_stop: Callable[[int], str | None]) -> str | None:
        """Return why the training ends after the epoch of `record`, or None where it goes on."""
        if record is None:
            return "diverged"
        reason = should_stop(self.place) or self.best.word_of_patience(self.spec, record.epoch)
        return reason or ("done" if record.epoch >= self.spec.epochs else None)

    def result(self, reason: str, epoch: int, device: str, began: float) -> FitResult:
        """Return what `fit` would."""
        return FitResult(
            reason=reason,
            last_epoch=epoch,
            best_epoch=self.best.epoch or None,
            best_state=self.best.weights,
            epochs=tuple(self.records),
            device=device,
            duration_s=perf_counter() - began,
        )


def _check_alike(specs: Sequence[TrainingSpec]) -> None:
    """Raise InvalidInputError unless the trials differ only in what may differ."""
    for place, spec in enumerate(specs[1:], start=1):
        first, other = _shared(specs[0]), _shared(spec)
        for name, value in first.items():
            if value != other[name]:
                raise InvalidInputError(
                    f"trial 0 has {name}={value!r} and trial {place} has {other[name]!r}; "
                    "a population trains one shape, so train these in two"
                )


def _shared(spec: TrainingSpec) -> dict[str, object]:
    """Return what all trials of a population have in common."""
    facts = {name: getattr(spec, name) for name in TrainingSpec.model_fields if name not in _OWN}
    options = {name: value for name, value in spec.model_options.items() if name != "dropout"}
    return facts | {"optimizer.kind": spec.optimizer.kind, "model_options": options}
