"""The company that is owed, as its messages show it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from activities.rendering import Creditor
from activities.store.records import CompanyRecord
from models.tables import Company

TELL_OF_CHANGE: Final = timedelta(days=90)
"""How long messages say that the bank details have changed: a debtor pays a few times a year."""


def creditor_of(company: CompanyRecord | Company, today: date) -> Creditor:
    """The company as messages of a local day show it."""
    changed = company.payment_details_changed_on
    return Creditor(
        name=company.name,
        legal_name=company.legal_name or company.name,
        address_lines=tuple((company.address or "").splitlines()),
        registration=company.registration or "",
        email=company.email or company.signatory_email or "",
        phone=company.phone or company.signatory_phone or "",
        payee=company.payee or company.legal_name or company.name,
        iban=company.iban,
        bic=company.bic,
        payment_link=company.payment_link,
        country=company.country,
        details_changed_on=changed if changed is not None and today - changed <= TELL_OF_CHANGE else None,
    )
