"""What can be looked at, one file a subject."""

from admin.api.reads import cases, communications, customers, registers, replies, tasks

ROUTERS = (
    cases.router,
    tasks.router,
    customers.router,
    communications.router,
    replies.router,
    registers.router,
)
