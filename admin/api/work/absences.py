"""Absences: who is away, and who stands in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel
from sqlmodel import Session

from activities.store.absences import end_absence, record_absence
from activities.store.colleagues import known_colleague
from activities.store.lookup import company_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.masters.words import OurEmail
from admin.api.problems import responses
from admin.api.security import Access, ManagerOf
from models.errors import InvalidFact, NotFound, WrongState
from models.tables import Absence

router = APIRouter(prefix="/v1/companies/{company}/absences", tags=["tasks"])

AbsenceId = Annotated[
    UUID, Path(description="The absence's id", examples=["5a1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a12"])
]


class AbsenceIn(BaseModel):
    """Both days are included; addresses are those of people who work for the company."""

    model_config = example(
        staff_email="claire@brunet.example",
        first_day="2026-07-06",
        last_day="2026-07-24",
        deputy_email="paul@brunet.example",
    )

    staff_email: OurEmail
    first_day: date
    last_day: date
    deputy_email: OurEmail


class AbsenceNow(BaseModel):
    """An absence as the ledger holds it at this moment."""

    id: UUID
    staff_email: str
    first_day: date
    last_day: date
    deputy_email: str
    ended_at: datetime | None


@router.post(
    "",
    operation_id="record_absence",
    status_code=201,
    response_model=AbsenceNow,
    responses=responses(403, 404, 409),
)
def record(access: ManagerOf, body: AbsenceIn, changes: ChangesOf) -> Response:
    """Record that somebody is away. What falls due meanwhile goes to the deputy, and comes back after."""

    def write(work: Work) -> Changed:
        for name in ("staff_email", "deputy_email"):
            _colleague(work.session, access, name, getattr(body, name))
        absence, _ = record_absence(
            work.session,
            staff=body.staff_email,
            first_day=body.first_day,
            last_day=body.last_day,
            deputy=body.deputy_email,
            now=work.now,
            who=work.who,
        )
        return _changed(absence)

    return changes.make(access, write, status=201)


@router.post(
    "/{absence_id}/ending",
    operation_id="end_absence",
    response_model=AbsenceNow,
    responses=responses(403, 404, 409),
)
def end(access: ManagerOf, absence_id: AbsenceId, changes: ChangesOf) -> Response:
    """End an absence: somebody is back early, or does not go. Their tasks come back."""

    def write(work: Work) -> Changed:
        row = work.session.get(Absence, absence_id)
        if row is None or not _ours(work.session, access, row.staff_email):
            raise NotFound(f"no absence {absence_id}")
        if row.ended_at is not None:
            raise WrongState(f"the absence ended on {row.ended_at.date()}")
        ended, _ = end_absence(work.session, staff=row.staff_email, now=work.now, who=work.who)
        if ended.id != row.id:
            raise WrongState(f"an earlier absence, from {ended.first_day}, is in force: end that one first")
        return _changed(ended)

    return changes.make(access, write)


def _colleague(session: Session, access: Access, name: str, email: str) -> None:
    if not _ours(session, access, email):
        raise InvalidFact(f"{name}: nobody of company {access.company_ref!r} has this address")


def _ours(session: Session, access: Access, email: str) -> bool:
    """Whether the caller may say of this person that they are away.

    Who works for every company is away for all of them: that takes a key that opens them all.
    """
    company = company_by_ref(session, access.company_ref)
    return known_colleague(session, company, email, shared=access.holder.companies is None)


def _changed(absence: Absence) -> Changed:
    shown = AbsenceNow(**absence.model_dump(exclude={"recorded_at", "recorded_by"}))
    return Changed(shown, audit={"absence": str(absence.id)})
