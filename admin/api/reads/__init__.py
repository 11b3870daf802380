"""What can be looked at, one file a subject."""

from admin.api.reads import cases, communications, customers, registers, tasks

ROUTERS = (cases.router, tasks.router, customers.router, communications.router, registers.router)
