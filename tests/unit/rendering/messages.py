"""A creditor, a debtor and their invoices, to be bent by each test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

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
    Rendered,
    ReplyCopy,
    RepQuestion,
    Section,
    Signatory,
    Tone,
    render,
    render_call_sheet,
)

TODAY = date(2026, 11, 23)

CREDITOR = Creditor(
    name="Ateliers Brunet",
    legal_name="Ateliers Brunet SAS",
    address_lines=("14 rue des Forges", "69007 Lyon"),
    registration="SIREN 812 345 678, RCS Lyon",
    email="comptabilite@brunet.example",
    phone="+33472000010",
    payee="Ateliers Brunet SAS",
    iban="FR7630006000011234567890189",
    bic="AGRIFRPPXXX",
    payment_link="https://payer.brunet.example/c/7QX2",
    country="FR",
)
BARE_CREDITOR = replace(CREDITOR, address_lines=(), registration="", iban=None, bic=None, payment_link=None)
COLLECTOR = Signatory("Claire Martin", "Chargée de recouvrement", "claire@brunet.example", "+33472000012")
DEBTOR = Debtor("Constructions Méridionales SARL", "C-0042", ("ZI des Paluds", "13400 Aubagne"), "FR")
READER = Recipient("Sophie Lambert", "responsable comptable", "s@meridionales.example", "+33442000011", "fr")
NOBODY = Recipient(None, None, None, None, "fr")
HOLD = HoldNotice(date(2026, 11, 16), ("FA-1", "FA-2"))

CHANGE = DetailsChanged(
    stage="asked",
    what=(
        ("iban", "FR76 … 0189", "DE89 … 3000"),
        ("payment_link", "https://payer.brunet.example/c/7QX2", None),
    ),
    asked_by="api:treasury",
    asked_on=date(2026, 11, 30),
    effective_on=date(2026, 12, 1),
    effective_at="09:30",
    by="nadia@brunet.example",
    reason="Nous changeons de banque",
)

REPLY = ReplyCopy(
    "sms", "+33612345678", None, known=False, subject=None, received_on=date(2026, 11, 20), lines=("Payé",)
)
RICH_REPLY = ReplyCopy(
    "email",
    "sophie.durand@client.example",
    "Sophie Durand",
    known=True,
    subject="RE: Facture FA-1",
    received_on=date(2026, 11, 20),
    lines=("Bonjour,", "", "Le virement part vendredi.", "- FA-1", "- FA-2", "<script>alert(1)</script>"),
    folded=True,
    enclosed=("avis.pdf",),
    left_out=("facture.exe", "page.html"),
    paused_until=date(2026, 11, 27),
)

QUESTION = RepQuestion("reminder_2", "email", date(2026, 11, 27), date(2026, 11, 26))
LATE = LateItem("FA-1", TODAY - timedelta(days=62), 62, Decimal("4820.00"), "EUR", step="phone_call")
DIGEST = Digest((LateCustomer("Dupont", "C-1", (LATE,)),), ((Decimal("4820.00"), "EUR"),), 1)
RICH_DIGEST = Digest(
    (
        LateCustomer(
            "Dupont & <Fils>",
            "C-1",
            (
                replace(LATE, next_on=TODAY + timedelta(days=3), broken=2),
                replace(LATE, invoice="FA-2", disputed=Decimal("20.00"), state="paused", held_by="dispute"),
                *(
                    replace(LATE, invoice=f"FA-{state}", state=state)
                    for state in ("stopped", "suspended", "awaiting_bank", "awaiting_approval", "ladder_done")
                ),
            ),
        ),
        LateCustomer(
            "Smith",
            "C-2",
            (
                replace(
                    LATE, invoice="S-1", currency="USD", state="awaiting_person", step="own", channel="sms"
                ),
            ),
        ),
    ),
    ((Decimal("33740.00"), "EUR"), (Decimal("4820.00"), "USD")),
    9,
    left_out=1,
)

ORDER = {
    "account_statement": Tone.STATEMENT,
    "courteous_reminder": Tone.COURTEOUS,
    "firm_reminder": Tone.FIRM,
    "email_instead_of_sms": Tone.SMS,
    "statement_companion": Tone.SMS,
    "formal_notice": Tone.NOTICE,
    "notice_copy": Tone.NOTICE,
    "thank_you": Tone.STATEMENT,
    "phone_call": Tone.CALL,
    "sales_rep_call_notice": Tone.CALL,
    "hold_notice": Tone.FIRM,
    "bank_details_change": Tone.FIRM,
    "sales_rep_question": Tone.FIRM,
    "weekly_digest": Tone.STATEMENT,
    "reply_copy": Tone.STATEMENT,
    "sms_reminder": Tone.SMS,
}


CALL = CallFacts(
    people=(
        Callee(
            "Sophie Durand", "responsable comptable", "accounting", "+33442000011", "fixed", "9 h-11 h 30"
        ),
        Callee("Marc Petit", None, "buyer", "+33612345678", "mobile"),
    ),
    contacts=(
        PastContact(date(2026, 11, 20), "no_answer", by="claire@brunet.example", note="occupé\n- deux fois"),
        PastContact(date(2026, 11, 12), "reached", cause="payment_run", by="claire@brunet.example"),
        PastContact(date(2026, 11, 2), "email", "reminder_2"),
    ),
    promises=(
        PastPromise("FA-1", date(2026, 11, 5), Decimal("4820.00"), "EUR", kept=False),
        PastPromise("FA-0", date(2026, 9, 1), Decimal("10.00"), "EUR", kept=True),
    ),
    unanswered=1,
)


def line(
    number: str = "FA-1",
    total: str = "1234.56",
    *,
    late: int = 20,
    outstanding: str | None = None,
    disputed: str = "0",
    acted: bool = True,
    reminded_on: date | None = None,
    order_ref: str | None = "BC-77810",
) -> Line:
    due_on = TODAY - timedelta(days=late)
    left = Decimal(outstanding or total)
    return Line(
        number,
        order_ref,
        due_on - timedelta(days=30),
        due_on,
        Decimal(total),
        left,
        Decimal(disputed),
        late,
        acted,
        reminded_on,
        left - Decimal(disputed),
    )


ONE = Section.of("EUR", due=(line(),))
RICH = Section.of(
    "EUR",
    due=(
        line("FA-1", "4820.00", late=62),
        line("FA-2", "1234.56", late=48, outstanding="934.56"),
        line("FA-3", "15780.40", late=33, disputed="780.40", order_ref=None),
        line("FA-4", "2150.00", late=1, acted=False, reminded_on=date(2026, 11, 12)),
    ),
    coming=(line("FA-5", "1890.00", late=-3), line("FA-6", "420.00", late=-3)),
    disputed=(line("FA-3", "15780.40", late=33, disputed="780.40", order_ref=None),),
    credits=(Credit("AV-7", date(2026, 10, 2), Decimal("150.00")),),
)
DOLLARS = Section.of("USD", due=(line("FA-9", "1299.90", late=25),))


def message(template: str, language: str = "fr", **changes: Any) -> Message:
    """A message with the least it can do with, unless told more."""
    facts: dict[str, Any] = {
        "step_template": template,
        "tone": ORDER.get(template, Tone.COURTEOUS),
        "today": TODAY,
        "creditor": CREDITOR,
        "debtor": DEBTOR,
        "recipient": replace(READER, language=language),
        "signatory": COLLECTOR,
        "sections": ()
        if template in {"thank_you", "hold_notice", "bank_details_change", "reply_copy", "weekly_digest"}
        else (ONE,),
        "payment_reference": "C-0042",
    }
    if template in {"formal_notice", "notice_copy"}:
        facts["deadline_days"] = 8
    if template == "bank_details_change":
        facts["change"] = CHANGE
    if template == "hold_notice":
        facts["hold"] = HOLD
    if template == "reply_copy":
        facts["reply"] = REPLY
    if template == "sales_rep_question":
        facts["question"] = QUESTION
    if template == "weekly_digest":
        facts["digest"] = DIGEST
    return Message(**(facts | changes))


def rich(template: str, language: str = "fr", **changes: Any) -> Message:
    """A message in which everything that can be said is there to say."""
    facts: dict[str, Any] = {
        "sections": (RICH, DOLLARS),
        "deadline": date(2026, 12, 8),
        "deadline_days": 8,
        "notice_sent_on": date(2026, 10, 12),
        "previous_contact_on": date(2026, 11, 12),
        "hold": HOLD,
        "call_person": replace(COLLECTOR, name="Paul Roux"),
        "indemnity_per_invoice": Decimal(40),
        "call": CALL,
        "reply": RICH_REPLY,
        "digest": RICH_DIGEST,
        "paid": (PaidItem("FA-1", "BC-1", Decimal("4820"), "EUR"), PaidItem("FA-2", None, Decimal(5), "USD")),
    }
    return message(template, language, **(facts | changes))


def bare(template: str, language: str = "fr", **changes: Any) -> Message:
    """A message to somebody unknown from a creditor that filled in little."""
    facts: dict[str, Any] = {
        "creditor": BARE_CREDITOR,
        "recipient": replace(NOBODY, language=language),
        "debtor": Debtor("X", "C-1", ()),
        "signatory": replace(COLLECTOR, title=""),
    }
    return message(template, language, **(facts | changes))


def written(what: Message) -> Rendered:
    return render_call_sheet(what) if what.step_template == "phone_call" else render(what)
