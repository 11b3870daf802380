"""What can be told of a customer as a whole: holds, stops, suspensions, the people there, the address."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast
from uuid import UUID

from admin.api.facts import customers
from admin.api.masters import contacts, suspensions
from admin.api.masters import customers as masters
from admin.console.acts.forms import Act, Asked, Field, Kind
from models.errors import NotFound
from models.tables.words import ApiRole
from rules.facts import Role, SuspensionScope

_NOTE: Final = Field("note", Kind.LONG)
_REASON: Final = Field("reason", Kind.LONG, required=True)
_LANGUAGES: Final = ("fr", "en")
CHANNELS: Final = ("email", "sms", "phone")
_PERSON: Final = (
    Field("name"),
    Field("function"),
    Field("email"),
    Field("phone"),
    Field("hours"),
    Field("language", Kind.CHOICE, choices=_LANGUAGES, words="act.language"),
    Field("preference"),
    Field("known_by", Kind.COLLEAGUE),
    Field("in_copy", Kind.TICK),
)
_ROLE: Final = Field("role", Kind.CHOICE, required=True, choices=tuple(Role), words="role")


def _hold(asked: Asked) -> object:
    body = customers.HoldIn(**asked.told)
    return customers.place_delivery_hold(asked.access, asked.customer, body, asked.changes)


def _release(asked: Asked) -> object:
    body = customers.ReleaseIn(**asked.told)
    return customers.release_delivery_hold(asked.access, asked.customer, asked.of, body, asked.changes)


def _stop(asked: Asked) -> object:
    body = customers.StopIn(**asked.told)
    return customers.stop_all_contact(asked.access, asked.customer, body, asked.changes)


def _lift(asked: Asked) -> object:
    if asked.of not in list(customers.Stop):
        raise NotFound(f"no stop {asked.of!r}")
    return customers.lift_contact_stop(asked.access, asked.customer, customers.Stop(asked.of), asked.changes)


def _insolvency(asked: Asked) -> object:
    body = customers.InsolvencyIn(**asked.told)
    return customers.record_insolvency(asked.access, asked.customer, body, asked.changes)


def _no_insolvency(asked: Asked) -> object:
    body = customers.InsolvencyWithdrawalIn(**asked.told)
    return customers.withdraw_insolvency(asked.access, asked.customer, body, asked.changes)


def _suspend(asked: Asked) -> object:
    body = suspensions.SuspensionIn(scope=SuspensionScope.CUSTOMER, customer=asked.customer, **asked.told)
    return suspensions.begin(asked.access, body, asked.changes)


def _go_on(asked: Asked) -> object:
    if not asked.of.isdecimal() or int(asked.of) >= 2**63:
        raise NotFound(f"no suspension {asked.of!r}")
    return suspensions.end(asked.access, int(asked.of), suspensions.GoingOnIn(), asked.changes)


def _contact(asked: Asked) -> object:
    body = contacts.ContactIn(**asked.told)
    return contacts.add(asked.access, asked.customer, body, asked.changes)


def _correct(asked: Asked) -> object:
    # The form shows all that is known: what was emptied there is to be empty.
    told: dict[str, Any] = {field.name: asked.told.get(field.name) for field in (_ROLE, *_PERSON)}
    body = contacts.ContactChange(**{**told, "in_copy": bool(told["in_copy"])})
    return contacts.change(asked.access, asked.customer, _contact_id(asked), body, asked.changes)


def _invalid(asked: Asked) -> object:
    body = contacts.ReasonIn(**asked.told)
    return contacts.invalidate(asked.access, asked.customer, _contact_id(asked), body, asked.changes)


def _opt_out(asked: Asked) -> object:
    return contacts.opt_out(asked.access, asked.customer, _contact_id(asked), asked.changes)


def _reinstate(asked: Asked) -> object:
    body = contacts.ReasonIn(**asked.told)
    return contacts.reinstate(asked.access, asked.customer, _contact_id(asked), body, asked.changes)


def _works(asked: Asked) -> object:
    told = dict(asked.told)
    channel = told.pop("channel")
    body = contacts.ClearanceIn(**told)
    # The path's words, already checked against the list of the form.
    way = cast(Any, channel)
    return contacts.clearance(asked.access, asked.customer, _contact_id(asked), way, body, asked.changes)


def _address(asked: Asked) -> object:
    body = masters.AddressIn(**asked.told)
    return masters.set_where_letters_go(asked.access, asked.customer, body, asked.changes)


def _contact_id(asked: Asked) -> UUID:
    try:
        return UUID(asked.of)
    except ValueError:
        raise NotFound(f"no contact {asked.of!r}") from None


ACTS: Final[Mapping[str, Act]] = MappingProxyType(
    {
        act.name: act
        for act in (
            Act(
                "hold",
                "place_delivery_hold",
                (
                    Field("invoices", Kind.INVOICES, required=True),
                    Field("pauses_ladder", Kind.TICK),
                    _NOTE,
                ),
                _hold,
                undone_by="release",
            ),
            Act(
                "suspend",
                "suspend_contact",
                (_REASON, Field("until", Kind.DAY)),
                _suspend,
                undone_by="go_on",
            ),
            Act(
                "stop",
                "stop_contact",
                (
                    Field(
                        "reason", Kind.CHOICE, required=True, choices=tuple(customers.Stop), words="act.stop"
                    ),
                ),
                _stop,
                undone_by="lift",
            ),
            Act(
                "insolvency",
                "record_insolvency",
                (Field("opened_on", Kind.DAY), _NOTE),
                _insolvency,
                undone_by="no_insolvency",
            ),
            Act("contact", "add_contact", (_ROLE, *_PERSON), _contact, undone_by="invalid"),
            Act(
                "address",
                "set_customer_address",
                (Field("lines", Kind.LINES, required=True),),
                _address,
                undone_by="address",
            ),
            Act("release", "release_delivery_hold", (_NOTE,), _release, of=True),
            Act("lift", "lift_contact_stop", (), _lift, ApiRole.MANAGER, of=True),
            Act("no_insolvency", "withdraw_insolvency", (_NOTE,), _no_insolvency, ApiRole.MANAGER, of=True),
            Act("go_on", "resume_contact", (), _go_on, of=True),
            Act("correct", "change_contact", (_ROLE, *_PERSON), _correct, of=True),
            Act("invalid", "invalidate_contact", (_REASON,), _invalid, of=True, undone_by="reinstate"),
            Act("opt_out", "opt_out_contact", (), _opt_out, of=True, undone_by="reinstate"),
            Act("reinstate", "reinstate_contact", (_REASON,), _reinstate, ApiRole.MANAGER, of=True),
            Act(
                "works",
                "clear_contact_mark",
                (Field("channel", Kind.CHOICE, required=True, choices=CHANNELS, words="channel"), _REASON),
                _works,
                of=True,
            ),
        )
    }
)
"""By name, in the order they are offered."""


def offered() -> list[Act]:
    """What can be told of a customer; what is about somebody or something stands beside that."""
    return [act for act in ACTS.values() if not act.of]
