"""Questions in SQL that are ready to be asked, and to be changed into one's own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadyQuestion:
    """One question: its name in links, what it is called, what it tells."""

    name: str
    title: str
    sentence: str
    sql: str


READY_QUESTIONS = (
    ReadyQuestion(
        "leaderboard",
        "Best by test accuracy",
        "Experiments by their share of test windows, with the split and what its sides share.",
        """\
SELECT id, name, model, dataset, split, shared, test_accuracy, record_accuracy, epochs
FROM experiments
WHERE test_accuracy IS NOT NULL AND archived_at IS NULL
ORDER BY test_accuracy DESC
LIMIT 50""",
    ),
    ReadyQuestion(
        "best-by-split",
        "Best of each split",
        "What each way of keeping test records apart costs in accuracy.",
        """\
SELECT split, count(*) AS experiments, max(test_accuracy) AS best, avg(test_accuracy) AS mean,
       arg_max(name, test_accuracy) AS best_experiment
FROM experiments
WHERE test_accuracy IS NOT NULL
GROUP BY split
ORDER BY best DESC""",
    ),
    ReadyQuestion(
        "seeds",
        "Mean and spread over seeds",
        "By model, data set and split: how much of a score is the seed's. n counts experiments.",
        """\
SELECT model, dataset, split, count(*) AS n, count(DISTINCT seed) AS seeds,
       avg(test_accuracy) AS mean, stddev_samp(test_accuracy) AS spread,
       min(test_accuracy) AS worst, max(test_accuracy) AS best
FROM experiments
WHERE test_accuracy IS NOT NULL
GROUP BY ALL
ORDER BY mean DESC""",
    ),
    ReadyQuestion(
        "hours",
        "Hours by data set and device",
        "Where processors and GPUs spent their time.",
        """\
SELECT dataset, coalesce(device, 'not told') AS device, count(*) AS experiments,
       sum(duration_s) / 3600 AS hours
FROM experiments
WHERE duration_s IS NOT NULL
GROUP BY ALL
ORDER BY hours DESC""",
    ),
    ReadyQuestion(
        "slowest-epochs",
        "Slowest epochs",
        "The epochs that took longest, beside the usual one of their experiment.",
        """\
SELECT e.experiment_id, x.name, e.epoch, e.duration_s,
       median(e.duration_s) OVER (PARTITION BY e.experiment_id) AS usual_s
FROM epochs AS e JOIN experiments AS x ON x.id = e.experiment_id
WHERE e.duration_s IS NOT NULL
ORDER BY e.duration_s DESC
LIMIT 50""",
    ),
    ReadyQuestion(
        "failures",
        "Why experiments fail",
        "The reasons of failed experiments, the most frequent first.",
        """\
SELECT coalesce(error_message, 'not told') AS reason, count(*) AS experiments,
       max(finished_at) AS last_at, max(id) AS last_experiment
FROM experiments
WHERE status = 'failed'
GROUP BY ALL
ORDER BY experiments DESC""",
    ),
    ReadyQuestion(
        "newest-steps",
        "Step loss of the newest run",
        "Each optimizer step of the newest experiment that has a step log.",
        """\
SELECT experiment_id, epoch, step, loss, learning_rate
FROM steps
WHERE experiment_id = (SELECT max(experiment_id) FROM steps)
ORDER BY step""",
    ),
    ReadyQuestion(
        "trials",
        "Trials by campaign",
        "How many trials each search has made, and what its best reached.",
        """\
SELECT search, campaign, count(*) AS trials, max(val_accuracy) AS best,
       arg_max(trial, val_accuracy) AS best_trial, sum(duration_s) / 3600 AS hours
FROM trials
GROUP BY ALL
ORDER BY best DESC""",
    ),
    ReadyQuestion(
        "overfitting",
        "Gap between training and validation",
        "In the last epoch: how much better the loss is on what was trained on.",
        """\
SELECT x.id, x.name, x.model, arg_max(e.val_loss - e.train_loss, e.epoch) AS gap, max(e.epoch) AS epochs
FROM epochs AS e JOIN experiments AS x ON x.id = e.experiment_id
GROUP BY ALL
HAVING gap IS NOT NULL
ORDER BY gap DESC
LIMIT 50""",
    ),
)
