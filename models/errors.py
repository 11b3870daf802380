"""Error type names that cross Temporal: retry policies and callers match on these words."""

from __future__ import annotations


class RelanceError(Exception):
    """Base of the errors that Relance names. `str()` is one plain sentence a person can act on."""


class NotFound(RelanceError):
    """A company, customer, invoice, task or communication that the ledger does not know."""


class InvalidFact(RelanceError):
    """A fact that cannot be true as told: names the field and the rule. Nothing was recorded."""


class WrongState(RelanceError):
    """The thing exists but is past the point where this can be done (resolved, withdrawn, sent)."""


class Conflict(RelanceError):
    """The same business key came with other facts."""


class Unreachable(RelanceError):
    """A server we need does not answer: the ledger, or Temporal."""


class NotSent(RelanceError):
    """The provider certainly did not take the message (no connection, 429): trying again is safe."""
