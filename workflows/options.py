"""Timeouts and retries of every activity, named, in one place."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

# A wake is one local activity: half the events of a regular one. When the database does not answer it
# is tried for a few seconds only (each further local try costs events), then handed to the server,
# which waits without filling the history.
LOCAL_TIMEOUT = timedelta(seconds=4)
LOCAL_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_attempts=2,
    non_retryable_error_types=["NotFound"],
)

LEDGER_TIMEOUT = timedelta(seconds=30)
LEDGER_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=1),
    non_retryable_error_types=["NotFound"],
)

# Longer than the providers' own time-outs, so that a slow provider ends as an outcome of its own
# and not as a lost attempt. Retries are for `NotSent` only: everything else is an outcome.
SEND_TIMEOUT = timedelta(seconds=90)
SEND_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=5),
    non_retryable_error_types=["NotFound"],
)

# Temporal suggests continuing as new at about 10,000 events; a case rarely sees a tenth of that.
EVENTS_BEFORE_CONTINUING = 4_000

# A file of 100,000 lines is read and stored in half a minute; it says how far it is at every 2,000 lines. A
# worker that dies is missed after the heartbeat's time.
BANK_STORE_TIMEOUT = timedelta(minutes=20)
BANK_HEARTBEAT = timedelta(seconds=15)
BANK_TIMEOUT = timedelta(minutes=5)
BANK_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=1),
    non_retryable_error_types=["NotFound"],
)

# Customers are looked at for ten seconds at most, then written down. One with thousands of open invoices
# takes long by itself, and nothing is heard of it meanwhile.
TRIAL_TIMEOUT = timedelta(minutes=10)
TRIAL_HEARTBEAT = timedelta(minutes=2)
