import pytest

from core.errors import ForbiddenError, InvalidInputError
from core.models import Experiment
from core.services.experiment_notes import MOST_CHARACTERS, append_notes, write_notes
from core.services.experiments import create_experiment
from core.specs import TrainingSpec
from core.storage.database import read_scope, session_scope

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def do(act, *args):
    with session_scope() as session:
        return act(session, *args)


def stored(experiment_id):
    with read_scope() as session:
        return session.get_one(Experiment, experiment_id).notes


@BOTH
def test_notes_are_stored_as_written_but_for_line_ends_and_blanks_around(researcher, experiment_id):
    written = "# Why\r\n\r\n<b>bold</b> & `code`\r\n  - point\0 \ud800\n\n"
    kept = "# Why\n\n<b>bold</b> & `code`\n  - point \\ud800"  # what no database takes is an escape
    assert do(write_notes, researcher, experiment_id, written) == kept
    assert stored(experiment_id) == kept
    assert do(write_notes, researcher, experiment_id, " \n ") is None
    assert stored(experiment_id) is None


@BOTH
def test_paragraph_comes_after_what_is_there(researcher, experiment_id):
    with session_scope() as session:
        second = create_experiment(session, researcher, TrainingSpec(dataset="rig"), notes="first").id
    assert do(append_notes, researcher, [experiment_id, second], "seen *again* ") == 2
    assert (stored(experiment_id), stored(second)) == ("seen *again*", "first\n\nseen *again*")


def test_length_is_bounded_and_told_and_refuses_all(researcher, experiment_id):
    full = "x" * MOST_CHARACTERS
    with session_scope() as session:
        second = create_experiment(session, researcher, TrainingSpec(dataset="rig"), "second").id
    assert do(write_notes, researcher, second, full) == full
    with pytest.raises(
        InvalidInputError, match="the notes would have 100,001 characters, and notes hold 100,000"
    ):
        do(write_notes, researcher, experiment_id, full + "x")
    with pytest.raises(
        InvalidInputError, match=rf"notes of experiment {second} \(second\) would have 100,005"
    ):
        do(append_notes, researcher, [experiment_id, second], "abc")
    with pytest.raises(InvalidInputError, match="the paragraph is blank"):
        do(append_notes, researcher, [experiment_id], " ")
    assert stored(experiment_id) is None


def test_notes_of_another_are_read_only(make_actor, experiment_id):
    with pytest.raises(ForbiddenError, match="belongs to another user"):
        do(write_notes, make_actor("stranger"), experiment_id, "hello")
    with pytest.raises(ForbiddenError, match="belongs to another user"):
        do(append_notes, make_actor("other"), [experiment_id], "hello")
    assert stored(experiment_id) is None
