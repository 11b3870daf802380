"""Which column of a table holds what: proposed from the headers, and a person has the last word."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from admin.intake.amounts import plain
from admin.portfolio.cells import nearest


class Field(StrEnum):
    """What a column of an open-items list may hold."""

    NUMBER = "number"
    CUSTOMER = "customer"
    NAME = "name"
    ISSUED_ON = "issued_on"
    DUE_ON = "due_on"
    TOTAL = "total"
    OPEN = "open"
    PAID = "paid"
    DEBIT = "debit"
    CREDIT = "credit"
    CURRENCY = "currency"
    ORDER_REF = "order_ref"
    TERMS = "terms"
    SETTLED_ON = "settled_on"
    EMAIL = "email"
    COUNTRY = "country"
    REGISTRATION = "registration"
    VAT = "vat"
    CREDITS = "credits"


AMOUNTS: Final = (Field.TOTAL, Field.OPEN, Field.PAID, Field.DEBIT, Field.CREDIT)
DAYS: Final = (Field.ISSUED_ON, Field.DUE_ON, Field.SETTLED_ON)

_WORDS: Final[Mapping[Field, str]] = {
    Field.NUMBER: (
        "no facture|num facture|numero facture|numero de facture|no de facture|facture|"
        "ref facture|reference facture|no piece|numero de piece|num piece|piece|ref piece|"
        "reference piece|no document|numero de document|document|no doc|invoice|invoice no|"
        "invoice number|invoicenumber|invoice num|document number|document no|doc no|"
        "inv no|reference|ref"
    ),
    Field.CUSTOMER: (
        "code client|no client|num client|numero client|client no|ref client|compte client|"
        "code tiers|compte tiers|tiers|no tiers|compte auxiliaire|auxiliaire|compte|"
        "id client|customer code|customer no|customer number|customer id|customerid|"
        "customer|customer account|account|account no|account number|debtor|client"
    ),
    Field.NAME: (
        "raison sociale|nom client|nom du client|intitule|intitule client|"
        "intitule du compte|libelle client|libelle compte|libelle tiers|nom tiers|nom|"
        "denomination|societe|customer name|client name|name|company name|debtor name|"
        "account name"
    ),
    Field.ISSUED_ON: (
        "date facture|date de facture|date de la facture|date piece|date de piece|"
        "date document|date emission|date d emission|date ecriture|date|invoice date|"
        "invoicedate|document date|doc date|issue date|issued on|date issued|posting date"
    ),
    Field.DUE_ON: (
        "echeance|date echeance|date d echeance|date ech|ech|date de reglement prevue|"
        "due date|duedate|due|due on|maturity|net due date"
    ),
    Field.TOTAL: (
        "montant ttc|total ttc|ttc|montant facture|montant de la facture|montant|"
        "montant initial|montant origine|montant d origine|montant total|amount|"
        "invoice amount|invoiceamount|total|total amount|gross amount|original amount|"
        "amount incl vat|amount inc vat"
    ),
    Field.OPEN: (
        "solde|solde du|solde restant|reste du|reste a payer|restant du|reste a regler|"
        "solde ttc|montant du|montant restant du|encours|solde piece|net a payer|balance|"
        "open amount|amount due|outstanding|outstanding amount|remaining amount|remaining|"
        "open balance|balance due|amount outstanding"
    ),
    Field.PAID: (
        "regle|montant regle|deja regle|paye|montant paye|acompte|encaisse|paid|"
        "amount paid|paid amount|payments"
    ),
    Field.DEBIT: "debit|montant debit|mouvement debit",
    Field.CREDIT: "credit|montant credit|mouvement credit",
    Field.CURRENCY: "devise|code devise|monnaie|currency|currency code|ccy|cur",
    Field.ORDER_REF: (
        "no commande|num commande|numero commande|numero de commande|no de commande|"
        "commande|bon de commande|ref commande|reference commande|votre reference|order|"
        "order no|order number|po|po number|purchase order|customer reference|"
        "your reference"
    ),
    Field.TERMS: (
        "conditions de paiement|condition de paiement|conditions de reglement|"
        "condition reglement|delai de paiement|terms|payment terms"
    ),
    Field.SETTLED_ON: (
        "date reglement|date de reglement|date paiement|date de paiement|settleddate|"
        "settled date|settled on|paid on|payment date"
    ),
    Field.EMAIL: "email|e mail|mail|courriel|adresse email|adresse mail|email client|customer email",
    Field.COUNTRY: "pays|code pays|country",
    Field.REGISTRATION: "siren|siret|no siren|no siret|numero siren|registration|company number",
    Field.VAT: (
        "tva intracom|tva intracommunautaire|no tva|numero tva|no tva intracommunautaire|"
        "vat|vat number|vat no|vat id"
    ),
    Field.CREDITS: (
        "facture d origine|facture origine|avoir sur facture|facture creditee|original invoice|"
        "credited invoice|invoice credited"
    ),
}
"""Headers as `plain` has them, the plainest first."""

KNOWN: Final[Mapping[str, tuple[Field, int]]] = {
    word: (field, place) for field, words in _WORDS.items() for place, word in enumerate(words.split("|"))
}
"""A header as `plain` has it: the field it names, and how plainly (0 most)."""


class MappingError(ValueError):
    """A mapping that does not fit the file; the text says which field and why."""


def known_headers(cells: Sequence[str]) -> int:
    """How many different fields the cells of a row name, were it the row of headers."""
    return len({KNOWN[word][0] for cell in cells if (word := plain(cell)) in KNOWN})


def propose(headers: Sequence[str]) -> dict[Field, int]:
    """The place of each field whose header is known; of two headers for one field, the plainer one."""
    found: dict[Field, tuple[int, int]] = {}
    for place, header in enumerate(headers):
        known = KNOWN.get(plain(header))
        if known is not None and (known[0] not in found or known[1] < found[known[0]][0]):
            found[known[0]] = (known[1], place)
    return {field: place for field, (_, place) in found.items()}


def choose(headers: Sequence[str], chosen: Mapping[str, str]) -> dict[Field, int]:
    """The proposal, with what a person chose in its place: a header by field, or nothing to leave it out.

    Raises:
        MappingError: a field or a header that is not there.
    """
    places = propose(headers)
    by_header = {plain(header): place for place, header in reversed(list(enumerate(headers)))}
    for name, header in chosen.items():
        try:
            field = Field(name)
        except ValueError:
            raise MappingError(
                f"mapping: no field {name!r}{nearest(name, [field.value for field in Field])}; "
                f"known: {', '.join(Field)}"
            ) from None
        if not header:
            places.pop(field, None)
            continue
        place = by_header.get(plain(header))
        if place is None:
            near = nearest(plain(header), by_header)
            raise MappingError(f"mapping: {name}: the file has no column {header!r}{near}")
        places = {known: at for known, at in places.items() if at != place or known == field}
        places[field] = place
    return places


def check(places: Mapping[Field, int]) -> None:
    """Refuse a mapping that lacks what every invoice needs.

    Raises:
        MappingError: naming all that is missing.
    """
    missing = [
        text
        for text, fields in (
            ("number (of the invoice)", (Field.NUMBER,)),
            ("customer or name", (Field.CUSTOMER, Field.NAME)),
            ("issued_on (date of the invoice)", (Field.ISSUED_ON,)),
            ("open, total or debit", (Field.OPEN, Field.TOTAL, Field.DEBIT)),
        )
        if not any(field in places for field in fields)
    ]
    if missing:
        raise MappingError(f"no column found for {'; '.join(missing)}")


def fingerprint(headers: Sequence[str]) -> str:
    """Names a layout: the same headers in the same order, whatever their spaces and accents."""
    return hashlib.sha256("\x1f".join(plain(header) for header in headers).encode()).hexdigest()
