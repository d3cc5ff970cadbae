"""What is offered for the word at the cursor."""

import pytest
from sqlalchemy.orm import Session

from core.queries.search import find_word_start, plan_search, suggest_words


@pytest.mark.parametrize(
    ("text", "begun", "offered"),
    [
        ("mod", "mod", ["model:"]),
        ("run (not opt", "opt", ["optimizer:"]),
        ("val_", "val_", ["val_accuracy:", "val_loss:"]),
        ("train", "train", ["train/loss:"]),
        ("model:w", "w", ["wdcnn"]),
        ("MODEL = wd", "wd", ["wdcnn"]),
        ("tag:baseline,pap", "pap", ["Paper", "paper"]),
        ('tag:"to', '"to', ['"to check"', "to-check"]),
        ("dataset:pad", "pad", ['"Paderborn 2016"']),
        ("owner:m", "m", ["me"]),
        ("status!=can", "can", ["cancelled"]),
        ("optimizer:ada", "ada", ["adam", "adamw"]),
        ("created:y", "y", ["yesterday"]),
        ("archived:", "", ["yes", "no"]),
        ("sort:-best.val_l", "-best.val_l", ["-best.val_loss"]),
        ("sort:last.val", "last.val", ["last.val_accuracy", "last.val_loss"]),
        ("lim", "lim", ["limit:"]),
        ("zzz:a", "a", []),
        ("lr<0", "0", []),
    ],
)
def test_words_are_offered_that_begin_as_the_one_at_the_cursor(
    rows: Session, text: str, begun: str, offered: list[str]
) -> None:
    start = find_word_start(text, len(text))
    assert text[start:] == begun
    assert suggest_words(rows, f"{text} and more", len(text)) == offered
    for word in offered:
        if not word.endswith(":"):
            plan_search(rows, (text[:start] + word).replace("run (", ""), actor_id=1)


def test_an_empty_search_is_offered_its_fields(rows: Session) -> None:
    assert suggest_words(rows, "", 0)[:3] == ["tag:", "model:", "status:"]
