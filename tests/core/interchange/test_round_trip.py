"""What was exported comes back the same, by each way there is."""

import shutil

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.interchange.exports import ExportForm, export_runs
from core.interchange.imports import import_runs
from core.queries.experiment_exports import list_export_ids, read_exports
from core.services.experiment_deletion import delete_experiments
from core.services.experiment_history import History, insert_history
from core.services.users import get_local_actor
from core.storage.database import read_scope, session_scope
from core.storage.foreign.records import Role

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
METRICS = st.one_of(st.sampled_from(["val_loss", "train_accuracy", "val/f1", "val", "=x"]), NAMES)
VALUES = st.one_of(
    st.booleans(), NUMBERS, st.integers(-(2**53), 2**53), NAMES, st.just("007"), st.just("1.5")
)


@st.composite
def histories(draw):
    numbers = sorted(draw(st.sets(st.integers(0, 2**31 - 1), min_size=1, max_size=6)))
    column = st.lists(NUMBERS, min_size=len(numbers), max_size=len(numbers))
    metrics = draw(st.dictionaries(METRICS.filter(lambda n: n != "epoch"), column, min_size=1, max_size=4))
    return History(
        name=draw(NAMES),
        hyperparameters=draw(st.dictionaries(NAMES, VALUES, max_size=4)),
        metrics=draw(st.dictionaries(NAMES.filter(lambda n: n not in metrics), NUMBERS, max_size=3)),
        epochs={"epoch": numbers, **metrics},
        notes=draw(st.none() | NAMES),
    )


def stored():
    with read_scope() as session:
        return list(read_exports(session, list_export_ids(session)))


def clear():
    with session_scope() as session:
        actor = get_local_actor(session, "cli")
        if ids := list_export_ids(session):
            delete_experiments(session, actor, ids)


def enter(told):
    clear()
    with session_scope() as session:
        insert_history(session, get_local_actor(session, "cli"), told)
    return stored()


# Each example is many experiments: what takes time is the process that reads.
SEVERAL = st.lists(histories(), min_size=6, max_size=6, unique_by=lambda history: history.name)
QUICK = settings(
    max_examples=1,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failure is told as it is: each example takes long
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(told=SEVERAL)
def test_mlflow_gives_back_epochs_hyperparameters_and_figures(database, tmp_path, told):
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    before = {each.name: each for each in enter(told)}
    export_runs(str(tmp_path / "out"), ExportForm.MLFLOW)
    clear()
    report = import_runs([tmp_path / "out"], via="cli")

    assert report.refused == {}
    after = {each.name: each for each in stored()}
    assert set(after) == set(before)
    for name, each in before.items():
        assert after[name].epochs == each.epochs
        assert after[name].hyperparameters == each.hyperparameters
        assert (after[name].figures, after[name].notes) == (each.figures, each.notes)


@QUICK
@given(told=SEVERAL)
def test_table_of_epochs_gives_back_epochs(database, tmp_path, told):
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    before = {each.name: each.epochs for each in enter(told)}
    export_runs(str(tmp_path / "out"), ExportForm.CSV)
    clear()
    metrics = {metric for epochs in before.values() for metric in epochs} - {"epoch"}
    roles = dict.fromkeys(metrics, Role.METRIC) | {"run": Role.RUN, "epoch": Role.STEP}
    report = import_runs([tmp_path / "out" / "epochs.csv"], via="cli", roles=roles)

    assert report.refused == {}
    assert {each.name: each.epochs for each in stored()} == before
