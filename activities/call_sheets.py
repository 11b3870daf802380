"""Writing the sheet of an open call again, once what it says has changed: tries, numbers, what is owed."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlmodel import Session

from activities.compose import Composer
from activities.decisions import decisions_of
from activities.rendering import RenderError, Tone
from activities.store.load import load_to_write
from activities.store.tasks import invoices_of
from models.errors import NotFound
from models.tables import ContactMade, Task
from rules.facts import Role

log = logging.getLogger(__name__)

TEMPLATE = "phone_call"


def rewrite_call_sheet(session: Session, task: Task, now: datetime) -> None:
    """Compose the text of an open call as of now; where nothing is late any more, the former one stays."""
    if task.customer_id is None:
        raise NotFound(f"task {task.id} is no call: it has no customer")
    loaded = load_to_write(session, task.customer_id, now)
    open_numbers = {case.facts.invoice for case in loaded.cases}
    acted = {invoice.number for invoice in invoices_of(session, task)} & open_numbers
    made = session.get(ContactMade, task.contact_id) if task.contact_id is not None else None
    role = Role(made.role) if made is not None and made.role is not None else Role.ACCOUNTING
    composer = Composer(session, loaded, decisions_of(loaded, now), now)
    try:
        sheet = composer.call_sheet(acted, TEMPLATE, Tone.CALL, role, task)
    except RenderError as error:
        log.info("the sheet of call %s stays as it was: %s", task.id, error)
        return
    task.title, task.body = sheet.subject[:300], sheet.text
    session.flush()
