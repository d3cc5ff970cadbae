"""The answer of a comparison: which is best, by how much, and how surely, on how many records or runs."""

from collections.abc import Sequence

import panel as pn

from app.components.card import card
from app.components.facts import small_table
from app.components.safe_text import text
from app.components.stat import stat, stats
from app.components.words import ABSENT
from app.pages.compare.reading import Compared, amount
from core.evaluation.pairs import McNemar, least_discordant
from core.evaluation.statistics import ALPHA, MeanInterval
from core.queries.comparison.answers import Answer, GroupAnswer
from core.queries.comparison.predictions import PairTest


def answer_card(
    compared: Compared, answer: Answer | None, groups: GroupAnswer | None, baseline: int | None
) -> pn.Column:
    """Show the best, its lead, the test of it, and what of it is not sure."""
    if answer is None:
        return card(
            text(
                "None of them has measured anything yet; the answer comes with the first epoch."
                if compared.is_active
                else "None of them measured anything, so none is best.",
                "muted",
            )
        )
    told = [text(words, margin=(0, 0, 4, 0)) for words in tell_test(answer)]
    cautions = [
        text(words, "caption", margin=(2, 0, 0, 0)) for words in tell_cautions(compared, answer, baseline)
    ]
    grouped = [_groups(groups)] if groups is not None else []
    return card(stats(*_figures(compared, answer, baseline)), *told, *cautions, *grouped)


def _figures(compared: Compared, answer: Answer, baseline: int | None) -> list[pn.pane.HTML]:
    metric, best = answer.metric, compared.run(answer.best)
    figures = [stat(amount(metric, answer.best_value), f"best {metric} · #{best.id} {best.name}")]
    if answer.reference is None:
        return figures
    role = "the baseline" if answer.reference == baseline else "the second best"
    lead = amount(metric, answer.difference, sign=True) if answer.difference else "tied"
    over = "with" if lead == "tied" else "over"
    figures.append(
        stat(lead, f"{over} {role}, #{answer.reference} at {amount(metric, answer.reference_value)}")
    )
    if answer.test is not None and answer.test.records is not None:
        tested = answer.test.records
        figures.append(stat(p_word(tested.p), f"McNemar, n = {tested.n} records"))
    return figures


def p_word(p: float | None) -> str:
    """Write a probability as people report it."""
    if p is None:
        return ABSENT
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def tell_test(answer: Answer) -> list[str]:
    """Say what the test of the best against its reference tells."""
    test = answer.test
    if test is None:
        return ["Nothing else measured it, so there is nothing to compare with."]
    if test.records is None:
        return [f"Whether #{test.first} is better than #{test.second} is not tested. {test.refusal}"]
    return [_tell_records(test, test.records), _tell_windows(test)]


def _tell_records(test: PairTest, found: McNemar) -> str:
    first, second = f"#{test.first}", f"#{test.second}"
    if found.only_first + found.only_second == 0:
        return f"{first} and {second} judged the same {found.n} records alike, so records tell no difference."
    surely = "is better than" if found.only_first >= found.only_second else "is worse by record than"
    chance = f"Between {first} and {second} the difference may be chance"
    told = (
        f"{f'{first} {surely} {second}' if found.p < ALPHA else chance}: of the same {found.n} records, "
        f"{found.only_first} were right by {first} alone and {found.only_second} by {second} alone "
        f"({p_word(found.p)}, Cohen’s g {found.g or 0:+.2f}, odds ratio {_odds(found.odds_ratio)})."
    )
    if found.p < ALPHA:
        return told
    least = least_discordant()
    if found.n < least:
        return f"{told} {found.n} records are too few to tell any difference."
    return f"{told} A lead of fewer than {least} records of {found.n} can never be told from chance."


def _odds(ratio: float | None) -> str:
    return "not bounded" if ratio is None else f"{ratio:.3g}"


def _tell_windows(test: PairTest) -> str:
    found = test.windows
    if found is None:
        return f"By window: not tested. {test.windows_refusal}"
    told = f"By window: {100 * found.difference:+.1f} points over {found.num_windows:,} windows"
    if found.low is None or found.high is None:
        return f"{told} of one record, which has no interval."
    return (
        f"{told}, 95 % interval {100 * found.low:+.1f} to {100 * found.high:+.1f} "
        f"({found.num_records} records resampled, {p_word(found.p)}, Cohen’s h {found.h:+.2f})."
    )


def tell_cautions(compared: Compared, answer: Answer, baseline: int | None) -> list[str]:
    """Say what makes the answer less sure than it looks."""
    told = []
    if compared.missing:
        told.append(f"Not stored, and left out: {', '.join(map(str, compared.missing))}.")
    absent = len(compared.runs) - answer.num_measured
    if absent:
        have = "has" if absent == 1 else "have"
        told.append(f"{absent} of {len(compared.runs)} {have} not measured {answer.metric}.")
    if compared.is_active:
        told.append("Some still run: the answer may change.")
    if answer.num_measured > 2 and answer.reference is not None and answer.reference != baseline:
        is_tested = answer.test is not None and answer.test.records is not None
        but = ", and p is not corrected for that" if is_tested else ""
        told.append(
            f"The best of {answer.num_measured} was picked after looking{but}: "
            "choose a baseline, or repeat both with other seeds."
        )
    splits = sorted({run.split for run in compared.runs if run.split})
    datasets = sorted({run.dataset for run in compared.runs})
    if len(datasets) > 1:
        told.append(f"They were tested on different data sets: {', '.join(datasets)}.")
    if len(splits) > 1:
        told.append(f"Their splits differ ({', '.join(splits)}), so their scores are not alike.")
    return told


def _groups(groups: GroupAnswer) -> pn.Column:
    rows = [
        (name, amount(groups.metric, found.mean), _interval(groups.metric, found), str(found.n))
        for name, found in groups.groups
    ]
    table = small_table((groups.field, f"mean best {groups.metric}", "95 % interval", "n runs"), rows)
    told = [text(words, "caption", margin=(4, 0, 0, 0)) for words in tell_groups(groups)]
    return pn.Column(table, *told, sizing_mode="stretch_width", margin=(12, 0, 0, 0))


def _interval(metric: str, found: MeanInterval) -> str:
    if found.low is None:
        return "none: n = 1"
    return f"{amount(metric, found.low)} to {amount(metric, found.high)}"


def tell_groups(groups: GroupAnswer) -> Sequence[str]:
    """Say whether the best group differs from the one it is measured against."""
    test = groups.test
    if test is None or groups.reference is None:
        return ["There is one group alone, so nothing to compare it with."]
    best = groups.groups[0][0]
    kind = (
        f"signed ranks of {test.n[1]} seeds" if test.paired else f"rank sums, n = {test.n[0]} and {test.n[1]}"
    )
    if test.p is None:
        return [f"{best} and {groups.reference} do not differ in any run."]
    verdict = "differ" if test.p < ALPHA else "may differ by chance alone"
    effect = "" if test.effect is None else f", rank-biserial correlation {test.effect:+.2f}"
    told = [f"{best} and {groups.reference} {verdict} (Wilcoxon’s {kind}: {p_word(test.p)}{effect})."]
    if test.least_p >= ALPHA:
        told.append(
            f"No outcome of so few runs reaches p < {ALPHA:g}, the least being {test.least_p:.3g}: "
            "train more seeds."
        )
    if groups.detectable:
        reach = amount(groups.metric, groups.detectable, sign=True).lstrip("+")
        told.append(f"With so many runs, a difference below {reach} is found less often than 4 times in 5.")
    return told
