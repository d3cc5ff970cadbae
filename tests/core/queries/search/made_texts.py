"""Searches made by hypothesis: each can be answered, as all that it names is stored."""

from hypothesis import strategies as st

from tests.core.queries.search.made_rows import CAMPAIGNS, DATASETS, MODELS, OPTIMIZERS, OWNERS, SPLITS, TAGS

WORDS = (
    "bearing", "bear", "run", "r", "RUN", "uber", "Überlast", "cafe", "café", "lstm", "wd", "race", "a_b",
    "98", "transformer-x", "zone", "run-1", "nothing",
)  # fmt: skip
PHRASES = (
    '"load zone"',
    '"load"',
    '"outer race run"',
    '"au lait"',
    '"bear"',
    '"zone outer"',
    '"Transformer XL"',
)
NUMBERS = ("0", "0.01", "1e-2", ".5", "95%", "0.9", "64", "-3", "1", "+1.0E0", "2")


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _cased(words: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from([each for word in words for each in (word, word.upper(), word.lower())]).map(
        _quoted
    )


def _listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(",".join)


def _term(name: str, operators: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.just(name), st.sampled_from(operators.split()), values).map("".join)


EQUAL, ORDER = ": = !=", "< <= > >="
CHOICES = {
    "tag": _cased(tuple(name for pair in TAGS for name in pair)),
    "model": _cased(MODELS),
    "status": _cased(("pending", "running", "completed", "failed")),
    "source": _cased(("training", "logged", "imported")),
    "dataset": _cased(DATASETS),
    "owner": _cased((*OWNERS, "me")).filter(lambda word: word != "ME"),
    "split": _cased(SPLITS),
    "campaign": _cased(CAMPAIGNS),
    "optimizer": _cased(OPTIMIZERS),
    "mixed": st.sampled_from(["1", "2.0", "two", "AUTO", "0.1", "7"]),
    "archived": st.sampled_from(["yes", "no", "true", "false"]),
    "name": st.sampled_from([*WORDS, *PHRASES]),
}
ORDERED = {
    **dict.fromkeys(
        ("val_accuracy", "best.val_accuracy", "last.val_accuracy", "val_loss", "last.val_loss", "train/loss",
         "lr", "batch_size", "param.val_accuracy", "epochs", "id"),
        st.sampled_from(NUMBERS),
    ),
    "duration": st.sampled_from(["90", "90s", "1h", "1h30m", "2h", "12.5", "1d", "500ms"]),
    "created": st.sampled_from(
        ["today", "yesterday", "7d", "48h", "1w", "2026-11", "2026-11-21", "2026", "2026-10-01", "2025-12"]
    ),
}  # fmt: skip
TERMS = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(PHRASES),
    st.one_of([_term(name, EQUAL, _listed(values)) for name, values in CHOICES.items()]),
    st.one_of([_term(name, EQUAL, _listed(values)) for name, values in ORDERED.items()]),
    st.one_of([_term(name, ORDER, values) for name, values in ORDERED.items()]),
    st.sampled_from(
        ["mixed>1", "mixed<=2", 'name="load zone run-3"', "notes:cafe", 'notes:"98 percent",zone']
    ),
)
TREES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" ", " and ", " AND ", " or ", " Or "]), inner).map("".join),
        inner.map("not ({})".format),
        inner.map("({})".format),
    ),
    max_leaves=6,
)
SORTS = st.one_of(
    st.just(""),
    st.tuples(
        st.sampled_from([" sort:", " sort:-"]),
        st.sampled_from(
            ["id", "name", "model", "status", "source", "dataset", "owner", "campaign", "split", "notes",
             "created", "duration", "epochs", "val_accuracy", "best.val_loss", "last.val_loss", "lr",
             "optimizer", "mixed", "param.val_accuracy", "train/loss"]
        ),
    ).map("".join),
    st.just(" sort:relevance"),
)  # fmt: skip
LIMITS = st.one_of(st.just(""), st.integers(1, 30).map(" limit:{}".format))
TEXTS = st.tuples(TREES, SORTS, LIMITS).map("".join)
