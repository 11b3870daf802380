"""Who may do what: one line an operation, read by the authorisation matrix. A new operation needs a line.

Each line also has a request that succeeds on the ledger that `furnish` writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlmodel import Session, select

from activities.channels.sendgrid_email import Attachment
from activities.envelope import Enclosure, Envelope, keep, store_bytes
from activities.payment_details import ask_change
from activities.store.absences import record_absence
from activities.store.bank_lines import keep_file
from activities.store.cases import open_case
from activities.store.customers import customer_by_ref, stop_contact
from activities.store.engine import transaction
from activities.store.marks import add_mark
from activities.store.replies import Incoming, keep_reply, reply_file
from activities.store.senders import Whose
from activities.store.tasks import open_task
from activities.store.trials import ask_trial, stop_trial
from models.ids import CaseSignal
from models.tables import BankFile, BankLine, Communication, Company, Contact, Customer, Staff, Task
from models.tables.words import ApiRole, ReplyState, TaskKind, UnreachableCause
from policies import builtin_policy_texts
from rules.calendar import Channel
from rules.facts import StopReason
from rules.replies import ReplyKind
from tests.fixtures.ledger import NOW, TODAY, Book, add_contact, add_invoice

VIEWER, COLLECTOR, MANAGER = ApiRole


class Reach(StrEnum):
    """Which keys an operation is for, besides their role."""

    OPEN = "open"
    """No key at all."""
    COMPANY = "company"
    """A key that opens the company in the path; to others it is not there."""
    OWN = "own"
    """Any key: the answer is about the companies it opens."""
    EVERYWHERE = "everywhere"
    """A key that opens every company."""
    SIGNED = "signed"
    """No key opens it: a provider signs what it posts."""


@dataclass(frozen=True)
class Line:
    """One operation: the weakest role that may do it, and a body that is accepted."""

    role: ApiRole
    body: object = None
    reach: Reach = Reach.COMPANY
    asks: bool = False
    """It is a POST for what it carries, and changes nothing: no line of the audit trail."""


_PLAN = [{"due_on": "2026-03-20", "amount": "100.00"}]
_POLICY = (
    'key = "short"\ntitle = "Short"\nentry_cap = "reminder_1"\n[[steps]]\nkey = "reminder_1"\n'
    'offset_days = 5\nchannel = "email"\ntemplate = "courteous_reminder"\ntone = "courteous"\n'
    'recipient = ["accounting"]\n'
)

OPERATIONS: dict[str, Line] = {
    "healthz": Line(VIEWER, reach=Reach.OPEN),
    "readyz": Line(VIEWER, reach=Reach.OPEN),
    "metrics": Line(VIEWER, reach=Reach.EVERYWHERE),
    **{
        name: Line(VIEWER, reach=Reach.OWN)
        for name in (
            *("list_companies", "list_cases", "list_tasks", "list_policies", "get_policy"),
            *("get_me", "list_causes", "list_outcomes", "list_rates"),
        )
    },
    **{
        name: Line(VIEWER)
        for name in (
            *("get_company", "list_customers", "get_customer", "get_customer_timeline"),
            *("list_customer_communications", "get_case", "get_case_timeline", "preview_case"),
            *("get_task", "list_data_quality", "list_approvals", "get_communication"),
            *("get_communication_content", "get_communication_attachment"),
            *("list_replies", "get_reply", "get_reply_file"),
            *("list_bank_lines", "list_bank_details_changes", "get_case_interest", "get_customer_interest"),
        )
    },
    "get_bank_known": Line(VIEWER),
    "get_ageing": Line(VIEWER),
    "list_closures": Line(VIEWER),
    "record_closure": Line(
        COLLECTOR, {"first_day": "2026-08-03", "last_day": "2026-08-21", "customer": "C-1"}
    ),
    "end_closure": Line(COLLECTOR),
    "list_suspensions": Line(VIEWER),
    "suspend_contact": Line(COLLECTOR, {"scope": "customer", "customer": "C-1", "reason": "an audit"}),
    "resume_contact": Line(COLLECTOR, {}),
    "list_bank_accounts": Line(VIEWER),
    "add_bank_account": Line(MANAGER, {"account": "FR7630001007941234567890185"}),
    "list_bank_files": Line(VIEWER),
    "get_case_file": Line(COLLECTOR),
    "get_customer_file": Line(COLLECTOR),
    "allocate_bank_line": Line(COLLECTOR, {"parts": [{"invoice": "F-2", "amount": "5.00"}]}),
    "settle_bank_return": Line(COLLECTOR, {"elsewhere": "a supplier's direct debit"}),
    "get_bank_file": Line(VIEWER),
    "import_bank_file": Line(COLLECTOR, "Date;Libellé;Montant\n02/03/2026;VIR;10,00\n".encode()),
    "state_bank_known": Line(COLLECTOR, {"bank_known_until": "2026-03-09"}),
    "list_audit": Line(MANAGER),
    "approve_letter": Line(MANAGER, {}),
    "refuse_letter": Line(MANAGER, {"reason": "wrong address"}),
    "change_task": Line(COLLECTOR, {"due_on": "2026-03-20"}),
    "complete_task": Line(COLLECTOR, {"outcome": "done"}),
    "record_payment": Line(COLLECTOR, {"amount": "10.00", "currency": "EUR"}),
    "reverse_payment": Line(COLLECTOR, {}),
    "record_credit_note": Line(COLLECTOR, {"amount": "10.00", "currency": "EUR"}),
    "open_dispute": Line(COLLECTOR, {"amount": "10.00"}),
    "resolve_dispute": Line(COLLECTOR, {}),
    "record_payment_claim": Line(COLLECTOR, {}),
    "agree_plan": Line(COLLECTOR, {"instalments": [{"due_on": "2026-03-20", "amount": "80.00"}]}),
    "record_promise": Line(COLLECTOR, {"promised_on": "2026-03-21"}),
    "cancel_plan": Line(COLLECTOR, {}),
    "pause_case": Line(COLLECTOR, {"reason": "audit"}),
    "resume_case": Line(COLLECTOR, {}),
    "change_invoice": Line(COLLECTOR, {"due_on": "2026-04-15"}),
    "change_case_policy": Line(MANAGER, {"policy": "strict"}),
    "place_delivery_hold": Line(COLLECTOR, {"invoices": ["F-1"]}),
    "release_delivery_hold": Line(COLLECTOR, {}),
    "add_contact": Line(COLLECTOR, {"role": "buyer", "email": "achats@client.example"}),
    "change_contact": Line(COLLECTOR, {"name": "Jeanne"}),
    "invalidate_contact": Line(COLLECTOR, {"reason": "has left"}),
    "opt_out_contact": Line(COLLECTOR),
    "reinstate_contact": Line(MANAGER, {"reason": "came back"}),
    "clear_contact_mark": Line(COLLECTOR, {"reason": "their mailbox was full"}),
    "lift_contact_stop": Line(MANAGER),
    "stop_contact": Line(COLLECTOR, {"reason": "represented_by_lawyer"}),
    "record_insolvency": Line(COLLECTOR, {}),
    "withdraw_insolvency": Line(MANAGER, {}),
    "withdraw_fact": Line(COLLECTOR, {}),
    "close_case": Line(MANAGER, {"reason": "written off"}),
    "reopen_case": Line(MANAGER, {}),
    "create_customer": Line(COLLECTOR, {"customer": "C-9", "name": "Neuf"}),
    "change_customer": Line(COLLECTOR, {"segment": "key"}),
    "set_customer_address": Line(COLLECTOR, {"lines": ["ZI des Paluds", "13400 Aubagne"]}),
    "set_customer_policy": Line(MANAGER, {"policy": "strict"}),
    "import_invoices": Line(
        COLLECTOR, b"Invoice,Customer,Date,Due date,Balance\nF-8,C-1,2026-03-01,2026-03-31,9.00\n"
    ),
    "create_invoice": Line(
        COLLECTOR,
        {
            "invoice": "F-9",
            "customer": "C-1",
            "issued_on": "2026-03-01",
            "due_on": "2026-03-31",
            "amount": "10.00",
            "currency": "EUR",
        },
    ),
    "take_invoice_status": Line(COLLECTOR, {"invoice": "F-1", "status": "205", "at": "2026-03-09"}),
    "set_invoice_discount": Line(COLLECTOR, {"percent": None}),
    "end_absence": Line(MANAGER),
    "record_absence": Line(
        MANAGER,
        {
            "staff_email": "claire@acme.example",
            "first_day": "2026-04-06",
            "last_day": "2026-04-10",
            "deputy_email": "paul@acme.example",
        },
    ),
    "create_company": Line(MANAGER, {"company": "new"}, Reach.EVERYWHERE),
    "change_company": Line(MANAGER, {"gap_days": 7}),
    "get_communication_proof": Line(VIEWER),
    "receive_sendgrid_events": Line(MANAGER, [], Reach.SIGNED),
    "receive_twilio_status": Line(MANAGER, None, Reach.SIGNED),
    "receive_twilio_text": Line(MANAGER, None, Reach.SIGNED),
    "receive_sendgrid_mail": Line(MANAGER, None, Reach.SIGNED),
    "receive_sendgrid_mail_by_address": Line(MANAGER, None, Reach.SIGNED),
    "list_unclaimed_replies": Line(MANAGER, reach=Reach.EVERYWHERE),
    "set_company_of_reply": Line(MANAGER, {"company": "acme"}, Reach.EVERYWHERE),
    "assign_reply": Line(COLLECTOR, {"customer": "C-1"}),
    "dismiss_reply": Line(COLLECTOR, {"reason": "advertising"}),
    "dry_run_policy": Line(MANAGER, {"toml": _POLICY}, asks=True),
    "try_policy": Line(MANAGER, {"toml": _POLICY}),
    "list_policy_trials": Line(MANAGER),
    "get_policy_trial": Line(MANAGER),
    "list_policy_trial_customers": Line(MANAGER),
    "stop_policy_trial": Line(MANAGER),
    "publish_policy": Line(MANAGER, {"toml": _POLICY}, Reach.EVERYWHERE),
    "enter_rate": Line(
        MANAGER,
        {"series": "boe", "half_year": "2026-1", "percent": "3.75", "source": "Bank of England"},
        Reach.EVERYWHERE,
    ),
    "approve_bank_details_change": Line(MANAGER),
    "cancel_bank_details_change": Line(MANAGER),
    "ask_bank_details_change": Line(MANAGER, {"iban": "DE89370400440532013000"}),
}
"""By operation id, in an order in which each still succeeds after those before it."""


@dataclass(frozen=True)
class Furnished:
    """What the ledger holds, by the names of path parameters; some operations have their own."""

    names: dict[str, str]
    own: dict[str, dict[str, str]]

    def path(self, operation: str, template: str, **other: str) -> str:
        """The path of an operation with every parameter filled in."""
        return template.format_map({**self.names, **self.own.get(operation, {}), **other})


def furnish(book: Book, *, twin: bool = True) -> Furnished:
    """Write what the operations need: facts to undo, tasks, a draft, contacts; and with `twin` a namesake."""
    first, second_number = list(book.invoices)[:2]
    book.tell(CaseSignal.PAYMENT_RECEIVED, first, amount="10.00", event_id="pay-1")
    book.tell(CaseSignal.DISPUTE_OPENED, first, amount="20.00", event_id="dispute-1")
    book.tell(CaseSignal.PAUSED, first, event_id="pause-1")
    book.tell(CaseSignal.PAYMENT_CLAIMED, first, event_id="claim-1")
    book.tell(CaseSignal.PAYMENT_PLAN_AGREED, second_number, event_id="plan-1", instalments=_PLAN)
    book.tell(CaseSignal.DELIVERY_HOLD_PLACED, second_number, event_id="hold-1")
    with transaction(book.engine) as session:
        customer = customer_by_ref(session, book.company, book.customer)
        stop_contact(session, customer, StopReason.DO_NOT_CONTACT, NOW, "test")
        contact = session.exec(select(Contact).where(Contact.customer_id == customer.id)).one()
        invalid = Contact(
            id=uuid4(),
            customer_id=customer.id,
            role="executive",
            email="direction@client.example",
            invalid_since=NOW,
            invalid_reason="has left",
        )
        session.add(invalid)
        bounced = Contact(id=uuid4(), customer_id=customer.id, role="buyer", email="old@client.example")
        session.add(bounced)
        add_mark(
            session,
            customer.id,
            Channel.EMAIL,
            "old@client.example",
            UnreachableCause.HARD_BOUNCE,
            since=NOW,
            now=NOW,
            who="test",
        )
        bounced_id = str(bounced.id)
        draft = add_contact(session, book, "draft", {first: "formal_notice"}, step="formal_notice")
        second = add_contact(session, book, "draft", {second_number: "formal_notice"}, step="formal_notice")
        approval = _task(session, book, TaskKind.APPROVAL, "1", contact_id=draft.id)
        refusal = _task(session, book, TaskKind.APPROVAL, "2", contact_id=second.id)
        work = _task(session, book, TaskKind.DELIVERY_FAILED, "1", invoice_id=book.invoices[first])
        later = _task(session, book, TaskKind.CLAIM_FILING, "1", invoice_id=book.invoices[first])
        invalid_id, contact_id = str(invalid.id), str(contact.id)
        for name in ("claire", "paul"):
            session.add(
                Staff(
                    id=uuid4(),
                    company_id=book.company_id,
                    email=f"{name}@{book.company}.example",
                    name=name,
                    role="collector",
                )
            )
        session.flush()
        away, _ = record_absence(
            session,
            staff=f"claire@{book.company}.example",
            first_day=TODAY,
            last_day=TODAY,
            deputy=f"paul@{book.company}.example",
            now=NOW,
            who="test",
        )
        absence_id = str(away.id)
        company = session.get_one(Company, book.company_id)
        company.iban = "FR7630006000011234567890189"
        change, _ = ask_change(session, company, {"bic": "AGRIFRPP"}, NOW, f"nadia@{book.company}.example")
        change_id = str(change.id)
        message_id = str(_message(session, book, draft.id))
        file, _ = keep_file(session, company, b"Date;Montant\n02/03/2026;10,00\n", "releve.csv", NOW, "test")
        file_id = str(file.id)
        line_id = str(_line(session, book, file))
        return_id = str(_line(session, book, file, went_back=True))
        trial, _ = ask_trial(
            session, book.company_id, "standard", builtin_policy_texts()["standard.toml"], 30, NOW, "test"
        )
        trial_id = str(stop_trial(session, book.company_id, trial.id, NOW).id)
        mine, strange, nobodys = (
            str(_reply(session, company, f"{book.company} {place}"))
            for place, company in enumerate((book.company_id, book.company_id, None))
        )
    if twin:
        _twin(book.engine)
    return Furnished(
        names={
            "company": book.company,
            "customer": book.customer,
            "number": first,
            "event_id": "pay-1",
            "reason": "do_not_contact",
            "task_id": str(work.id),
            "contact_id": contact_id,
            "key": "short",
            "absence_id": absence_id,
            "change_id": change_id,
            "message_id": message_id,
            "reply_id": mine,
            "file_id": file_id,
            "line_id": line_id,
            "trial_id": trial_id,
            "return_id": return_id,
            "secret": "not-it",
            "suspension_id": "1",
            "closure_id": "1",
            "index": "0",
            "version": "1",
        },
        own={
            **{
                operation: {"key": "standard"}
                for operation in (
                    *("get_policy", "list_policy_trials", "get_policy_trial", "stop_policy_trial"),
                    "list_policy_trial_customers",
                )
            },
            "release_delivery_hold": {"event_id": "hold-1"},
            "resolve_dispute": {"event_id": "dispute-1"},
            "withdraw_fact": {"event_id": "claim-1"},
            "cancel_plan": {"event_id": "plan-1", "number": second_number},
            "reinstate_contact": {"contact_id": invalid_id},
            "clear_contact_mark": {"contact_id": bounced_id, "channel": "email"},
            "approve_letter": {"task_id": str(approval.id)},
            "refuse_letter": {"task_id": str(refusal.id)},
            "change_task": {"task_id": str(later.id)},
            "dismiss_reply": {"reply_id": strange},
            "set_company_of_reply": {"reply_id": nobodys},
        },
    )


def _task(
    session: Session,
    book: Book,
    kind: TaskKind,
    key: str,
    *,
    invoice_id: UUID | None = None,
    contact_id: UUID | None = None,
) -> Task:
    task, _ = open_task(
        session,
        key=f"{book.company}/{kind}/{key}",
        kind=kind,
        company_id=book.company_id,
        customer_id=book.customer_id,
        title=str(kind),
        now=NOW,
        today=TODAY,
        invoice_id=invoice_id,
        contact_id=contact_id,
    )
    return task


def _line(session: Session, book: Book, file: BankFile, *, went_back: bool = False) -> UUID:
    """Money of C-1 that nobody has allocated, or money that went back and nobody knows whose."""
    line = BankLine(
        id=uuid4(),
        company_id=file.company_id,
        file_id=file.id,
        place=2 if went_back else 1,
        line_key="back" if went_back else "k",
        identity="i",
        account_iban="FR7630006000011234567890189",
        booked_on=TODAY,
        amount=Decimal("10.00"),
        direction="out" if went_back else "in",
        is_return=went_back,
        currency="EUR",
        text="VIR",
        state="proposed" if went_back else "unallocated",
        customer_id=book.customer_id,
    )
    session.add(line)
    session.flush()
    return line.id


def _message(session: Session, book: Book, contact_id: UUID) -> UUID:
    """An e-mail with a file, as it was stored."""
    envelope = Envelope(
        channel="email",
        to_address="compta@client.example",
        from_address="claire@acme.example",
        subject="Relevé",
        text="Relevé",
        html="<p>Relevé</p>",
    )
    message = Communication(
        id=uuid4(),
        contact_id=contact_id,
        customer_id=book.customer_id,
        company_id=book.company_id,
        kind="notice_copy",
        audience="debtor",
        channel="email",
        to_address=envelope.to_address,
        language="fr",
        subject=envelope.subject,
        content_hash=keep(session, envelope, [Attachment("notice.pdf", "application/pdf", b"%PDF-1.7")]),
        status="planned",
        ledger_seq=0,
        planned_at=NOW,
    )
    session.add(message)
    session.flush()
    return message.id


def _reply(session: Session, company_id: UUID | None, place: str) -> UUID:
    """A mail with a file that nobody knows the sender of."""
    file = Enclosure(
        name="avis.pdf",
        media_type="application/pdf",
        hash=store_bytes(session, "application/pdf", b"%PDF-1.7"),
        size=8,
    )
    kept = keep_reply(
        session,
        Incoming(
            channel=Channel.EMAIL,
            kind=ReplyKind.ANSWER,
            received_at=NOW,
            sender="inconnu@ailleurs.example",
            text=f"Payé {place}",
            whole=f"Payé {place}",
            files=(reply_file(file, inline=False),),
        ),
        Whose(company_id),
        ReplyState.UNMATCHED,
    )
    assert kept is not None
    return kept.id


def _twin(engine: Engine) -> None:
    """Another company whose customer and invoices have the same names."""
    with transaction(engine) as session:
        company = Company(id=uuid4(), ref="other", name="Other", country="FR")
        session.add(company)
        session.flush()
        customer = Customer(id=uuid4(), company_id=company.id, ref="C-1", name="Homonyme", country="FR")
        session.add(customer)
        session.flush()
        for number in ("F-1", "F-2"):
            invoice = add_invoice(session, company.id, customer, number, NOW)
            open_case(session, invoice, customer, "standard", 1, NOW, "test")
