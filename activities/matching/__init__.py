"""Bank lines to the invoices they pay: looked up in bulk, what is sure booked, the rest asked about."""

from activities.matching.allocate import allocate
from activities.matching.run import match_lines

__all__ = ["allocate", "match_lines"]
