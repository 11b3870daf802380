"""Companies' debtors and the people there, as people keep them: made, corrected, taken out of use.

Like facts, each change of a known customer bumps its `ledger_seq` under its lock and tells its open cases.
What was composed and shows what changed is withdrawn, and composed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.store.colleagues import colleague_named
from activities.store.customers import (
    answer_searches,
    compose_again,
    contact_of,
    given_anew,
    mark_contact_invalid,
    rewrite_calls,
    tell_change,
)
from activities.store.events import add_event
from activities.store.lookup import lock_customer
from activities.store.marks import clear, mark_contact, open_marks
from activities.store.policies import latest
from activities.store.rates import check_late_rate
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.tables import Company, Contact, Customer, Staff
from models.tables.words import UnreachableCause

SHOWN: Final = frozenset(
    {
        *("name", "country", "zone", "language", "collector_email", "policy"),
        *("segment", "registration", "interest", "late_rate", "late_law"),
    }
)
"""Fields of a customer that a composed message or its moment depends on."""

PERSONAL: Final = frozenset({"name", "function", "email", "phone", "phone_kind", "hours"})
"""Fields whose values stay out of the journal: it is kept for ever, and people may ask to be forgotten."""


def create_customer(
    session: Session, company: Company, ref: str, told: Mapping[str, Any], now: datetime, who: str
) -> tuple[Customer, bool]:
    """Make a customer; return it, locked, and whether it is new. One of the same facts is known already.

    Args:
        session: the transaction.
        company: whose customer.
        ref: the company's own reference.
        told: values of other columns, checked; a country left out is the company's, others are empty. Of a
            customer that is known, only these are compared.
        now: business time.
        who: who makes it.

    Raises:
        Conflict: the reference is taken, with other facts; the text names the fields.
        InvalidFact: no such policy.
    """
    _check_policy(session, told)
    check_late_rate(session, company, told, now)
    made = session.exec(
        insert(Customer)
        .values(
            id=uuid4(), company_id=company.id, ref=ref, ledger_seq=0, **{"country": company.country, **told}
        )
        .on_conflict_do_nothing(index_elements=["company_id", "ref"])
        .returning(col(Customer.id))
    ).first()
    if made is None:
        known = session.exec(
            select(Customer.id).where(Customer.company_id == company.id, Customer.ref == ref)
        ).one()
        customer = lock_customer(session, known)
        other = sorted(name for name, value in told.items() if getattr(customer, name) != value)
        if other:
            raise Conflict(f"customer {ref!r} is known already, with another {', '.join(other)}")
        return customer, False
    customer = lock_customer(session, made[0])
    _ensure_staff(session, company.id, told)
    add_event(
        session,
        company_id=company.id,
        customer_id=customer.id,
        at=now,
        who=who,
        what="customer_created",
        detail={
            name: str(value) for name, value in told.items() if name not in PERSONAL and value is not None
        },
    )
    session.flush()
    return customer, True


def change_customer(
    session: Session, customer: Customer, told: Mapping[str, Any], now: datetime, who: str
) -> list[int]:
    """Write what changed of a locked customer; return the notes to deliver after the commit.

    Telling what is known changes nothing.

    Raises:
        InvalidFact: no such policy.
    """
    changed = {name: value for name, value in told.items() if getattr(customer, name) != value}
    if not changed:
        return []
    _check_policy(session, changed)
    company = session.get_one(Company, customer.company_id)
    known = {name: getattr(customer, name) for name in ("country", "segment", "late_law")}
    check_late_rate(session, company, known | changed, now)
    detail = _before_and_after(customer, changed)
    for name, value in changed.items():
        setattr(customer, name, value)
    _ensure_staff(session, customer.company_id, changed)
    why = f"the customer's {', '.join(sorted(changed))} changed"
    again = compose_again(session, customer, now, why, who) if SHOWN & changed.keys() else []
    return again + tell_change(session, customer, now, who, "customer_changed", detail)


def change_contact(
    session: Session,
    customer: Customer,
    contact_id: UUID,
    told: Mapping[str, Any],
    now: datetime,
    who: str,
) -> list[int]:
    """Correct somebody at a locked customer's; notes to deliver. An address corrected is in use again.

    What waited for an address goes on at once. The former address keeps what is marked of it.

    Raises:
        NotFound: nobody of this customer.
        InvalidFact: neither an e-mail address nor a number would be left.
        WrongState: somebody else of that role has the same addresses, or one of them is not to be written to.
    """
    contact = contact_of(session, customer, contact_id)
    changed = {name: value for name, value in told.items() if getattr(contact, name) != value}
    if not changed:
        return []
    if changed.get("known_by") is not None:
        named = colleague_named(session, customer.company_id, changed["known_by"], "known_by")
        changed["known_by"] = named
    after = {name: changed.get(name, getattr(contact, name)) for name in ("role", "email", "phone")}
    if after["email"] is None and after["phone"] is None:
        raise InvalidFact("email or phone: one of them is required")
    same = session.exec(
        select(Contact.id).where(
            Contact.customer_id == customer.id,
            Contact.id != contact.id,
            Contact.role == after["role"],
            col(Contact.email).is_not_distinct_from(after["email"]),
            col(Contact.phone).is_not_distinct_from(after["phone"]),
        )
    ).first()
    if same is not None:
        raise WrongState(f"another {after['role']} contact has these addresses already")
    detail = _before_and_after(contact, changed) | {"contact": str(contact.id)}
    for name, value in changed.items():
        setattr(contact, name, value)
    given = [changed[name] for name in ("email", "phone") if changed.get(name) is not None]
    if changed.keys() & {"email", "phone"}:
        contact.invalid_since = contact.invalid_reason = None
    if given:
        given_anew(open_marks(session, customer.id, given), now, who)
    if given and contact.opted_out_at is None:
        number = changed.get("phone") is not None
        answer_searches(session, customer, now, who, "a contact was corrected", number=number)
    elif given:
        # Whoever does not want to be contacted is not, wherever they can be reached now.
        mark_contact(session, contact, UnreachableCause.OPTED_OUT, now, who)
    if changed.keys() == {"known_by"}:
        # No message shows it.
        return tell_change(session, customer, now, who, "contact_changed", detail)
    again = compose_again(session, customer, now, "a contact changed", who)
    rewrite_calls(session, customer, now)
    return again + tell_change(session, customer, now, who, "contact_changed", detail)


def retire_contact(
    session: Session,
    customer: Customer,
    contact_id: UUID,
    now: datetime,
    who: str,
    *,
    reason: str | None = None,
) -> list[int]:
    """Take somebody out of use: invalid for `reason`, or, without one, opted out; the notes to deliver.

    The row stays: messages that left name it.

    Raises:
        NotFound: nobody of this customer.
        WrongState: out of use that way already.
    """
    contact = contact_of(session, customer, contact_id)
    if reason is None:
        if contact.opted_out_at is not None:
            raise WrongState(f"the contact opted out already, on {contact.opted_out_at.date()}")
        contact.opted_out_at = now
        mark_contact(session, contact, UnreachableCause.OPTED_OUT, now, who)
        what = "contact_opted_out"
        again = compose_again(session, customer, now, "a contact opted out", who)
    else:
        if contact.invalid_since is not None:
            raise WrongState(f"the contact is invalid already, since {contact.invalid_since.date()}")
        what = "contact_invalidated"
        _, again = mark_contact_invalid(session, customer, contact_id, reason, now, who)
    rewrite_calls(session, customer, now)
    return again + tell_change(session, customer, now, who, what, {"contact": str(contact.id)})


def reinstate_contact(
    session: Session, customer: Customer, contact_id: UUID, now: datetime, who: str, reason: str
) -> list[int]:
    """Take somebody into use again, with every address; what waited for one goes on. Notes to deliver.

    Raises:
        NotFound: nobody of this customer.
        WrongState: the contact is in use, and so are its addresses.
    """
    contact = contact_of(session, customer, contact_id)
    marks = open_marks(session, customer.id, (contact.email, contact.phone))
    if contact.opted_out_at is None and contact.invalid_since is None and not marks:
        raise WrongState("the contact is in use")
    contact.opted_out_at = None
    contact.invalid_since = contact.invalid_reason = None
    clear(marks, now, who, reason)
    found = contact.phone is not None
    answer_searches(session, customer, now, who, "a contact is in use again", number=found)
    rewrite_calls(session, customer, now, number_found=found)
    detail = {"contact": str(contact.id), "reason": reason}
    return tell_change(session, customer, now, who, "contact_reinstated", detail)


def _check_policy(session: Session, told: Mapping[str, Any]) -> None:
    if told.get("policy") is None:
        return
    try:
        latest(session, told["policy"])
    except NotFound as error:
        raise InvalidFact(f"policy: {error}") from None


def _ensure_staff(session: Session, company_id: UUID, told: Mapping[str, Any]) -> None:
    """Who is named as somebody's collector or sales representative works here, as after an import."""
    for column, role in (("collector_email", "collector"), ("sales_rep_email", "sales_rep")):
        email = told.get(column)
        if email is None:
            continue
        session.exec(
            insert(Staff)
            .values(id=uuid4(), company_id=company_id, email=email, name=email.partition("@")[0], role=role)
            .on_conflict_do_nothing(index_elements=["email"])
        )


def _before_and_after(row: Customer | Contact, changed: Mapping[str, Any]) -> dict[str, Any]:
    detail: dict[str, Any] = {"changed": sorted(changed)}
    for name, value in changed.items():
        if name not in PERSONAL:
            detail[name] = {"from": _plain(getattr(row, name)), "to": _plain(value)}
    return detail


def _plain(value: Any) -> Any:
    """As JSON has it: a rate as text, exact."""
    return str(value) if isinstance(value, Decimal) else value
