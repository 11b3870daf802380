"""What an act is about: a case or a customer as it stands, and the earlier fact or the person it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlmodel import Session

from activities.store.policies import current_policies
from admin.console.acts.forms import Act, Kind
from admin.console.door import CompanyVisit
from admin.console.render import url
from admin.console.words import word
from admin.queries.case import CasePage, case_of_number, get_case
from admin.queries.customer import CustomerPage, Person, customer_of_ref, get_customer
from admin.queries.reading import snapshot
from admin.queries.standing import FactStanding, HoldInForce, facts_standing, holds_in_force
from admin.queries.suspensions import suspensions_told
from models.errors import NotFound
from models.ids import CaseSignal
from rules.facts import StopReason
from rules.ledger import NOTHING

WITHDRAWN_BY: Final[Mapping[str, str]] = {
    CaseSignal.PAYMENT_RECEIVED: "reversal",
    CaseSignal.PAYMENT_PLAN_AGREED: "cancel_plan",
    CaseSignal.DISPUTE_OPENED: "resolution",
    CaseSignal.PAUSED: "resume",
    CaseSignal.DELIVERY_HOLD_PLACED: "release",
    CaseSignal.POLICY_CHANGED: "policy",
    CaseSignal.PAYMENT_CLAIMED: "retract",
    CaseSignal.CREDIT_NOTE_ISSUED: "retract",
    CaseSignal.INVOICE_CHANGED: "retract",
    CaseSignal.CLOSED: "reopen",
}
"""The act of a case that takes a fact back. Insolvency is the customer's, and taken back there."""

INSOLVENCY: Final = StopReason.INSOLVENCY.value
"""What is withdrawn of a customer under that name: there is one at a time."""

_MANNED: Final = ("correct", "invalid", "opt_out", "reinstate", "works")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act is about. `number` is the case's, None for a customer as a whole."""

    customer: str
    customer_name: str
    url: str
    act_url: str
    number: str | None = None
    currency: str = ""
    owed: Decimal = NOTHING
    of: str = ""
    fact: FactStanding | None = None
    person: Person | None = None
    hold: HoldInForce | None = None
    withdraws: bool = False
    left: datetime | None = None
    """When a message left that rests on the fact to be withdrawn: then it cannot be."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """What the form begins with."""
    invoices: tuple[str, ...] = ()
    policies: Mapping[str, str] = field(default_factory=dict)


def case_subject(at: CompanyVisit, number: str, act: Act, typed: Mapping[str, str]) -> Subject:
    """A case for an act; NotFound for a case, or an earlier fact, that is not there."""
    now, of = at.api.clock.now(), _clean(typed.get("of", ""))
    with snapshot(at.api.engine, of_one=True) as session:
        found = case_of_number(session, at.company_id, at.ref, number)
        case = get_case(session, at.company_id, at.ref, number, at.api.settings, now)
        facts = facts_standing(session, found, now)
        policies = _policies(session, case) if act.name == "policy" else {}
    fact = next((each for each in facts if each.event_id == of), None) if of else None
    withdraws = bool(typed.get("withdraw"))
    if (act.of or withdraws) and fact is None:
        raise NotFound("no such fact")
    if withdraws and fact is not None:
        if WITHDRAWN_BY.get(fact.kind) != act.name:
            raise NotFound("no such fact to withdraw")
        if act.name == "policy" and fact.former is not None:
            policies = {fact.former: fact.former}
    return Subject(
        customer=case.customer,
        customer_name=case.customer_name,
        url=url(at.ref, "cases", number),
        act_url=url(at.ref, "cases", number, "act", act.name),
        number=number,
        currency=case.balance.currency,
        owed=case.balance.outstanding,
        of=of,
        fact=fact,
        withdraws=withdraws,
        left=fact.left_at if withdraws and fact is not None else None,
        typed=_to_withdraw(at, fact) if withdraws and fact is not None else {},
        policies=policies,
    )


def _to_withdraw(at: CompanyVisit, fact: FactStanding) -> dict[str, str]:
    typed = {"note": word(at.visit.user.language, "act.withdraw.note")}
    return {**typed, "policy": fact.former} if fact.former is not None else typed


def _policies(session: Session, case: CasePage) -> dict[str, str]:
    """Title by key, without the edition that the case has already."""
    return {
        key: policy.title
        for key, policy in current_policies(session).items()
        if f"{key}@{policy.version}" != case.policy
    }


def customer_subject(at: CompanyVisit, ref: str, act: Act, typed: Mapping[str, str]) -> Subject:
    """A customer for an act; NotFound for a customer, or what the act is about, that is not there."""
    now, of = at.api.clock.now(), _clean(typed.get("of", ""))
    hold: HoldInForce | None = None
    with snapshot(at.api.engine, of_one=True) as session:
        customer = get_customer(session, at.company_id, at.ref, ref, at.api.settings, now)
        if act.name == "release":
            hold = _hold(session, at, ref, of)
        if act.name == "go_on" and not any(
            str(each.id) == of and each.customer == ref for each in suspensions_told(session, at.company_id)
        ):
            raise NotFound("no such suspension")
    if act.name == "no_insolvency" and of != INSOLVENCY:
        raise NotFound("no such stop")
    person = _person(customer, of) if act.name in _MANNED else None
    if act.of and not of:
        raise NotFound("it must be said of what")
    return Subject(
        customer=ref,
        customer_name=customer.name,
        url=url(at.ref, "customers", ref),
        act_url=url(at.ref, "customers", ref, "act", act.name),
        of=of,
        person=person,
        hold=hold,
        typed=_known(act, person),
        invoices=tuple(item.invoice for item in customer.items if item.outstanding > 0),
    )


def _hold(session: Session, at: CompanyVisit, ref: str, of: str) -> HoldInForce:
    """The customer's hold in force that this event placed; NotFound when there is none."""
    found = customer_of_ref(session, at.company_id, at.ref, ref)
    for hold in holds_in_force(session, found.id, found.calendar):
        if hold.event_id == of:
            return hold
    raise NotFound("no such hold")


def _person(customer: CustomerPage, of: str) -> Person:
    for person in customer.contacts:
        if str(person.id) == of:
            return person
    raise NotFound("no such contact")


def _known(act: Act, person: Person | None) -> dict[str, str]:
    """What is known of a person, for the form that corrects it."""
    if act.name != "correct" or person is None:
        return {}
    found: dict[str, str] = {}
    for each in act.fields:
        value = getattr(person, each.name)
        if each.kind is Kind.TICK:
            value = "1" if value else None
        if value is not None:
            found[each.name] = str(value)
    return found


def _clean(text: str) -> str:
    return text if text.isprintable() and len(text) <= 500 else ""
