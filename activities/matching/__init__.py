"""Bank lines to the invoices they pay: looked up in bulk, what is sure booked, the rest asked about."""

from activities.matching.allocate import allocate, is_allocatable, set_aside
from activities.matching.run import match_lines

__all__ = ["allocate", "is_allocatable", "match_lines", "set_aside"]
