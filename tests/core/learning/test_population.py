"""A population: each of its trials is trained as it would be alone, whatever becomes of the others."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from core.errors import InvalidInputError
from core.learning import population, trainer
from core.learning.epochs import draw_weights
from core.learning.networks import build
from core.learning.population_engine import PopulationEngine
from core.learning.results import EpochRecord, FitResult, StepRecord
from core.learning.windows import WindowSet
from core.specs import TrainingSpec

LENGTHS = {"wdcnn": 1024, "resnet1d": 64}
# Of wdcnn: batch normalisation takes this bias off again, so that its gradient is rounding, and Adam moves
# it by as much as any other weight. In double precision that rounding is below Adam's epsilon.
NO_EFFECT = {"head.0.bias", "head.1.running_mean"}
Steps = dict[int, list[StepRecord]]


def tones(number: int, seed: int, length: int = 64, noise: float = 0.1) -> WindowSet:
    """Return noisy tones of three frequencies, one a class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(number) % 3
    phase = generator.uniform(0, 2 * np.pi, (number, 1))
    samples = np.sin(2 * np.pi * (labels[:, None] + 1) * np.arange(length) / 16 + phase)
    samples += noise * generator.normal(size=samples.shape)
    nothing = torch.zeros(number, dtype=torch.int64)
    windows = torch.from_numpy(samples.astype(np.float32)).view(number, 1, 1, length)
    return WindowSet(windows, torch.from_numpy(labels), nothing, nothing)


TRAIN, VALIDATION = tones(97, 0), tones(60, 1)


def spec(**changes: object) -> TrainingSpec:
    facts: dict[str, object] = {"dataset": "tones", "model": "resnet1d", "batch_size": 16, "epochs": 3}
    return TrainingSpec.model_validate(facts | {"device": "cpu"} | changes)


def trials(kind: str = "adamw", **changes: object) -> list[TrainingSpec]:
    """Return three specs that differ in what the optimizer is told, and in their seeds."""
    rates, decays = (1e-3, 3e-3, 5e-4), (0.1, 0.0, 0.01)
    schedules = ("cosine", "constant", "cosine")
    return [
        spec(
            seed=3 + i,
            optimizer={
                "kind": kind,
                "learning_rate": rates[i],
                "weight_decay": decays[i],
                "schedule": schedules[i],
            },
            **changes,
        )
        for i in range(3)
    ]


def network(dropout: float = 0.0) -> nn.Module:
    return build("resnet1d", 3, 64, {"width": 4, "dropout": dropout})


def fit_all(
    specs: list[TrainingSpec],
    make_network: Callable[[], nn.Module] = network,
    train: WindowSet = TRAIN,
    validation: WindowSet | None = VALIDATION,
    **given: object,
) -> list[FitResult]:
    facts: dict[str, object] = {"on_epoch": lambda _place, _: None, "should_stop": lambda _: None} | given
    return population.fit_population(train, validation, make_network, specs, **facts)  # type: ignore[arg-type]


def fit_one(
    one: TrainingSpec,
    net: nn.Module | None = None,
    train: WindowSet = TRAIN,
    validation: WindowSet | None = VALIDATION,
    **given: object,
) -> FitResult:
    facts: dict[str, object] = {"on_epoch": lambda _: None, "should_stop": lambda: None} | given
    return trainer.fit(train, validation, net or network(), one, **facts)  # type: ignore[arg-type]


def told() -> tuple[Steps, Callable[[int, StepRecord], None]]:
    steps: Steps = defaultdict(list)
    return steps, lambda place, record: steps[place].append(record)


def losses(records: list[StepRecord]) -> np.ndarray:
    return np.concatenate([record.losses for record in records])


def assert_same_weights(found: FitResult, expected: FitResult, atol: float = 1e-5) -> None:
    assert found.best_state is not None
    assert expected.best_state is not None
    assert list(found.best_state) == list(expected.best_state)
    for name, tensor in expected.best_state.items():
        torch.testing.assert_close(found.best_state[name], tensor, rtol=0, atol=atol, msg=name)


def ten_steps(model: str, specs: list[TrainingSpec], dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Return how far losses and weights are apart, and how far the weights have moved at all."""
    length = LENGTHS[model]
    train = tones(80, 0, length)
    train = replace(train, samples=train.samples.to(dtype))

    def make() -> nn.Module:
        return build(model, 3, length, {"width": 4}).to(dtype)

    steps, on_step = told()
    results = fit_all(specs, make, train, None, on_step=on_step)
    of_losses, of_weights, moved = [], [], []
    for place, one in enumerate(specs):
        alone: list[StepRecord] = []
        expected = fit_one(one, make(), train, None, on_step=alone.append).best_state
        found, start = results[place].best_state, make()
        draw_weights(start, one.seed)
        assert expected is not None
        assert found is not None
        assert list(found) == list(expected)
        assert len(losses(alone)) == 10
        of_losses.append(torch.from_numpy(losses(steps[place]) - losses(alone)).abs())
        names = [name for name in expected if dtype is torch.float64 or name not in NO_EFFECT]
        of_weights += [(found[name] - expected[name]).abs().flatten() for name in names]
        moved += [(start.state_dict()[name] - expected[name]).abs().flatten() for name in names]
    return torch.cat(of_losses), torch.cat(of_weights), torch.cat(moved)


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("model", LENGTHS)
def test_first_ten_steps_equal_training_one_by_one(model: str, kind: str) -> None:
    of_losses, of_weights, moved = ten_steps(model, trials(kind, model=model, epochs=2), torch.float64)
    assert of_losses.max() < 1e-6  # recorded in single precision
    assert of_weights.max() < 1e-9
    assert moved.max() > 1e-3


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("model", LENGTHS)
def test_first_ten_steps_equal_training_one_by_one_in_single_precision(model: str, kind: str) -> None:
    specs = [
        one.model_copy(update={"optimizer": one.optimizer.model_copy(update={"learning_rate": rate})})
        for one, rate in zip(trials(kind, model=model, epochs=2), (1e-4, 3e-4, 5e-5), strict=True)
    ]
    of_losses, of_weights, moved = ten_steps(model, specs, torch.float32)
    assert of_losses.max() < 1e-5
    # Adam moves a weight of next to no gradient by its rounding: one weight in some ten thousand.
    assert of_weights.double().quantile(0.999) < 1e-5
    assert moved.double().quantile(0.5) > 1e-5


def test_records_mean_what_they_mean_of_one_training() -> None:
    specs = [
        spec(seed=1, epochs=4, optimizer={"learning_rate": 0.02}),
        spec(seed=2, epochs=2, optimizer={"learning_rate": 0.005, "schedule": "constant"}),
        spec(seed=3, epochs=3, patience=1, optimizer={"learning_rate": 1e-12}),
    ]
    epochs: dict[int, list[EpochRecord]] = defaultdict(list)
    steps, on_step = told()
    results = fit_all(specs, on_epoch=lambda place, record: epochs[place].append(record), on_step=on_step)
    for place, one in enumerate(specs):
        alone: list[StepRecord] = []
        expected, found = fit_one(one, on_step=alone.append), results[place]
        assert (found.reason, found.last_epoch, found.best_epoch, found.device) == (
            expected.reason,
            expected.last_epoch,
            expected.best_epoch,
            expected.device,
        )
        assert found.epochs == tuple(epochs[place])
        for ours, theirs in zip(found.epochs, expected.epochs, strict=True):
            assert (ours.epoch, ours.learning_rate) == (theirs.epoch, theirs.learning_rate)
            assert (ours.train_accuracy, ours.val_accuracy) == (theirs.train_accuracy, theirs.val_accuracy)
            assert (ours.train_loss, ours.val_loss) == pytest.approx(
                (theirs.train_loss, theirs.val_loss), 1e-4
            )
            assert ours.metrics == pytest.approx(theirs.metrics)
            assert ours.duration_s > 0
            assert ours.windows_per_second > 0
        for mine, other in zip(steps[place], alone, strict=True):
            assert (mine.epoch, mine.first_step) == (other.epoch, other.first_step)
            assert mine.losses.dtype == np.float32
            np.testing.assert_array_equal(mine.learning_rates, other.learning_rates)
    assert [result.reason for result in results] == ["done", "done", "patience"]


def test_best_weights_answer_as_the_best_epoch_did() -> None:
    results = fit_all(trials(epochs=5))
    for result in results:
        assert result.best_state is not None
        assert result.best_epoch is not None
        net = network()
        net.load_state_dict(result.best_state)
        hits = trainer.predict(net, VALIDATION, torch.device("cpu")).argmax(1) == VALIDATION.labels.numpy()
        assert np.mean(hits) == result.epochs[result.best_epoch - 1].val_accuracy


@pytest.mark.parametrize("word", ["pruned", "cancelled", "paused"])
def test_trial_that_is_stopped_leaves_and_the_others_go_on_unchanged(word: str) -> None:
    specs = trials(epochs=4)
    seen: list[tuple[int, int]] = []

    def should_stop(place: int) -> str | None:
        return word if place == 1 and (1, 2) in seen else None

    results = fit_all(specs, on_epoch=lambda place, e: seen.append((place, e.epoch)), should_stop=should_stop)
    assert [(r.reason, r.last_epoch) for r in results] == [("done", 4), (word, 2), ("done", 4)]
    assert seen == [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2), (0, 3), (2, 3), (0, 4), (2, 4)]
    for place in (0, 2):
        assert_same_weights(results[place], fit_one(specs[place]))


def test_trial_that_diverges_harms_no_neighbour() -> None:
    specs = trials("sgd", epochs=8)
    wild = spec(seed=9, epochs=8, optimizer={"kind": "sgd", "learning_rate": 10, "weight_decay": 10})

    def dense() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))

    steps, on_step = told()
    results = fit_all([specs[0], wild, specs[2]], dense, on_step=on_step)
    assert results[1].reason == "diverged"
    assert results[1].last_epoch == len(steps[1]) == len(results[1].epochs) + 1
    assert not np.isfinite(steps[1][-1].losses).all()
    for place in (0, 2):
        assert results[place].reason == "done"
        assert_same_weights(results[place], fit_one(specs[place], dense()))


def test_trials_that_have_left_are_no_longer_computed() -> None:
    engine = PopulationEngine(network(), TRAIN, VALIDATION, trials(epochs=4), torch.device("cpu"))
    assert len(engine.run_epoch()) == len(engine.values) == 3
    widths: list[int] = []
    convolution = engine.network.get_submodule("_body.stem.0")
    convolution.register_forward_hook(lambda _module, _given, out: widths.append(out.shape[1]))
    engine.keep([2])
    assert len(engine.run_epoch()) == len(engine.values) == 1
    assert set(widths) == {4}  # the channels of one trial


def test_convolutions_as_matrix_products_equal_grouped_ones() -> None:
    weights = []
    windows = replace(TRAIN, samples=TRAIN.samples.double())
    for by_matmul in (False, True):
        engine = PopulationEngine(
            network().double(), windows, None, trials(), torch.device("cpu"), by_matmul=by_matmul
        )
        engine.run_epoch()
        weights.append([engine.weights_of(row) for row in range(3)])
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=1e-9)


def test_dropout_of_a_trial_does_not_depend_on_its_neighbours() -> None:
    mine = spec(seed=7, epochs=2, model_options={"dropout": 0.3})
    others = [spec(seed=i, epochs=1 + i % 2, model_options={"dropout": i / 10}) for i in range(5)]
    (alone,) = fit_all([mine])
    among = fit_all([*others[:2], mine, *others[2:]])[2]
    assert_same_weights(among, alone)


def test_each_trial_has_its_own_dropout_and_none_where_it_says_none() -> None:
    specs = [spec(seed=5, model_options={"dropout": share}) for share in (0.0, 0.5, 0.0)]
    results = fit_all([*specs, spec(seed=5)], lambda: network(dropout=0.5))
    assert_same_weights(results[0], fit_one(specs[0]))
    assert results[0].epochs[0].train_loss == pytest.approx(results[2].epochs[0].train_loss, rel=1e-6)
    assert results[0].epochs[0].train_loss != pytest.approx(results[1].epochs[0].train_loss, rel=1e-3)
    # A spec that names none has the network's own, 0.5.
    assert results[3].epochs[0].train_loss == pytest.approx(results[1].epochs[0].train_loss, rel=1e-6)


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    def thin() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Dropout(0.25))

    engine = PopulationEngine(
        nn.Sequential(thin(), nn.Linear(64, 3)), TRAIN, None, [spec(), spec()], torch.device("cpu")
    )
    engine.network.train()
    engine.network.draw_from([torch.Generator().manual_seed(seed) for seed in (0, 1)])
    found = engine.network.get_submodule("_body.0.1")(torch.ones(1000, 2 * 64))
    torch.testing.assert_close(found.unique(), torch.tensor([0, 1 / 0.75]))
    assert float(found.mean()) == pytest.approx(1, abs=0.01)
    assert not torch.equal(found[:, :64], found[:, 64:])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 32}, "trial 0 has batch_size=16 and trial 1 has 32"),
        ({"optimizer": {"kind": "sgd"}}, "trial 0 has optimizer.kind='adamw' and trial 1 has 'sgd'"),
        ({"model": "wdcnn"}, "trial 0 has model=.*resnet1d.* and trial 1 has .*wdcnn"),
        ({"model_options": {"width": 8}}, "trial 0 has model_options={} and trial 1 has {'width': 8}"),
        ({"windows": {"length": 128}}, "trial 0 has windows=.*length=2048.* and trial 1 has .*length=128"),
        ({"device": "auto"}, "trial 0 has device='cpu' and trial 1 has 'auto'"),
    ],
)
def test_specs_of_more_than_one_shape_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        fit_all([spec(), spec(**changes)])


class Shuffled(nn.Module):
    """A network whose forward puts the channels of its two halves beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.halves = nn.ModuleList(nn.Conv2d(1, 2, (1, 3)) for _ in range(2))
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        features = torch.cat([half(x) for half in self.halves], dim=1).mean(dim=(2, 3))
        logits: Tensor = self.head(features)
        return logits


def test_network_that_would_mix_the_trials_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"Shuffled mixes its channels .* one by one"):
        fit_all(trials(), Shuffled)


@pytest.mark.parametrize("layer", [nn.LayerNorm(64), nn.Softmax(1), nn.Dropout2d()])
def test_layer_that_is_not_known_is_refused(layer: nn.Module) -> None:
    with pytest.raises(
        InvalidInputError, match=f"no layer {type(layer).__name__}, only .*Conv2d.* one by one"
    ):
        fit_all(trials(), lambda: nn.Sequential(layer, nn.Flatten(), nn.Linear(64, 3)))


def test_population_of_nothing_or_of_one_window_has_its_answer() -> None:
    assert fit_all([]) == []
    with pytest.raises(InvalidInputError, match="1 training window, and two are needed"):
        fit_all(trials(), train=tones(1, 0))


def test_population_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    fit_all([spec(epochs=1, model_options={"dropout": 0.5})])
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.slow
def test_accuracies_over_seeds_are_of_one_distribution_both_ways() -> None:
    train, validation = tones(240, 0, noise=0.7), tones(300, 1, noise=0.7)
    specs = [
        spec(seed=seed, epochs=6, model_options={"dropout": 0.3}, optimizer={"learning_rate": 0.01})
        for seed in range(16)
    ]

    def best(result: FitResult) -> float:
        assert result.best_epoch is not None
        return result.epochs[result.best_epoch - 1].val_accuracy or 0.0

    def make() -> nn.Module:
        return network(dropout=0.3)

    together = [best(result) for result in fit_all(specs, make, train, validation)]
    alone = [best(fit_one(one, make(), train, validation)) for one in specs]
    assert 0.4 < np.mean(alone) < 0.99  # neither chance nor so easy that any training would do
    assert stats.mannwhitneyu(together, alone).pvalue > 0.01
    assert np.mean(together) == pytest.approx(np.mean(alone), abs=0.03)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_population_on_a_gpu_learns_as_on_the_cpu() -> None:
    specs = [
        spec(seed=seed, epochs=15, device="cuda", optimizer={"learning_rate": 0.02}) for seed in range(4)
    ]
    for result in fit_all(specs, lambda: network(dropout=0.2)):
        assert result.best_state is not None
        assert all(tensor.device.type == "cpu" for tensor in result.best_state.values())
        assert max(record.val_accuracy or 0 for record in result.epochs) > 0.9
