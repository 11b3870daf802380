"""An invented customer at an invented creditor's, for the messages of the gallery."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from activities.rendering import (
    Callee,
    CallFacts,
    Credit,
    Creditor,
    Debtor,
    DetailsChanged,
    Digest,
    HoldNotice,
    LateCustomer,
    LateItem,
    Line,
    Message,
    PaidItem,
    PastContact,
    PastPromise,
    Recipient,
    ReplyCopy,
    RepQuestion,
    Section,
    Signatory,
    Tone,
)

TODAY: Final = date(2026, 11, 27)

_CREDITOR: Final = Creditor(
    name="Ateliers Brunet",
    legal_name="Ateliers Brunet SAS",
    address_lines=("14 rue des Tisserands", "69007 Lyon", "France"),
    registration="SAS au capital de 120 000 €, 552 081 317 RCS Lyon",
    email="comptabilite@ateliers-brunet.example",
    phone="+33472001122",
    payee="Ateliers Brunet SAS",
    iban="FR7630006000011234567890189",
    bic="AGRIFRPP",
    payment_link=None,
    country="FR",
)
_MANAGER: Final = Signatory(
    "Hélène Faure", "Credit manager", "helene.faure@ateliers-brunet.example", "+33472001130"
)
_COLLECTOR: Final = Signatory(
    "Claire Morel", "Chargée de recouvrement", "claire.morel@ateliers-brunet.example", "+33472001131"
)
_TITLES: Final = {"fr": "Chargée de recouvrement", "en": "Collections officer"}
_DEBTORS: Final = {
    "fr": Debtor(
        "Transports Delmas", "C-106", ("8 quai de la Fosse", "44000 Nantes", "France"), "FR",
        registration="RCS Nantes 732 829 320",
    ),
    "en": Debtor(
        "Kestrel Studio BV", "C-109", ("Keizersgracht 112", "1015 CV Amsterdam", "Netherlands"), "NL",
    ),
}  # fmt: skip
_READERS: Final = {
    "fr": Recipient(
        "Sophie Lambert", "responsable comptable", "s.lambert@transports-delmas.example", "+33240001122", "fr"
    ),
    "en": Recipient("Daan de Vries", "accounts payable", "daan@kestrel-studio.example", "+31201234567", "en"),
}
_SALES_REP: Final = Recipient(
    "Thomas Petit", None, "thomas.petit@ateliers-brunet.example", "+33612345670", "fr"
)
_TO_SALES: Final = ("sales_rep_call_notice", "sales_rep_question", "weekly_digest", "hold_notice")
_TONES: Final = {
    "account_statement": Tone.STATEMENT,
    "courteous_reminder": Tone.COURTEOUS,
    "firm_reminder": Tone.FIRM,
    "sms_reminder": Tone.SMS,
    "email_instead_of_sms": Tone.SMS,
    "statement_companion": Tone.SMS,
    "formal_notice": Tone.NOTICE,
    "notice_copy": Tone.NOTICE,
    "phone_call": Tone.CALL,
    "sales_rep_call_notice": Tone.CALL,
}
_OF_NO_ITEM: Final = ("thank_you", "hold_notice", "bank_details_change", "reply_copy", "weekly_digest")


def _line(number: str, total: str, late: int, **bent: Any) -> Line:
    due_on = TODAY - timedelta(days=late)
    outstanding = Decimal(bent.pop("outstanding", total))
    disputed = Decimal(bent.pop("disputed", "0"))
    return Line(
        number,
        bent.pop("order", None),
        due_on - timedelta(days=30),
        due_on,
        Decimal(total),
        outstanding,
        disputed,
        late,
        bent.pop("acted", late > 0),
        bent.pop("reminded_on", None),
        outstanding - disputed,
        **bent,
    )


def _account(template: str) -> Section:
    """One account of everything: late, partly paid, partly contested, still to come, and a credit note."""
    if template == "account_statement":
        late: tuple[Line, ...] = ()
    else:
        interest = {"formal_notice", "notice_copy"}
        late = tuple(
            _line(number, total, days, order=order, outstanding=left, disputed=contested,
                  interest=Decimal(bears) if template in interest else None)
            for number, total, days, order, left, contested, bears in (
                ("FA-2620", "8940.00", 63, "TD-4471", "8940.00", "0", "190.36"),
                ("FA-2621", "2210.00", 34, "TD-4502", "1710.00", "0", "19.86"),
                ("FA-2622", "1645.20", 20, None, "1645.20", "245.20", "9.53"),
            )
        )  # fmt: skip
    coming = (_line("FA-2639", "3120.00", -3, order="TD-4560"), _line("FA-2641", "980.50", -12))
    contested = tuple(each for each in late if each.disputed)
    credit = (
        () if template == "account_statement" else (Credit("AV-118", date(2026, 11, 12), Decimal("150.00")),)
    )
    return Section.of("EUR", due=late, coming=coming, disputed=contested, credits=credit)


def message_of(template: str, language: str) -> Message:
    """What a message of that template says to a customer who reads that language."""
    debtor = _DEBTORS[language]
    reader = replace(_SALES_REP, language=language) if template in _TO_SALES else _READERS[language]
    notice = template in ("formal_notice", "notice_copy")
    return Message(
        step_template=template,
        tone=_TONES.get(template, Tone.STATEMENT),
        today=TODAY,
        creditor=_CREDITOR,
        debtor=debtor,
        recipient=reader,
        signatory=_MANAGER if notice else replace(_COLLECTOR, title=_TITLES[language]),
        sections=() if template in _OF_NO_ITEM else (_account(template),),
        payment_reference=debtor.reference,
        deadline=date(2026, 12, 7),
        deadline_days=8 if notice else None,
        previous_contact_on=date(2026, 11, 13),
        hold=HoldNotice(date(2026, 11, 23), ("FA-2620", "FA-2621")) if template == "hold_notice" else None,
        call_person=_COLLECTOR,
        indemnity_per_invoice=Decimal(40),
        late_law="FR" if language == "fr" else "EU",
        paid=(PaidItem("FA-2620", "TD-4471", Decimal("8940.00"), "EUR"),) if template == "thank_you" else (),
        call=_call(reader) if template == "phone_call" else None,
        change=_CHANGE if template == "bank_details_change" else None,
        reply=_reply(reader) if template == "reply_copy" else None,
        question=_QUESTION if template == "sales_rep_question" else None,
        digest=_DIGEST if template == "weekly_digest" else None,
    )


def _call(reader: Recipient) -> CallFacts:
    return CallFacts(
        people=(
            Callee(reader.name, reader.function, "accounting", reader.phone or "", "fixed", "9 h-11 h 30"),
            Callee("Marc Petit", None, "buyer", "+33612345678", "mobile"),
        ),
        contacts=(
            PastContact(date(2026, 11, 25), "no_answer", by=_COLLECTOR.name),
            PastContact(date(2026, 11, 13), "email", "reminder_2"),
        ),
        promises=(PastPromise("FA-2620", date(2026, 11, 6), Decimal("8940.00"), "EUR", kept=False),),
        unanswered=1,
    )


_QUESTION: Final = RepQuestion("reminder_2", "email", date(2026, 12, 3), date(2026, 12, 2))
_DIGEST: Final = Digest(
    (
        LateCustomer(
            "Transports Delmas",
            "C-106",
            (
                LateItem(
                    "FA-2620",
                    date(2026, 9, 25),
                    63,
                    Decimal("8940.00"),
                    "EUR",
                    step="formal_notice",
                    channel="letter",
                    next_on=date(2026, 12, 11),
                    broken=1,
                ),
                LateItem(
                    "FA-2622",
                    date(2026, 11, 7),
                    20,
                    Decimal("1645.20"),
                    "EUR",
                    disputed=Decimal("245.20"),
                    step="reminder_3",
                    channel="sms",
                    next_on=date(2026, 12, 7),
                ),
            ),
        ),
        LateCustomer(
            "Garage du Parc",
            "C-102",
            (
                LateItem(
                    "FA-2605",
                    date(2026, 11, 15),
                    12,
                    Decimal("589.90"),
                    "EUR",
                    state="paused",
                    held_by="dispute",
                ),
            ),
        ),
    ),
    ((Decimal("11175.10"), "EUR"),),
    3,
)
_CHANGE: Final = DetailsChanged(
    stage="asked",
    what=(("iban", "FR76 … 0189", "FR76 … 4521"),),
    asked_by="Thomas Petit",
    asked_on=TODAY,
    effective_on=date(2026, 11, 30),
    effective_at="09:30",
    by="Thomas Petit",
    reason="Nous changeons de banque",
)


def _reply(reader: Recipient) -> ReplyCopy:
    said = {
        "fr": ("Bonjour,", "", "Le virement de 8 940,00 € part vendredi.", "Cordialement"),
        "en": ("Hello,", "", "The transfer of €8,940.00 leaves on Friday.", "Kind regards"),
    }
    return ReplyCopy(
        channel="email",
        sender=reader.email or "",
        sender_name=reader.name,
        known=True,
        subject="RE: FA-2620",
        received_on=TODAY,
        lines=said[reader.language],
        folded=True,
        enclosed=("avis-de-virement.pdf",),
        paused_until=date(2026, 12, 4),
    )
