"""What can be told of a case: money, what the customer says, what our own people decide."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from admin.api.facts import customers, disputes, money, promises, steering
from admin.console.acts.forms import Act, Asked, Field, Kind
from admin.queries.case import CasePage
from models.tables.words import ApiRole, DisputeCause

_NOTE: Final = Field("note", Kind.LONG)


def _payment(asked: Asked) -> object:
    body = money.PaymentIn(currency=asked.currency, **asked.told)
    return money.record_payment(asked.access, asked.invoice, body, asked.api, asked.changes)


def _reversal(asked: Asked) -> object:
    number, of = asked.invoice, asked.of
    body = money.ReversalIn(**asked.told)
    return money.reverse_payment(asked.access, number, of, body, asked.api, asked.changes)


def _credit_note(asked: Asked) -> object:
    body = money.CreditNoteIn(currency=asked.currency, **asked.told)
    return money.record_credit_note(asked.access, asked.invoice, body, asked.api, asked.changes)


def _claim(asked: Asked) -> object:
    body = promises.ClaimIn(**asked.told)
    return promises.record_payment_claim(asked.access, asked.invoice, body, asked.api, asked.changes)


def _promise(asked: Asked) -> object:
    body = promises.PromiseIn(**asked.told)
    return promises.record_promise(asked.access, asked.invoice, body, asked.api, asked.changes)


def _plan(asked: Asked) -> object:
    body = promises.PlanIn(**asked.told)
    return promises.agree_plan(asked.access, asked.invoice, body, asked.api, asked.changes)


def _cancel_plan(asked: Asked) -> object:
    number, of = asked.invoice, asked.of
    body = promises.CancellationIn(**asked.told)
    return promises.cancel_plan(asked.access, number, of, body, asked.api, asked.changes)


def _dispute(asked: Asked) -> object:
    body = disputes.DisputeIn(**asked.told)
    return disputes.open_dispute(asked.access, asked.invoice, body, asked.api, asked.changes)


def _resolution(asked: Asked) -> object:
    number, of = asked.invoice, asked.of
    body = disputes.ResolutionIn(**asked.told)
    return disputes.resolve_dispute(asked.access, number, of, body, asked.api, asked.changes)


def _pause(asked: Asked) -> object:
    body = steering.PauseIn(**asked.told)
    return steering.pause_case(asked.access, asked.invoice, body, asked.api, asked.changes)


def _resume(asked: Asked) -> object:
    body = steering.ResumptionIn(**asked.told)
    return steering.resume_case(asked.access, asked.invoice, body, asked.api, asked.changes)


def _policy(asked: Asked) -> object:
    told = dict(asked.told)
    # What is withdrawn goes back to the edition it had, not to the latest one.
    key, _, version = str(told.pop("policy", "")).partition("@")
    body = steering.PolicyIn(policy=key, version=int(version) if version.isdecimal() else None, **told)
    return steering.change_case_policy(asked.access, asked.invoice, body, asked.api, asked.changes)


def _correction(asked: Asked) -> object:
    body = steering.ChangeIn(**asked.told)
    return steering.change_invoice(asked.access, asked.invoice, body, asked.api, asked.changes)


def _close(asked: Asked) -> object:
    body = steering.ClosingIn(**asked.told)
    return steering.close_case(asked.access, asked.invoice, body, asked.api, asked.changes)


def _retract(asked: Asked) -> object:
    number, of = asked.invoice, asked.of
    body = steering.WithdrawalIn(**asked.told)
    return steering.withdraw_fact(asked.access, number, of, body, asked.api, asked.changes)


def _reopen(asked: Asked) -> object:
    body = steering.WithdrawalIn(**asked.told)
    return steering.reopen_case(asked.access, asked.invoice, body, asked.api, asked.changes)


def _release(asked: Asked) -> object:
    body = customers.ReleaseIn(**asked.told)
    return customers.release_delivery_hold(asked.access, asked.customer, asked.of, body, asked.changes)


ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        act.name: act
        for act in (
            Act(
                "payment",
                "record_payment",
                (
                    Field("amount", Kind.AMOUNT, required=True),
                    Field("received_on", Kind.DAY),
                    Field("reference"),
                    _NOTE,
                ),
                _payment,
                undone_by="reversal",
            ),
            Act(
                "claim",
                "record_payment_claim",
                (Field("paid_on", Kind.DAY), _NOTE),
                _claim,
                undone_by="retract",
            ),
            Act(
                "promise",
                "record_promise",
                (Field("promised_on", Kind.DAY, required=True), _NOTE),
                _promise,
                undone_by="cancel_plan",
            ),
            Act(
                "plan",
                "agree_plan",
                (Field("instalments", Kind.ROWS, required=True), _NOTE),
                _plan,
                undone_by="cancel_plan",
            ),
            Act(
                "dispute",
                "open_dispute",
                (
                    Field("amount", Kind.AMOUNT),
                    Field("cause", Kind.CHOICE, choices=tuple(DisputeCause), words="cause"),
                    _NOTE,
                ),
                _dispute,
                undone_by="resolution",
            ),
            Act(
                "credit_note",
                "record_credit_note",
                (
                    Field("amount", Kind.AMOUNT, required=True),
                    Field("number"),
                    Field("issued_on", Kind.DAY),
                    _NOTE,
                ),
                _credit_note,
                undone_by="retract",
            ),
            Act(
                "pause",
                "pause_case",
                (Field("reason", Kind.LONG, required=True), Field("until", Kind.DAY), _NOTE),
                _pause,
                undone_by="resume",
            ),
            Act("resume", "resume_case", (_NOTE,), _resume),
            Act(
                "correction",
                "change_invoice",
                (
                    Field("total", Kind.AMOUNT),
                    Field("issued_on", Kind.DAY),
                    Field("due_on", Kind.DAY),
                    Field("order_ref"),
                    Field("replaced_by"),
                    _NOTE,
                ),
                _correction,
                undone_by="retract",
            ),
            Act(
                "policy",
                "change_case_policy",
                (Field("policy", Kind.CHOICE, required=True), _NOTE),
                _policy,
                ApiRole.MANAGER,
                undone_by="policy",
            ),
            Act(
                "close",
                "close_case",
                (Field("reason", Kind.LONG, required=True), _NOTE),
                _close,
                ApiRole.MANAGER,
                undone_by="reopen",
            ),
            Act("reversal", "reverse_payment", (Field("reversed_on", Kind.DAY), _NOTE), _reversal, of=True),
            Act("cancel_plan", "cancel_plan", (_NOTE,), _cancel_plan, of=True),
            Act(
                "resolution",
                "resolve_dispute",
                (Field("credited", Kind.AMOUNT), _NOTE),
                _resolution,
                of=True,
            ),
            Act("retract", "withdraw_fact", (_NOTE,), _retract, of=True),
            Act("reopen", "reopen_case", (_NOTE,), _reopen, ApiRole.MANAGER, of=True),
            Act("release", "release_delivery_hold", (_NOTE,), _release, of=True),
        )
    }
)
"""By name, in the order they are offered."""

_AFTER_THE_END: Final = ("payment", "credit_note", "correction")
"""What is told of a closed case too: money that came late, a credit, what was wrong on the invoice."""


def offered(case: CasePage) -> list[Act]:
    """What can be told of a case as it stands. What is about an earlier fact stands beside that."""
    names = [act.name for act in ACTS.values() if not act.of]
    if case.closed_at is not None:
        names = [name for name in names if name in _AFTER_THE_END]
    elif not any(pause.ended_at is None for pause in case.pauses):
        names.remove("resume")
    return [ACTS[name] for name in names]
