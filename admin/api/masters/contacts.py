"""Contacts: the people and mailboxes at a customer's. Personal data; nothing of it leaves the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from activities.store.customers import contact_of, customer_by_ref, enter_contact
from activities.store.marks import left, open_marks
from activities.store.parties import change_contact, reinstate_contact, retire_contact
from activities.store.reachability import clear_mark, mark_of
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.masters.words import Email, Given, Language, Number, Words, phone_of
from admin.api.paths import ContactId, CustomerRef, decoded
from admin.api.problems import responses
from admin.api.security import Access, CollectorOf, ManagerOf, as_manager
from admin.queries.customer import Mark, marked
from models.tables import Contact, Customer
from models.tables.words import PhoneKind
from rules.calendar import Channel
from rules.facts import Role
from rules.recipients import WISHES

router = APIRouter(prefix="/v1/companies/{company}/customers/{customer}/contacts", tags=["customers"])


Preference = Annotated[
    int,
    Field(
        ge=1,
        le=999,
        description="Within the role the lowest is written to first, those without one last",
        examples=[1],
    ),
]
InCopy = Annotated[bool, Field(description="Gets a copy of e-mails to another of its role")]

KnownBy = Annotated[
    Email, Field(description="The colleague who knows them, and is offered a call to them first")
]


class ContactIn(BaseModel):
    """Somebody to write to or call; an e-mail address or a number is required."""

    model_config = example(
        role="accounting", name="Jeanne Durand", email="compta@client.example", phone="06 12 34 56 78"
    )

    role: Role
    name: Words | None = None
    function: Words | None = None
    language: Language | None = None
    email: Email | None = None
    phone: Number | None = None
    hours: Annotated[Words | None, Field(description="When to call, for the caller to read")] = None
    preference: Preference | None = None
    in_copy: InCopy = False
    known_by: KnownBy | None = None


class ContactChange(Given):
    """What is left out stays; `null` empties a field. An address corrected is in use again."""

    model_config = example(email="factures@client.example")

    role: Role | None = None
    name: Words | None = None
    function: Words | None = None
    language: Language | None = None
    email: Email | None = None
    phone: Number | None = None
    hours: Words | None = None
    preference: Preference | None = None
    in_copy: InCopy | None = None
    known_by: KnownBy | None = None


class ReasonIn(BaseModel):
    """Why, in your words."""

    model_config = example(reason="has left the company")

    reason: Annotated[Words, Field(examples=["has left the company"])]


class ClearanceIn(BaseModel):
    """How you know that the address works."""

    model_config = example(reason="their mailbox was full, they say")

    reason: Annotated[Words, Field(examples=["their mailbox was full, they say"])]


class ContactNow(BaseModel):
    """A contact as the ledger holds it at this moment. `in_use`: messages or calls may go there."""

    id: UUID
    customer: str
    role: str
    name: str | None
    function: str | None
    language: str | None
    email: str | None
    phone: str | None
    phone_kind: str | None
    hours: str | None
    in_use: bool
    preference: int | None
    in_copy: bool
    known_by: str | None
    opted_out: bool
    invalid_reason: str | None
    marks: Annotated[list[Mark], Field(description="What is known against its addresses")]


@router.post(
    "",
    operation_id="add_contact",
    status_code=201,
    response_model=ContactNow,
    responses=responses(403, 404, 409),
)
def add(access: CollectorOf, customer: CustomerRef, body: ContactIn, changes: ChangesOf) -> Response:
    """Add a contact. What waited for an address goes on; tasks that asked for one are done."""

    def enter(work: Work) -> Changed:
        row = customer_by_ref(work.session, access.company_ref, decoded(customer))
        phone = phone_of(body.phone, row.country) if body.phone else None
        contact_id, notes = enter_contact(
            work.session,
            row,
            body.role,
            work.now,
            work.who,
            phone=phone.number if phone else None,
            phone_kind=PhoneKind(phone.kind) if phone else None,
            **body.model_dump(exclude={"role", "phone"}),
        )
        return _changed(work, row, contact_id, notes)

    return changes.make(access, enter, status=201)


@router.patch(
    "/{contact_id}",
    operation_id="change_contact",
    response_model=ContactNow,
    responses=responses(403, 404, 409),
)
def change(
    access: CollectorOf, customer: CustomerRef, contact_id: ContactId, body: ContactChange, changes: ChangesOf
) -> Response:
    """Correct a contact. A letter composed for the former address is withdrawn and composed again."""
    told = body.told(required=("role", "in_copy"))

    def correct(session: Session, row: Customer, work: Work) -> list[int]:
        values = dict(told)
        if "phone" in values:
            phone = phone_of(values["phone"], row.country) if values["phone"] else None
            values["phone"] = phone.number if phone else None
            values["phone_kind"] = phone.kind if phone else None
        return change_contact(session, row, contact_id, values, work.now, work.who)

    return changes.make(access, lambda work: _of(work, access, customer, contact_id, correct))


@router.post(
    "/{contact_id}/invalidation",
    operation_id="invalidate_contact",
    response_model=ContactNow,
    responses=responses(403, 404, 409),
)
def invalidate(
    access: CollectorOf, customer: CustomerRef, contact_id: ContactId, body: ReasonIn, changes: ChangesOf
) -> Response:
    """Take a contact out of use. Its row stays, because messages that left name it."""
    return changes.make(
        access,
        lambda work: _of(
            work,
            access,
            customer,
            contact_id,
            lambda session, row, work: retire_contact(
                session, row, contact_id, work.now, work.who, reason=body.reason
            ),
        ),
    )


@router.post(
    "/{contact_id}/opt-out",
    operation_id="opt_out_contact",
    response_model=ContactNow,
    responses=responses(403, 404, 409),
)
def opt_out(
    access: CollectorOf, customer: CustomerRef, contact_id: ContactId, changes: ChangesOf
) -> Response:
    """Record that this person does not want to be contacted. Others at the customer's still are."""
    return changes.make(
        access,
        lambda work: _of(
            work,
            access,
            customer,
            contact_id,
            lambda session, row, work: retire_contact(session, row, contact_id, work.now, work.who),
        ),
    )


@router.post(
    "/{contact_id}/reinstatement",
    operation_id="reinstate_contact",
    response_model=ContactNow,
    responses=responses(403, 404, 409),
)
def reinstate(
    access: ManagerOf, customer: CustomerRef, contact_id: ContactId, body: ReasonIn, changes: ChangesOf
) -> Response:
    """Take a contact into use again: it had been taken out by mistake, or the person agreed."""
    return changes.make(
        access,
        lambda work: _of(
            work,
            access,
            customer,
            contact_id,
            lambda session, row, work: reinstate_contact(
                session, row, contact_id, work.now, work.who, body.reason
            ),
        ),
    )


@router.post(
    "/{contact_id}/marks/{channel}/clearance",
    operation_id="clear_contact_mark",
    response_model=ContactNow,
    responses=responses(403, 404, 409),
)
def clearance(
    access: CollectorOf,
    customer: CustomerRef,
    contact_id: ContactId,
    channel: Annotated[
        Literal["email", "sms", "phone"], Path(description="As the mark names it", examples=["email"])
    ],
    body: ClearanceIn,
    changes: ChangesOf,
) -> Response:
    """Say that an address works after all; what waited for it goes on at once.

    Where somebody opted out, unsubscribed or complained, it takes a manager.
    """

    def work_again(session: Session, row: Customer, work: Work) -> list[int]:
        way = Channel(channel)
        if mark_of(session, row, contact_id, way).cause in WISHES:
            as_manager(access.holder, "writing again to somebody who does not want it")
        return clear_mark(session, row, contact_id, way, work.now, work.who, body.reason)

    return changes.make(access, lambda work: _of(work, access, customer, contact_id, work_again))


def _of(
    work: Work,
    access: Access,
    ref: str,
    contact_id: UUID,
    act: Callable[[Session, Customer, Work], list[int]],
) -> Changed:
    row = customer_by_ref(work.session, access.company_ref, decoded(ref))
    return _changed(work, row, contact_id, act(work.session, row, work))


def _changed(work: Work, customer: Customer, contact_id: UUID, notes: list[int]) -> Changed:
    work.session.flush()
    contact = contact_of(work.session, customer, contact_id)
    return Changed(
        _now(work.session, customer, contact),
        notes=notes,
        audit={"customer": customer.ref, "contact": str(contact_id)},
    )


def _now(session: Session, customer: Customer, contact: Contact) -> ContactNow:
    marks = open_marks(session, customer.id, (contact.email, contact.phone))
    usable = contact.opted_out_at is None and contact.invalid_since is None
    return ContactNow(
        customer=customer.ref,
        in_use=usable and left(contact.email, contact.phone, marks),
        marks=[marked(mark) for mark in marks],
        in_copy=bool(contact.in_copy),
        opted_out=contact.opted_out_at is not None,
        **contact.model_dump(
            include={
                "id", "role", "name", "function", "language", "email", "phone", "phone_kind", "hours",
                "invalid_reason", "preference", "known_by",
            }
        ),
    )  # fmt: skip
