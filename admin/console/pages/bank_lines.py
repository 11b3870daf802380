"""Movements of the bank: those a person is asked about, and what she says they pay."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Final
from uuid import UUID

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from activities.store.bank_returned import TakesBack
from admin.console.allocating import Act, Decision, Moved, decide, effect_of
from admin.console.completing import Problem, amount_of
from admin.console.door import CompanyVisit, company_visit, form_of
from admin.console.render import url
from admin.console.words import word
from admin.queries.allocation import (
    LineWhole,
    Named,
    customer_named,
    customer_of_invoice,
    line_of,
    open_for_line,
    prefilled,
    returned_maybe,
    whole_line,
)
from admin.queries.bank_lines import BankLineFilter, BankLineRow, bank_lines
from admin.queries.cases import CaseFilter, list_cases
from admin.queries.customers import CustomerFilter, list_customers
from admin.queries.reading import snapshot
from admin.queries.search import SHORTEST
from models.errors import InvalidFact, NotFound, RelanceError
from models.tables.words import ApiRole, BankDirection, BankLineState
from rules.money import round_money

PAGE: Final = 50
FOUND: Final = 15
"""Customers that a search shows."""
PAY: Final = "pay."
_LISTS: Final = ("to_allocate", "unallocated", "booked", "ignored", "returned", "all")
_OPEN: Final = (BankLineState.NEW, BankLineState.PROPOSED, BankLineState.UNALLOCATED, BankLineState.BOOKED)


def line_list(request: Request) -> Response:
    """List movements of one state, the latest first; to begin with those a person has to see to."""
    at = company_visit(request)
    wanted = request.query_params.get("state", "")
    if wanted not in _LISTS:
        wanted = _LISTS[0]
    asked = BankLineFilter(
        limit=PAGE,
        after=request.query_params.get("after") or None,
        state=BankLineState(wanted) if wanted in list(BankLineState) else None,
        to_allocate=wanted == "to_allocate",
    )
    with snapshot(at.api.engine) as session:
        page = bank_lines(session, at.company_id, asked)
    return at.page.show(
        "bank_lines.html",
        page=page,
        state=wanted,
        states=_LISTS,
    )


def line_of_task(request: Request) -> Response:
    """Go to the line that a task asks about."""
    at = company_visit(request)
    with snapshot(at.api.engine) as session:
        found = line_of(session, at.company_id, request.path_params["task_id"])
    return RedirectResponse(url(at.ref, "bank-lines", found), 303)


def line_page(request: Request) -> Response:
    """Show one line: what it may pay, and the forms to say so."""
    at = company_visit(request)
    return _show(at, request.path_params["line_id"], _shown(request.query_params))


def decide_line(request: Request) -> Response:
    """Show what a decision would change, then do it; what cannot be stays on the form."""
    at = company_visit(request, ApiRole.COLLECTOR)
    fields = _shown(form_of(request, at.visit.token))
    line_id: UUID = request.path_params["line_id"]
    step = fields.get("step")
    if step == "edit":
        return _show(at, line_id, fields)
    with snapshot(at.api.engine) as session:
        line = whole_line(session, at.company_id, line_id)
    try:
        decision = _read(fields, at.visit.user.language)
        if step == "confirm":
            decide(at, line_id, decision, fields.get("seen", ""))
            at.tell(word(at.visit.user.language, f"bank_line.done.{decision.act}"))
            return RedirectResponse(url(at.ref, "bank-lines"), 303)
        effect = effect_of(at, line_id, decision)
    except Moved:
        return _moved(at, line_id, decision)
    except NotFound as error:
        # What was typed is not there: the form comes back. The line itself was found above.
        return _show(at, line_id, fields, Problem("", str(error)))
    except RelanceError as error:
        name, colon, rule = str(error).partition(": ")
        where = name if colon and (name in _FIELDS or f"{PAY}{name}" in fields) else ""
        return _show(at, line_id, fields, Problem(where, rule if where else str(error)))
    return at.page.show(
        "bank_line_effect.html",
        whole=line,
        decision=decision,
        effect=effect,
        carried={name: value for name, value in fields.items() if name not in ("csrf", "step", "seen")},
    )


_FIELDS: Final = (
    "customer",
    "reason",
    "invoice",
    "line",
    "elsewhere",
    "other_invoice",
    "other_amount",
    "amount",
)


def _moved(at: CompanyVisit, line_id: UUID, decision: Decision) -> Response:
    """Somebody decided meanwhile: whoever sent the form twice is told so, all others see how it stands."""
    with snapshot(at.api.engine) as session:
        row = whole_line(session, at.company_id, line_id).row
    if row.decided_by == at.visit.who and _is_done(row, decision):
        at.tell(word(at.visit.user.language, "recorded.again", next="").strip())
        return RedirectResponse(url(at.ref, "bank-lines"), 303)
    return _show(at, line_id, {}, Problem("moved", ""))


def _is_done(row: BankLineRow, decision: Decision) -> bool:
    if decision.act is Act.RETURN:
        return row.state == BankLineState.RETURNED
    if decision.act is Act.ASIDE:
        return row.state == BankLineState.IGNORED and row.reason == decision.reason
    booked = {part.invoice: part.amount for part in row.booked if part.invoice is not None}
    return row.state in _OPEN and booked == dict(decision.amounts)


def _read(fields: Mapping[str, str], language: str) -> Decision:
    """What somebody says of a line.

    Raises:
        InvalidFact: a field that cannot be read; the text begins with its name.
    """
    act = fields.get("act", "")
    if act not in list(Act):
        raise InvalidFact("act: nothing that can be said of a line")
    if act == Act.ASIDE:
        return Decision(Act.ASIDE, reason=fields.get("reason", "").strip()[:300])
    if act == Act.RETURN:
        return Decision(Act.RETURN, takes_back=_takes_back(fields))
    amounts: dict[str, Decimal] = {}
    for name, text in fields.items():
        if name.startswith(PAY) and text.strip():
            number = name.removeprefix(PAY)
            amounts[number] = _amount(number, text, language)
    other = fields.get("other_invoice", "").strip()
    if other:
        if other in amounts:
            raise InvalidFact(f"other_invoice: {other!r} is named twice")
        amounts[other] = _amount("other_amount", fields.get("other_amount", ""), language)
    return Decision(
        Act.ALLOCATE,
        {number: amount for number, amount in amounts.items() if amount},
        fields.get("customer", "").strip()[:200] or None,
    )


def _amount(name: str, text: str, language: str) -> Decimal:
    try:
        return amount_of(text, language)
    except InvalidFact as error:
        raise InvalidFact(f"{name}: {str(error).removeprefix('amount: ')}") from None


def _shown(fields: Mapping[str, str]) -> dict[str, str]:
    """Fields without what cannot be seen: the ledger has no place for it."""
    return {
        "".join(filter(str.isprintable, name)): "".join(filter(str.isprintable, value))
        for name, value in fields.items()
    }


def _amount_text(language: str, currency: str, amount: Decimal) -> str:
    """An amount as it is typed: `amount_of` reads it back."""
    return f"{round_money(amount, currency):f}".replace(".", "," if language == "fr" else ".")


def _takes_back(fields: Mapping[str, str]) -> TakesBack:
    back = fields.get("back", "")
    if back in ("", "invoice", "elsewhere"):
        told = fields.get(back, "").strip()[:300] if back else ""
        if not told:
            raise InvalidFact(f"{back or 'line'}: what does it take back?")
        payment = fields.get("payment_event_id", "").strip()[:200] or None
        return (
            TakesBack(invoice=told, payment_event_id=payment)
            if back == "invoice"
            else TakesBack(elsewhere=told)
        )
    try:
        return TakesBack(line=UUID(back))
    except ValueError:
        raise InvalidFact("line: no such line") from None


def _show(
    at: CompanyVisit, line_id: UUID, fields: Mapping[str, str], problem: Problem | None = None
) -> Response:
    with snapshot(at.api.engine) as session:
        line = whole_line(session, at.company_id, line_id)
        can_put = _can_put(line)
        can_return = line.is_return and line.row.state in (BankLineState.NEW, BankLineState.PROPOSED)
        customer = _customer(session, at, fields, line.row) if can_put else None
        invoices = open_for_line(session, at.company_id, customer.ref, line.row) if customer else []
        found = _found(session, at, fields.get("q", "")) if can_put else []
        maybe = returned_maybe(session, at.company_id, line.row) if can_return else []
    typed = {name: value for name, value in fields.items() if name not in ("csrf", "step")}
    return at.page.show(
        "bank_line.html",
        422 if problem else 200,
        whole=line,
        customer=customer,
        invoices=invoices,
        prefilled=prefilled(line.row, invoices),
        amount_text=partial(_amount_text, at.visit.user.language, line.row.currency),
        found=found,
        maybe=maybe,
        q=fields.get("q", "")[:100],
        typed=typed if "act" in typed else {},
        problem=problem,
        can_act=at.visit.may(ApiRole.COLLECTOR),
        can_put=can_put,
        can_return=can_return,
        shortest=SHORTEST,
    )


def _can_put(line: LineWhole) -> bool:
    by_hand = line.row.state == BankLineState.IGNORED and line.row.decided_by is not None
    return line.row.direction == BankDirection.IN and (line.row.state in _OPEN or by_hand)


def _customer(
    session: Session, at: CompanyVisit, fields: Mapping[str, str], line: BankLineRow
) -> Named | None:
    """Whose invoices to show: the one asked for, else the line's, else that of the best proposal."""
    ref = fields.get("customer") or line.customer
    if ref:
        return customer_named(session, at.company_id, ref)
    numbers = [part.invoice for proposal in line.proposals for part in proposal.allocations if part.invoice]
    return customer_of_invoice(session, at.company_id, numbers[0]) if numbers else None


def _found(session: Session, at: CompanyVisit, q: str) -> list[Named]:
    """Customers by name, reference, or the number of an open invoice."""
    wanted = q.strip()[:100]
    if len(wanted) < SHORTEST:
        return []
    now = at.api.clock.now()
    found: dict[str, str] = {}
    cases = list_cases(
        session, at.visit.user.holder, CaseFilter(company=at.ref, q=wanted, limit=PAGE), now
    ).items
    for case in cases:
        found.setdefault(case.customer, case.customer_name)
    for each in list_customers(session, at.company_id, CustomerFilter(q=wanted, limit=FOUND), now).items:
        found.setdefault(each.ref, each.name)
    return [Named(ref=ref, name=name) for ref, name in list(found.items())[:FOUND]]
