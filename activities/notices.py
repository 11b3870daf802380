"""`waiting_notices`: what a company's own people are to be told about the company, ready to be sent."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import col, select
from temporalio import activity

from activities.store.engine import transaction
from models.messages import NoticesNow, Prepared
from models.tables import Communication
from models.tables.words import CommunicationStatus


class NoticeActivities:
    """The activity that each pass of a company's notices runs. Safe to run twice."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @activity.defn(name="waiting_notices", no_thread_cancel_exception=True)
    def waiting_notices(self, what: NoticesNow) -> Prepared:
        """The messages that wait, oldest first; those found in `sending` become uncertain when sent again."""
        with transaction(self._engine) as session:
            found = session.exec(
                select(Communication.id)
                .where(
                    Communication.company_id == what.company_id,
                    col(Communication.customer_id).is_(None),
                    col(Communication.status).in_((CommunicationStatus.PLANNED, CommunicationStatus.SENDING)),
                )
                .order_by(col(Communication.planned_at), col(Communication.id))
            ).all()
        return Prepared(send=tuple(found))
