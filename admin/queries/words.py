"""The journal in plain words: one sentence for each kind of line, in English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from models.ids import CaseSignal
from models.tables.words import DisputeCause
from rules.decide import State
from rules.lifecycle import STATUSES
from rules.money import UnknownCurrency, round_money

Detail: TypeAlias = Mapping[str, Any]
Sentence: TypeAlias = str | Callable[[Detail], str]


def in_words(what: str, detail: Detail, why: str | None, currency: str | None = None) -> str:
    """One line of the journal as a person would say it, with its reason where it has one.

    `currency` is the invoice's, in which the amounts of its facts are.
    """
    detail = _written_out(detail, detail.get("currency") or currency)
    sentence = SENTENCES.get(what)
    if sentence is None:
        told = what.replace("_", " ").capitalize()
    else:
        told = sentence if isinstance(sentence, str) else sentence(detail)
    return f"{told}: {why}" if why else told


def _written_out(detail: Detail, currency: str | None) -> Detail:
    """The detail with its amounts at the decimals of their currency: kept as 20, said as 20.00 EUR."""
    if currency is None:
        return detail
    told = dict(detail)
    for name in _AMOUNTS:
        if told.get(name) is not None:
            told[name] = f"{_exact(told[name], currency)} {currency}"
    if told.get("instalments"):
        told["instalments"] = [
            {**part, "amount": f"{_exact(part['amount'], currency)} {currency}"}
            for part in told["instalments"]
        ]
    return told


_AMOUNTS: Final = ("amount", "credited", "total")


def _exact(amount: object, currency: str) -> str:
    try:
        return str(round_money(Decimal(str(amount)), currency))
    except (InvalidOperation, UnknownCurrency):
        # A line that was written is shown as it is, whatever it holds.
        return str(amount)


def _payment(detail: Detail) -> str:
    on = f" on {detail['received_on']}" if detail.get("received_on") else ""
    return f"Payment of {detail.get('amount')} received{on}"


def _kept(detail: Detail) -> str:
    return f"{detail.get('amount')} {detail.get('currency') or ''} received and kept as credit".replace(
        "  ", " "
    )


def _cancelled(detail: Detail) -> str:
    number = f" {detail['number']}" if detail.get("number") else ""
    return f"The credit{number} of {detail.get('amount')} does not stand any more: its payment went back"


def _early(detail: Detail) -> str:
    if detail.get("percent") is None:
        return "No discount for paying early any more"
    return f"{detail['percent']} % are let off if it is paid by {detail.get('until')}"


def _einvoice(detail: Detail) -> str:
    name = STATUSES.get(str(detail.get("code")), ("of another kind",))[0]
    return f"The platform says of the electronic invoice: {name} ({detail.get('code')})"


def _reversed(detail: Detail) -> str:
    on = f" on {detail['reversed_on']}" if detail.get("reversed_on") else ""
    return f"A payment was returned{on}"


def _claimed(detail: Detail) -> str:
    on = f" on {detail['paid_on']}" if detail.get("paid_on") else ""
    return f"The customer says it paid{on}"


def _credit(detail: Detail) -> str:
    number = f" {detail['number']}" if detail.get("number") else ""
    return f"Credit note{number} of {detail.get('amount')} issued"


def _dispute(detail: Detail) -> str:
    how_much = f"{detail['amount']} of it" if detail.get("amount") else "all of it"
    cause = f" ({_spaced(detail['cause'])})" if detail.get("cause") else ""
    return f"The customer contests {how_much}{cause}"


def _resolved(detail: Detail) -> str:
    credited = f"{detail['credited']} credited" if detail.get("credited") else "nothing credited"
    return f"Dispute resolved, {credited}"


def _plan(detail: Detail) -> str:
    parts = detail.get("instalments") or ()
    told = ", ".join(f"{part['amount']} by {part['due_on']}" for part in parts[:12])
    more = f" and {len(parts) - 12} more" if len(parts) > 12 else ""
    word = "Promise to pay" if len(parts) == 1 else "Payment plan"
    return f"{word} agreed: {told}{more}" if told else "Payment plan agreed"


def _hold(detail: Detail) -> str:
    named = detail.get("invoices") or ()
    about = f" until {', '.join(named)} are paid" if named else " until this invoice is paid"
    return f"Deliveries stopped{about}"


def _paused(detail: Detail) -> str:
    until = f" until {detail['until']}" if detail.get("until") else " until resumed"
    reason = f": {detail['reason']}" if detail.get("reason") else ""
    return f"Paused{until}{reason}"


def _changed(detail: Detail) -> str:
    parts = [
        f"{name.replace('_', ' ')} {detail[name]}"
        for name in ("total", "issued_on", "due_on", "replaced_by")
        if detail.get(name) is not None
    ]
    return f"Invoice corrected: {', '.join(parts)}" if parts else "Invoice corrected"


def _was(detail: Detail) -> str:
    return (
        f"Before: total {detail.get('total')}, issued {detail.get('issued_on')}, due {detail.get('due_on')}"
    )


def _policy(detail: Detail) -> str:
    return f"Policy changed from {detail.get('from')} to {detail.get('to')}"


def _closed(detail: Detail) -> str:
    return f"Closed by a person: {detail.get('reason')}"


def _fact_withdrawn(detail: Detail) -> str:
    amount = f" of {detail['amount']}" if detail.get("amount") else ""
    return f"Withdrawn, told by mistake: {_spaced(str(detail.get('withdrawn')))}{amount}"


def _task_done(detail: Detail) -> str:
    return f"A task was completed: {_spaced(str(detail.get('outcome') or 'done'))}"


def _opened(detail: Detail) -> str:
    return f"Case opened under policy {detail.get('policy')}"


def _imported(detail: Detail) -> str:
    place = f"{detail.get('file')}, line {detail.get('line')}"
    return f"Imported from {place}, under policy {detail.get('policy')}"


def _withdrawn(detail: Detail) -> str:
    return f"What was composed for {_spaced(str(detail.get('step')))} was withdrawn"


def _rejected(detail: Detail) -> str:
    return f"A fact could not be recorded ({detail.get('signal')})"


def _message(told: str) -> Sentence:
    def sentence(detail: Detail) -> str:
        kind, channel = _spaced(str(detail.get("kind"))), detail.get("channel")
        return f"{kind.capitalize()} by {channel} {told}"

    return sentence


def _case(told: str) -> Sentence:
    def sentence(detail: Detail) -> str:
        step = f" ({_spaced(str(detail['next']))})" if detail.get("next") else ""
        return f"{told}{step}"

    return sentence


def _reply(detail: Detail) -> str:
    by = "text message" if detail.get("channel") == "sms" else "e-mail"
    told = {
        "answer": f"The customer answered by {by}",
        "automatic": f"An automatic answer came by {by}",
        "bounce": f"A mail server returned an {by}",
        "opt_out": f"No more text messages wanted, said by {by}",
        "own": f"A colleague wrote to the customer by {by}",
    }.get(str(detail.get("kind")), f"Something came by {by}")
    return f"{told}; paused until {detail['until']}" if detail.get("until") else told


def _spaced(word: str) -> str:
    return word.replace("_", " ")


SENTENCES: Final[Mapping[str, Sentence]] = {
    CaseSignal.PAYMENT_RECEIVED: _payment,
    CaseSignal.PAYMENT_REVERSED: _reversed,
    CaseSignal.PAYMENT_CLAIMED: _claimed,
    CaseSignal.CREDIT_NOTE_ISSUED: _credit,
    CaseSignal.DISPUTE_OPENED: _dispute,
    CaseSignal.DISPUTE_RESOLVED: _resolved,
    CaseSignal.PAYMENT_PLAN_AGREED: _plan,
    CaseSignal.PAYMENT_PLAN_CANCELLED: "Payment plan cancelled",
    CaseSignal.DELIVERY_HOLD_PLACED: _hold,
    CaseSignal.DELIVERY_HOLD_RELEASED: "Deliveries go on",
    CaseSignal.PAUSED: _paused,
    CaseSignal.RESUMED: "Resumed",
    CaseSignal.INVOICE_CHANGED: _changed,
    CaseSignal.POLICY_CHANGED: "Another policy was asked for",
    CaseSignal.INSOLVENCY_OPENED: "Insolvency proceedings opened: all contact stops",
    CaseSignal.TASK_COMPLETED: _task_done,
    CaseSignal.CLOSED: _closed,
    CaseSignal.FACT_WITHDRAWN: _fact_withdrawn,
    "credit_kept": _kept,
    "credit_cancelled": _cancelled,
    "credit_moved": "A payment that was kept as credit was allocated otherwise",
    "bank_line_allocated": "A person said what a bank line pays",
    "step_vetoed": "The sales representative asked to wait",
    "veto_overruled": "The manager overruled: the step waits no longer",
    "task_sales_veto": "The sales representative is asked about a step",
    "bank_line_set_aside": "A person set a bank line aside",
    "einvoice_read": "Read from an electronic invoice",
    "einvoice_status": _einvoice,
    "discount": _early,
    "opened": _opened,
    "imported": _imported,
    "reopened": "Reopened",
    "policy": _policy,
    "invoice_was": _was,
    "contact_withdrawn": _withdrawn,
    "contact_added": "A contact was added",
    "contact_changed": "A contact was corrected",
    "contact_invalidated": "A contact is not used any more",
    "contact_opted_out": "A contact does not want to be written to or called",
    "contact_reinstated": "A contact is used again",
    "address_marked": "An address is not used any more",
    "address_cleared": "An address is used again",
    "address_recorded": "The address for letters was recorded",
    "company_changed": "The company was corrected",
    "customer_changed": "The customer was corrected",
    "phone_invalid": "A telephone number is not used any more",
    "customer_created": "The customer was entered",
    "task_reassigned": "A task went to somebody else",
    "rejected": _rejected,
    "reply_received": _reply,
    "reply_dismissed": "A reply was put aside",
    "stopped_do_not_contact": "All contact stopped: the customer must not be contacted",
    "stopped_represented_by_lawyer": "All contact stopped: the customer is represented by a lawyer",
    "lifted_do_not_contact": "The customer may be contacted again",
    "lifted_represented_by_lawyer": "The customer may be contacted again: no lawyer any more",
    "message_sent": _message("left"),
    "message_withheld": _message("was withheld"),
    "message_refused": _message("was refused by the provider"),
    "message_uncertain": _message("may or may not have left"),
    "message_proved": _message("had left, as its provider proves"),
    "registered_letter_handed": "The registered letter went to its provider",
    "registered_letter_kept_back": "The registered letter was not given to its provider",
    "message_possible_double": _message("may have been received twice"),
    "message_returned": _message("did not arrive"),
    f"case_{State.WAITING}": _case("Waits for its next step"),
    f"case_{State.DUE}": _case("Its step is due"),
    f"case_{State.AWAITING_APPROVAL}": _case("Waits for an approval"),
    f"case_{State.AWAITING_PERSON}": _case("Waits for a person"),
    f"case_{State.AWAITING_BANK}": _case("Waits for a bank file"),
    f"case_{State.SUSPENDED}": _case("Suspended"),
    f"case_{State.WITHHELD}": _case("Withheld"),
    f"case_{State.PAUSED}": "Paused",
    f"case_{State.STOPPED}": "Stopped",
    f"case_{State.BELOW_MINIMUM}": "Too little is owed to be chased",
    f"case_{State.LADDER_DONE}": "Every step is done",
    f"case_{State.CLOSED}": "Closed",
    "task_broken_promise": "A person is asked about a broken promise",
    "task_claim_not_found": "A person is asked about a payment that has not come",
    "task_call_overdue": "The credit manager is told of a call not made",
    "task_notice_call": "A person is asked to call about the formal notice",
    "task_decision": "The credit manager is asked to decide what follows",
}
"""A sentence for each `what` of the journal; tests hold that none is missing."""

CAUSES: Final[Mapping[DisputeCause, str]] = {
    DisputeCause.NOT_RECEIVED: "Goods, service or invoice not received",
    DisputeCause.ORDER_NUMBER_MISSING: "Order number missing on the invoice",
    DisputeCause.WRONG_ENTITY: "Invoice made out to the wrong entity",
    DisputeCause.PRICE: "Price differs from the order",
    DisputeCause.QUANTITY: "Quantity differs from the delivery",
    DisputeCause.QUALITY: "Quality contested",
    DisputeCause.CREDIT_NOTE_DUE: "A credit note is awaited",
    DisputeCause.NOT_APPROVED: "Not approved yet at the customer's",
    DisputeCause.PAYMENT_RUN: "Waits for the customer's payment run",
    DisputeCause.CASH_DIFFICULTY: "Cash difficulties",
    DisputeCause.OVERSIGHT: "An oversight",
    DisputeCause.OTHER: "Another cause",
}
"""Why customers contest or are late, as forms show it."""
