"""Facts from outside: `record` writes one once and whole, `reject` keeps one that cannot be."""

from activities.store.facts.record import record
from activities.store.facts.recording import Recorded
from activities.store.facts.rejected import reject

__all__ = ["Recorded", "record", "reject"]
