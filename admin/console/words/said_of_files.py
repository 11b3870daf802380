"""What readers of files and matchers say, English beside French, in the order it is tried in."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = {
    "number": "numéro",
    "customer": "client",
    "name": "nom",
    "issued_on": "date de facture",
    "due_on": "échéance",
    "total": "montant total",
    "open": "solde",
    "paid": "réglé",
    "debit": "débit",
    "credit": "crédit",
    "currency": "devise",
    "order_ref": "commande",
    "terms": "conditions",
    "email": "adresse électronique",
    "country": "pays",
}
"""What a column of a table may hold."""

WANTED: Final = {
    "number (of the invoice)": "le numéro de facture",
    "customer or name": "le code ou le nom du client",
    "issued_on (date of the invoice)": "la date de facture",
    "open, total or debit": "le solde, le montant ou le débit",
}
"""What a table must have."""

FILES: Final = [
    # Where, then what.
    ("line {n}: {inner}", "ligne {n} : {inner}"),
    ("sheet {text}, row {n}: {inner}", "feuille {text}, ligne {n} : {inner}"),
    ("{column}: {inner}", "{column} : {inner}"),
    # Of rows.
    ("{never} is not in the calendar", "{never} n’existe pas au calendrier"),
    ("{text} is not in the calendar", "{text} n’existe pas au calendrier"),
    (
        "conflict: {text} is of {text2} in the ledger, {rest} here",
        "conflit : {text} est au compte de {text2} ici, de {rest} dans le fichier",
    ),
    (
        "conflict: {text} is in {text2} in the ledger, {rest} here",
        "conflit : {text} est en {text2} ici, en {rest} dans le fichier",
    ),
    (
        "conflict: line {n} has this invoice with other facts",
        "conflit : la ligne {n} donne cette facture avec d’autres valeurs",
    ),
    (
        "missing, and no payment terms: set those of the customer, of the file or of the company",
        "absente, et aucune condition de paiement : indiquez celles du fichier, du client ou de la société",
    ),
    (
        "{figure} is more than the invoice's total, {figure2}",
        "{figure} dépasse le total de la facture, {figure2}",
    ),
    ("{day} lies before the issue date {day2}", "le {day} précède la date de facture, le {day2}"),
    ("missing", "absent"),
    (
        "due on {day}: payable by {day2} at the latest unless expressly agreed and fair ({text})",
        "échéance au {day}, au plus tard le {day2} sauf accord exprès et équitable ({text})",
    ),
    (
        "due on {day}: payable by {day2} at the latest ({text})",
        "échéance au {day}, au plus tard le {day2} ({text})",
    ),
    # Of invoices.
    (
        "{text}: {figure} open in the file, {figure2} here",
        "{text} : {figure} ouverts dans le fichier, {figure2} ici",
    ),
    ("{text} of {text2}: {sum} open here", "{text} de {text2} : {sum} ouverts ici"),
    ("{text} is paid: not entered", "{text} est soldée, non reprise"),
    ("{text}: {figure} -> {sum}", "{text} : crédit de {figure} à {sum}"),
    ("{n} above the headers, passed over", "{n} au-dessus des titres de colonnes, laissées de côté"),
    ("first rows: {inner}", "premières lignes : {inner}"),
    (
        "credit note {text} of {text2}: {sum}, set against no invoice",
        "avoir {text} de {text2} : {sum}, rattaché à aucune facture",
    ),
    (
        "credit or payment {text} of {text2}: {sum}, set against no invoice",
        "crédit ou règlement {text} de {text2} : {sum}, rattaché à aucune facture",
    ),
    ("a total, passed over", "un total, laissé de côté"),
    # Of statuses.
    ("known already", "déjà connu"),
    ("noted: it is paid", "noté : la facture est soldée"),
    ("noted: all of it is contested already", "noté : tout est déjà contesté"),
    ("noted", "noté"),
    ("a dispute is opened about {sum}", "un litige s’ouvre sur {sum}"),
    ("a dispute is opened", "un litige s’ouvre"),
    ("not chased until it is issued again, or resumed", "plus de relance jusqu’à réémission ou reprise"),
    ("it is issued again: the chase goes on", "réémise : la relance reprend"),
    ("a claimed payment: the bank is awaited", "règlement annoncé : la banque est attendue"),
    ("no invoice {quoted}", "pas de facture « {quoted} »"),
    # Of files as a whole.
    ("empty file", "le fichier est vide"),
    ("{text}: empty file", "le fichier est vide"),
    (
        "no column found for {wanted}; its headers are {rest}",
        "aucune colonne reconnue pour {wanted}. Les colonnes du fichier : {rest}",
    ),
    (
        "{text}: no column found for {wanted}; its headers are {rest}",
        "aucune colonne reconnue pour {wanted}. Les colonnes du fichier : {rest}",
    ),
    (
        "statement {n}: account {text} is none of {rest}",
        "relevé {n} : le compte {text} n’est pas connu de cette société",
    ),
    (
        "{text}: account {text2} is none of {rest}",
        "{text} : le compte {text2} n’est pas connu de cette société",
    ),
    ("{text}: {inner}", "{text} : {inner}"),
    ("no payment of {sum} came before it", "aucun règlement de {sum} ne l’a précédé"),
]
