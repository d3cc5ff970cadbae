"""The views that questions in SQL are asked of, told as text: warehouse_views.py makes them of it.

A view's line is `name: sentence`, where its rows are a log's `name < log: sentence`; `private` before it says
that it tells people's acts and addresses. A column's line has its name, what it is stored as where that is
another name, its kind and a sentence.
"""

CATALOGUE = """\
experiments: One row an experiment: what was trained on what, how far it came and what it scored.
    id              ID     number of the experiment
    name            WORD   its name, unique
    model           WORD   kind of network
    dataset         WORD   name of the data set
    status          WORD   pending, running, paused, completed, failed or cancelled
    split           WORD   what training and test may not share, such as by_bearing
    owner           WORD   user name of who made it
    source          WORD   training, logged or imported
    seed            NUMBER seed of its random numbers
    epochs          COUNT  last epoch that is stored
    epochs_planned  COUNT  epochs asked for
    best_epoch      COUNT  epoch of the kept weights
    test_accuracy   NUMBER share of test windows named rightly, 0 to 1
    record_accuracy NUMBER share of test records named rightly, 0 to 1
    val_accuracy    NUMBER best share of validation windows, 0 to 1
    shared          WORD   leakage audit: the worst that training and test share
    device          WORD   what it was trained on, such as cpu or a GPU's name
    duration_s      NUMBER seconds that it took
    campaign        WORD   hyperparameter search that it is a trial of
    error_message   WORD   why it failed
    notes           WORD   what people wrote about it
    created_at      MOMENT when it was asked for
    started_at      MOMENT when it began
    finished_at     MOMENT when it ended
    archived_at     MOMENT when it was put away; NULL while it is not

epochs < training_runs: One row an epoch of an experiment: the learning curves.
    id                          ID     number of the row, in the order of writing
    experiment_id               ID     number of the experiment
    epoch                       COUNT  number of the epoch, from 1
    train_loss                  NUMBER mean loss on the training side
    val_loss                    NUMBER mean loss on the validation side
    train_accuracy              NUMBER share of training windows, 0 to 1
    val_accuracy                NUMBER share of validation windows, 0 to 1
    learning_rate               NUMBER learning rate of the epoch
    duration_s=duration_seconds NUMBER seconds that it took
    metrics                     JSON   all further metrics: (metrics->>'f1')::DOUBLE
    created_at                  MOMENT when it was written

steps: One row an optimizer step; filter by experiment_id.
    experiment_id ID     number of the experiment
    epoch         COUNT  number of the epoch, from 1
    step          COUNT  number of the step over the whole training
    loss          NUMBER loss of the step's batch
    learning_rate NUMBER learning rate of the step

metrics: One row an experiment and metric: the best and the last value.
    experiment_id ID     number of the experiment
    name          WORD   name of the metric
    direction     WORD   max or min: which end is good
    best          NUMBER best value
    best_epoch    COUNT  its epoch; NULL for what was measured once
    last          NUMBER last value
    last_epoch    COUNT  its epoch

parameters: One row an experiment and hyperparameter.
    experiment_id ID     number of the experiment
    name          WORD   name, nested ones joined by dots
    number        NUMBER the value of a number
    text          WORD   the value of anything else

tags: One row an experiment and tag.
    experiment_id ID     number of the experiment
    tag           WORD   name of the tag
    added_at      MOMENT when it was put on

campaigns: One row a hyperparameter search.
    id                 ID     number of the search
    name               WORD   its name
    method             WORD   how the next trial is chosen
    status             WORD   how far it has come
    dataset            WORD   name of the data set
    trials_completed   COUNT  trials done
    trials_total       COUNT  trials planned
    best_experiment_id ID     its best trial
    best_accuracy      NUMBER what that scored, 0 to 1
    created_at         MOMENT when it was asked for

trials: One row a trial of a search for hyperparameters (hpo) or architectures (nas).
    search         WORD   hpo or nas
    campaign       WORD   name of the search
    trial          COUNT  number of the trial in its search, from 0
    experiment_id  ID     the experiment that it was trained as
    state          WORD   running, completed, pruned or failed
    value          NUMBER best of what the search looks for
    epochs         COUNT  epochs trained
    status         WORD   that experiment's status
    val_accuracy   NUMBER best share of validation windows, 0 to 1
    duration_s     NUMBER seconds that it took
    num_parameters COUNT  weights of the network, where counted

signals: One row a channel of a record.
    id                    ID     number of the signal
    dataset               WORD   name of the data set
    name                  WORD   record and channel
    channel               WORD   channel
    fault_class           WORD   such as healthy, inner_race or ball
    severity              WORD   such as incipient or severe, or the source's own
    load                  WORD   load on the bearing, as its source names it
    rpm                   NUMBER measured speed of the shaft
    rate_hz               NUMBER sampling rate in Hz
    num_samples           COUNT  samples of the record
    unit                  WORD   unit of the samples
    rms                   NUMBER root mean square, in that unit
    kurtosis              NUMBER Pearson's: 3 for a Gaussian
    dominant_frequency_hz NUMBER largest line of the amplitude spectrum, in Hz
    bearing_id            WORD   which bearing it was
    machine_id            WORD   which machine it was
    features              JSON   every feature: (features->>'crest_factor')::DOUBLE

datasets: One row a data set.
    id          ID     number of the data set
    name        WORD   its name
    num_signals COUNT  signals in it
    description WORD   what it is
    created_at  MOMENT when it was made

users: One row a user.
    id       ID     number of the user
    username WORD   user name
    role     WORD   viewer, researcher or admin

private api_requests < api_request_logs: One row a request to the API.
    id                                 ID     number of the row
    endpoint                           WORD   path
    method                             WORD   GET, POST ...
    status_code                        COUNT  what was answered
    request_time                       MOMENT when it came
    response_ms=response_time_ms       NUMBER how long the answer took
    request_bytes=request_size_bytes   COUNT  size of the request
    response_bytes=response_size_bytes COUNT  size of the answer
    ip_address                         WORD   where it came from
    api_key_id                         ID     number of the key
    error_message                      WORD   what went wrong

private emails < email_logs: One row an e-mail.
    id                        ID     number of the row
    user_id                   ID     number of the user it is for
    recipient=recipient_email WORD   address
    event=event_type          WORD   what it tells
    subject                   WORD   subject
    status                    WORD   how far it has come
    error_message             WORD   what went wrong
    retries=retry_count       COUNT  further tries
    sent_at                   MOMENT when it was sent
    created_at                MOMENT when it was written

private webhooks < webhook_logs: One row a delivery to a webhook; without its address, which is a secret.
    id                           ID     number of the row
    webhook_id=webhook_config_id ID     number of the webhook
    user_id                      ID     number of its owner
    event=event_type             WORD   what it tells
    provider=provider_type       WORD   slack, teams, discord or webhook
    status                       WORD   how far it has come
    http_status=http_status_code COUNT  what was answered
    error_message                WORD   what went wrong
    retries=retry_count          COUNT  further tries
    duration_ms                  NUMBER how long the answer took
    sent_at                      MOMENT when it was sent
    created_at                   MOMENT when it was written

private audit < system_logs: One row an administrative or security act.
    id            ID     number of the row
    user_id       ID     number of who did it
    action        WORD   what was done
    status        WORD   success, error or warning
    details       JSON   further facts
    error_message WORD   what went wrong
    created_at    MOMENT when

private logins < login_history: One row an attempt to sign in.
    id                  ID     number of the row
    user_id             ID     number of the user; NULL where the name was unknown
    method=login_method WORD   password, totp, backup_code, api_key or link
    success             TRUTH  whether it succeeded
    failure_reason      WORD   why not
    ip_address          WORD   where from
    at=timestamp        MOMENT when
"""
