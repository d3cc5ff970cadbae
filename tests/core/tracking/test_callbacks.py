"""Each callback in a training of the real library, tiny; the libraries take seconds to import."""

import pytest
import torch
from sqlalchemy import select
from torch import nn

from core.models import Experiment
from core.storage.database import read_scope
from tests.core.tracking.conftest import get_row, list_epochs

pytestmark = pytest.mark.slow

X = torch.linspace(-1, 1, 32).reshape(16, 2)
Y = (X.sum(dim=1) > 0).long()


def only_id():
    with read_scope() as session:
        (number,) = session.scalars(select(Experiment.id))
    return number


def check(model, *names):
    """See that two epochs of a completed experiment have measured these."""
    row = get_row(only_id())
    assert (row.status, row.source, row.model_type, row.error_message) == ("completed", "logged", model, None)
    epochs = list_epochs(row.id)
    assert [epoch.epoch for epoch in epochs] == [1, 2]
    for epoch in epochs:
        assert [name for name in names if getattr(epoch, name) is None] == []
    return row


class LossError(Exception):
    pass


def make_module(fails):
    from lightning.pytorch import LightningModule

    class Net(LightningModule):
        def __init__(self, width=4):
            super().__init__()
            self.save_hyperparameters()
            self.layers = nn.Linear(2, 2)

        def training_step(self, batch, index):
            loss = nn.functional.cross_entropy(self.layers(batch[0]), batch[1])
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            if fails:
                raise LossError("no loss")
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", nn.functional.cross_entropy(self.layers(batch[0]), batch[1]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    return Net()


def fit_lightning(tmp_path, fails=False):
    from lightning.pytorch import Trainer
    from torch.utils.data import DataLoader, TensorDataset

    from core.tracking.callbacks.lightning import ExperimentLog

    loader = DataLoader(TensorDataset(X, Y), batch_size=8)
    trainer = Trainer(
        max_epochs=2, callbacks=[ExperimentLog(dataset="made")], logger=False, accelerator="cpu",
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(make_module(fails), loader, loader)


@pytest.mark.filterwarnings("ignore")
def test_lightning(database, tmp_path):
    fit_lightning(tmp_path)
    row = check("Net", "train_loss", "val_loss", "learning_rate")
    assert row.hyperparameters == {"width": 4}
    assert row.total_epochs == 2


@pytest.mark.filterwarnings("ignore")
def test_lightning_that_fails(database, tmp_path):
    with pytest.raises(LossError):
        fit_lightning(tmp_path, fails=True)
    row = get_row(only_id())
    assert (row.status, row.error_message) == ("failed", "LossError: no loss")


@pytest.mark.filterwarnings("ignore")
def test_skorch(database):
    from skorch import NeuralNetClassifier

    from core.tracking.callbacks.skorch import ExperimentLog

    net = NeuralNetClassifier(
        nn.Linear, module__in_features=2, module__out_features=2, criterion=nn.CrossEntropyLoss, lr=0.2,
        max_epochs=2, verbose=0, callbacks=[("log", ExperimentLog(what={"dataset": "made"}))],
    )  # fmt: skip
    net.fit(X, Y)
    row = check("Linear", "train_loss", "val_loss", "val_accuracy", "duration_seconds")
    assert row.hyperparameters["lr"] == 0.2
    assert row.hyperparameters["optimizer"] == "SGD"


@pytest.mark.filterwarnings("ignore")
def test_keras(database, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras

    from core.tracking.callbacks.keras import ExperimentLog

    model = keras.Sequential([keras.layers.Dense(2, activation="softmax")], name="dense")
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = (X.numpy(), Y.numpy())
    model.fit(*data, epochs=2, validation_data=data, verbose=0, callbacks=[ExperimentLog()])
    row = check("dense", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate")
    assert row.hyperparameters["epochs"] == 2
    assert row.hyperparameters["optimizer"]["name"] == "sgd"


@pytest.mark.filterwarnings("ignore")
def test_transformers(database, tmp_path):
    from transformers import Trainer, TrainingArguments

    from core.tracking.callbacks.transformers import ExperimentLog

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Linear(2, 2)

        def forward(self, x, labels):
            logits = self.layers(x)
            return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    data = [{"x": x, "labels": y} for x, y in zip(X, Y, strict=True)]
    args = TrainingArguments(
        output_dir=tmp_path, num_train_epochs=2, per_device_train_batch_size=8, eval_strategy="epoch",
        logging_strategy="steps", logging_steps=1, save_strategy="no", report_to=[], use_cpu=True,
        disable_tqdm=True,
    )  # fmt: skip
    score = {"compute_metrics": lambda told: {"accuracy": (told[0].argmax(-1) == told[1]).mean()}}
    Trainer(
        Net(), args, train_dataset=data, eval_dataset=data, callbacks=[ExperimentLog(dataset="made")], **score
    ).train()
    row = check("Net", "train_loss", "val_loss", "val_accuracy", "learning_rate")
    from core.workspace import Workspace

    steps = Workspace().experiment(row.id).steps()
    assert steps["step"].tolist() == [1, 2, 3, 4]
    assert steps["loss"].notna().all()
