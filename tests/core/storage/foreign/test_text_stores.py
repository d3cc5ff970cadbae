"""Run folders of W&B, tables and MLflow's file store."""

import pytest

from core.errors import UnreadableFileError
from core.storage.foreign.records import NO_STEP, Columns, Remark, Role
from core.storage.foreign.runs import Run
from core.storage.foreign.tables import ONE_RUN
from core.storage.foreign.values import typed


def runs_of(parts):
    return {part.found.name: part for part in parts if isinstance(part, Run)}


@pytest.fixture
def wandb(tmp_path):
    folder = tmp_path / "wandb" / "run-20240101_120000-abcd1234" / "files"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(
        "_wandb: {value: 1}\nlr: {desc: null, value: 0.01}\nnet:\n  value: {depth: 3}\n"
    )
    (folder / "wandb-summary.json").write_text('{"acc": 0.9, "loss": 0.25, "_runtime": 3}')
    (folder / "wandb-history.jsonl").write_text(
        '{"_step": 3, "loss": 0.5}\n{"_step": 4, "loss": NaN, "v": "x"}\n'
    )
    return folder


def test_wandb_folder_is_read_with_history_summary_and_configuration(wandb, tmp_path, read):
    ((found, points),) = runs_of(read(tmp_path)).values()

    assert (found.origin, found.parameters) == ("abcd1234", {"lr": 0.01, "net": {"depth": 3}})
    assert repr(points[["step", "value"]].tolist()) == f"[(3, 0.5), (4, nan), ({NO_STEP}, 0.9)]"
    assert found.findings == ("passed over what is no number: v",)


def test_yaml_that_multiplies_itself_is_refused(wandb, tmp_path, read):
    (wandb / "config.yaml").write_text("a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n")

    with pytest.raises(UnreadableFileError, match="holds an alias"):
        read(tmp_path)


def test_table_of_runs_tells_hyperparameters_from_results(tmp_path, read):
    (tmp_path / "t.csv").write_text(
        "Name,State,lr,batch_size,test_accuracy\na,finished,1e-3,32,0.9\nb,crashed,0.1,8,\n"
    )
    parts = read(tmp_path / "t.csv")
    runs = runs_of(parts)

    assert [part.roles["lr"] for part in parts if isinstance(part, Columns)] == [Role.PARAMETER]
    assert (runs["a"].found.parameters, runs["a"].points["value"].tolist()) == (
        {"lr": 0.001, "batch_size": 32},
        [0.9],
    )
    assert (runs["b"].found.status, len(runs["b"].points)) == ("failed", 0)


def test_table_of_epochs_joins_rows_by_run_and_stated_roles_win(tmp_path, read):
    (tmp_path / "t.csv").write_text("who;round;score\nx;1;0,5\ny;1;0,25\nx;2;0,75\n")
    parts = read(tmp_path / "t.csv", {"who": Role.RUN, "round": Role.STEP})

    assert runs_of(parts)["x"].points[["step", "value"]].tolist() == [(1, 0.5), (2, 0.75)]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_comma_that_may_part_thousands_is_left_out_and_told_with_both_readings(tmp_path, read, separator):
    rows = [("run", "epoch", "loss", "big", "units"), ("a", "1", "0,95", "1,234", "64,128"),
            ("a", "2", "0,123", "12,345,678", "64,128"), ("a", "3", "2,5", "7", "64,128")]  # fmt: skip
    (tmp_path / "t.csv").write_text(
        "".join(separator.join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    )
    run = runs_of(read(tmp_path / "t.csv", {"units": Role.PARAMETER}))["a"]

    assert run.points["value"].tolist() == [0.95, 0.123, 2.5, 7.0]
    (finding,) = run.found.findings
    assert "big has '1,234', which is 1234 with commas between thousands and 1.234 with decimal" in finding
    assert run.found.parameters == {"units": "64,128"}


def test_comma_between_semicolons_is_the_decimal_sign(tmp_path, read):
    (tmp_path / "t.csv").write_text("run;epoch;loss;lr\n1,5;1;1,234;1,125\n1,5;2;2,345;1,125\n")
    run = runs_of(read(tmp_path / "t.csv"))["1,5"]

    assert (run.points["value"].tolist(), run.found.parameters) == ([1.234, 2.345], {"lr": 1.125})
    assert run.found.findings == ()


@pytest.mark.parametrize(
    ("content", "is_told"),
    [("step,cnn-a,cnn-b\n1,2,3\n", True), ("run,step,a\nx,1,2\n", False), ("a\n1\n", False)],
)
def test_table_of_steps_without_runs_says_that_it_is_one_run(tmp_path, read, content, is_told):
    (tmp_path / "t.csv").write_text(content)
    told = [part.message for part in read(tmp_path / "t.csv") if isinstance(part, Remark)]

    assert [f"t.csv: {ONE_RUN}"][:is_told] == told


def test_one_column_a_run_as_wandb_exports_a_chart(tmp_path, read):
    (tmp_path / "t.csv").write_text("Step,a - loss,a - loss__MIN,b - loss\n0,0.5,0.1,0.7\n1,0.4,0.1,\n")
    runs = runs_of(read(tmp_path / "t.csv"))

    assert runs["a"].points["value"].tolist() == [0.5, 0.4]
    assert runs["b"].points["value"].tolist() == [0.7]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2,3\n", "line 2 of t.csv has 3 cells and its head 2"),
        (b"a,a\n1,2\n", "each once"),
        (b"", "should name 1 to"),
        (b"run,loss\n\xff\xfe,1\n", "no CSV in UTF-8"),
        (b"run," + b"c" * 501 + b"\na,1\n", "^the column ccc.* of t.csv has a name of 501 characters"),
        (b"Step,a - loss\nx,1\n", "^t.csv cannot be read: Step should be whole numbers and has 'x'"),
    ],
)
def test_table_that_contradicts_itself_is_a_message(tmp_path, read, content, message):
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(UnreadableFileError, match=message):
        read(tmp_path / "t.csv")


def test_one_column_a_run_without_steps_is_a_message(tmp_path, read):
    (tmp_path / "t.csv").write_text("Step,a - loss\n1,1\n")

    with pytest.raises(UnreadableFileError, match="none of its columns is stated as the steps"):
        read(tmp_path / "t.csv", {"Step": Role.IGNORED})


def test_line_that_is_still_being_written_is_told_and_what_stands_before_it_read(tmp_path, read):
    whole = b'{"step": 1, "loss": 1}\n{"step": 2, "loss": {"a": 2}}'
    for length in range(len(whole)):
        (tmp_path / "t.jsonl").write_bytes(whole[:length])
        (run,) = read(tmp_path / "t.jsonl")
        assert run.points["value"].tolist() == ([1.0] if length >= 22 else [])
        told = () if length in {0, 22, 23} else (f"line {1 + (length > 23)} of t.jsonl is cut off",)
        assert tuple(finding.partition(";")[0] for finding in run.found.findings) == told


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("32", 32), ("007", "007"), ("True", True), ("None", None), ("nan", "nan"),
        ("[1, 'a']", [1, "a"]),
        ('{"a": null}', {"a": None}), ("9" * 30, "9" * 30),
        ("(", "("), ("", ""),
    ],
)  # fmt: skip
def test_hyperparameter_is_what_was_meant(text, value):
    assert typed(text) == value
    assert type(typed(text)) is type(value)
