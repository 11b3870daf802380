"""What happened before the demonstration's morning: money came, a dispute lay about, a mailbox was closed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from urllib3 import PoolManager

from activities.store.bank_lines import keep_file
from activities.store.engine import transaction
from activities.store.facts import record
from activities.store.lookup import company_by_ref
from admin.demo.portfolio import CLAIRE, COMPANY, CONTESTS
from admin.stack.errors import StackError
from models.ids import CaseSignal
from models.messages import DisputeOpened
from models.tables import BankFile, Customer, Invoice
from models.tables.words import BankFileState
from rules.calendar import BusinessCalendar

_CONTESTED_AGO: Final = timedelta(days=35)
_GONE: Final = "comptabilite@kestrel-studio.example"
"""A mailbox that is there no more: what is written to it at 09:30 comes back."""

_STATEMENT: Final = (
    # What the line says, who paid, the amount.
    ("VIR SEPA FACTURE FA-2635", "CAFE PIVOINE", "264.00"),
    ("VIR SEPA GROUPE VALMONT FA-2633", "GROUPE VALMONT", "9300.00"),
    ("VIR SEPA MANDAT 1187 FACTURE FA-2631", "TRESORERIE DE LYON MUNICIPALE", "3180.00"),
    ("VIR INST ACOMPTE COMMANDE", "SARL MERCIER", "486.00"),
    ("FRAIS DE TENUE DE COMPTE", "", "-18.50"),
)


def statement(folder: Path, day: date) -> Path:
    """Write the bank's list of a day's movements, as a bank's site gives it; returns its path."""
    lines = ["Date;Libellé;Contrepartie;Montant"]
    lines += [
        f"{day:%d/%m/%Y};{text};{payer};{amount.replace('.', ',')}" for text, payer, amount in _STATEMENT
    ]
    path = folder / f"releve-{day}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def live_through(engine: Engine, folder: Path, calendar: BusinessCalendar, now: datetime) -> None:
    """Write what happened before `now`: a dispute of weeks ago, and the last business day's bank file.

    The notes stay in the outbox.
    """
    yesterday = calendar.business_days_before(calendar.local_day(now), 1)
    file = statement(folder, yesterday)
    with transaction(engine) as session:
        company = company_by_ref(session, COMPANY)
        record(
            session,
            now=now - _CONTESTED_AGO,
            invoice=(COMPANY, _contested(session)),
            fact=DisputeOpened(
                event_id="demo/dispute",
                amount=Decimal("640.00"),
                cause="quality",
                note="Deux palettes abîmées à la livraison",
            ),
            signal=CaseSignal.DISPUTE_OPENED,
            who=f"console:{CLAIRE}",
        )
        keep_file(session, company, file.read_bytes(), file.name, now, f"console:{CLAIRE}")


def close_a_mailbox(sandbox_url: str | None) -> None:
    """Have the sandbox send back what is written to one address.

    Raises:
        StackError: it does not.
    """
    if sandbox_url is None:
        raise StackError("no sandbox provider runs: the demonstration writes to nobody else")
    answer = PoolManager(retries=False, timeout=10.0).request(
        "POST", f"{sandbox_url}/api/fates", json={"fate": "bounce", "match_to": _GONE}
    )
    if answer.status != 201:
        raise StackError(f"the sandbox answers {answer.status} where a fate is asked for")


def files_under_way(session: Session) -> int:
    """How many bank files workers have not done yet."""
    waiting = (BankFileState.RECEIVED, BankFileState.STORED)
    return len(session.exec(select(BankFile.id).where(col(BankFile.state).in_(waiting))).all())


def _contested(session: Session) -> str:
    return session.exec(
        select(Invoice.number)
        .join(Customer, col(Customer.id) == Invoice.customer_id)
        .where(Customer.ref == CONTESTS)
    ).one()
