"""What can be looked at, one file a subject."""

from admin.api.reads import (
    ageing,
    cases,
    communications,
    customers,
    interest,
    recovery_file,
    registers,
    replies,
    tasks,
)

ROUTERS = (
    cases.router,
    tasks.router,
    customers.router,
    ageing.router,
    interest.router,
    recovery_file.router,
    communications.router,
    replies.router,
    registers.router,
)
