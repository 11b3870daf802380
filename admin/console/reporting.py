"""What readers and matchers say in English, for French readers: known sentences are said in French.

The sentences are written where files are read, for the command line and the API as well. A sentence without a
counterpart here is shown as it is, and marked as English.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from markupsafe import Markup, escape

from activities.rendering.formats import NARROW_NBSP, one_line, typeset_french

_FIELDS: Final = {
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
_SENTENCES: Final[tuple[tuple[str, str], ...]] = (
    # Where, then what: the rest is said by the other sentences.
    (r"line (\d+): (.+)", r"ligne \1 : {2}"),
    (r"sheet (.+), row (\d+): (.+)", r"feuille \1, ligne \2 : {3}"),
    (rf"({'|'.join(_FIELDS)}): (.+)", r"{1} : {2}"),
    # Of rows.
    (r"(.+) is not in the calendar", r"\1 n’existe pas au calendrier"),
    (
        r"conflict: (.+) is of (.+) in the ledger, (.+) here",
        r"conflit : \1 est au compte de \2 ici, de \3 dans le fichier",
    ),
    (
        r"conflict: (.+) is in (.+) in the ledger, (.+) here",
        r"conflit : \1 est en \2 ici, en \3 dans le fichier",
    ),
    (
        r"conflict: line (\d+) has this invoice with other facts",
        r"conflit : la ligne \1 donne cette facture avec d’autres valeurs",
    ),
    (
        r"missing, and no payment terms: set those of the customer, of the file or of the company",
        "absente, et aucune condition de paiement : indiquez celles du fichier, du client ou de la société",
    ),
    (r"(.+) is more than the invoice's total, (.+)", r"\1 dépasse le total de la facture, \2"),
    (r"(.+) lies before the issue date (.+)", r"\1 précède la date de facture, \2"),
    (r"missing", "absent"),
    (r"due on (\S+): payable by (\S+) at the latest \((.+)\)", r"échéance au \1, au plus tard le \2 (\3)"),
    (
        r"due on (\S+): payable by (\S+) at the latest unless expressly agreed and fair \((.+)\)",
        r"échéance au \1, au plus tard le \2 sauf accord exprès et équitable (\3)",
    ),
    (r"(\S+): (due on .+)", r"\1 : {2}"),
    # Of invoices.
    (r"(.+): (\S+) open in the file, (\S+) here", r"\1 : \2 ouverts dans le fichier, \3 ici"),
    (r"(.+) of (.+): (\S+) ([A-Z]{3}) open here", r"\1 de \2 : \3 \4 ouverts ici"),
    (r"(.+) is paid: not entered", r"\1 est soldée, non reprise"),
    (r"(.+): (\S+) -> (\S+) ([A-Z]{3})", r"\1 : crédit de \2 à \3 \4"),
    (r"(\d+) above the headers, passed over", r"\1 au-dessus des titres de colonnes, laissées de côté"),
    (r"first rows: (.+)", r"premières lignes : {1}"),
    (
        r"credit note (\S+) of (.+): (\S+) ([A-Z]{3}), set against no invoice",
        r"avoir \1 de \2 : \3 \4, rattaché à aucune facture",
    ),
    (
        r"credit or payment (\S+) of (.+): (\S+) ([A-Z]{3}), set against no invoice",
        r"crédit ou règlement \1 de \2 : \3 \4, rattaché à aucune facture",
    ),
    (r"a total, passed over", "un total, laissé de côté"),
    # Of statuses.
    (r"known already", "déjà connu"),
    (r"noted", "noté"),
    (r"noted: it is paid", "noté : la facture est soldée"),
    (r"noted: all of it is contested already", "noté : tout est déjà contesté"),
    (r"a dispute is opened", "un litige s’ouvre"),
    (r"a dispute is opened about (.+)", r"un litige s’ouvre sur \1"),
    (r"not chased until it is issued again, or resumed", "plus de relance jusqu’à réémission ou reprise"),
    (r"it is issued again: the chase goes on", "réémise : la relance reprend"),
    (r"a claimed payment: the bank is awaited", "règlement annoncé : la banque est attendue"),
    (r"no invoice '([^']*)'", r"pas de facture « \1 »"),
    # Of files as a whole.
    (r"(?:.+: )?empty file", "le fichier est vide"),
    (
        r"(?:.+: )?no column found for (.+); its headers are (.+)",
        r"aucune colonne reconnue pour {1}. Les colonnes du fichier : \2",
    ),
    (
        r"statement (\d+): account (\S+) is none of (.+)'s: name it with .+",
        r"relevé \1 : le compte \2 n’est pas connu de cette société",
    ),
    (
        r"(.+): account (\S+) is none of (.+)'s: name it with .+",
        r"\1 : le compte \2 n’est pas connu de cette société",
    ),
    (r"number \(of the invoice\)", "le numéro de facture"),
    (r"customer or name", "le code ou le nom du client"),
    (r"issued_on \(date of the invoice\)", "la date de facture"),
    (r"open, total or debit", "le solde, le montant ou le débit"),
    # Of decisions that cannot be.
    (r"'(.*)' is no amount", r"« \1 » n’est pas un montant"),
    (r"(\S+) (\S+) is more than the (\S+) it owes", r"\1 \2 dépassent les \3 dus"),
    (r"(?:\S+: )?(\S+) has more than the (\d+) decimals of (\S+)", r"\1 a plus de \2 décimales (\3)"),
    (r"(\S+) (\S+) is allocated, the line is of (\S+)", r"\1 \2 affectés, pour un règlement de \3"),
    (r"(\S+): more than nothing is required", r"\1 : il faut un montant positif"),
    (r"no customer '(.*)' in company .+", r"pas de client « \1 »"),
    (r"no invoice '(.*)' in company .+", r"pas de facture « \1 »"),
    (r"'(.*)' is named twice", r"« \1 » est citée deux fois"),
    (r"whose credit is what is left over\?", "au crédit de quel client laisser le reste ?"),
    (r"what is it, if nobody's payment\?", "de quoi s’agit-il, si ce n’est le règlement de personne ?"),
    (r"what does it take back\?", "indiquez ce qui est repris"),
    (r"bank line \S+ is (\S+): there is nothing to allocate", "ce mouvement ne peut pas être affecté"),
    (r"(\S+) has no payment of (.+) that stand", r"\1 n’a pas de règlement de \2"),
    (
        r"(\S+) has (\d+) payments of (.+) that stand; name one by payment_event_id",
        r"\1 a \2 règlements de \3 : précisez lequel par son identifiant",
    ),
    # Of bank lines.
    (r"as a person decided", "décidé à la main"),
    (r"money that we paid", "argent que nous avons versé"),
    (r"between accounts of our own", "virement entre nos comptes"),
    (r"a payment of ours that came back", "un de nos versements revenu"),
    (
        r"it names (.+), but nothing else says who paid",
        r"le libellé cite \1, mais rien d’autre ne dit qui a payé",
    ),
    (
        r"it names (.+), but the payer is somebody else's",
        r"le libellé cite \1, mais le payeur est celui d’un autre client",
    ),
    (r"it names (.+), which is unknown here", r"le libellé cite \1, inconnu ici"),
    (r"it names (.+), on which nothing is owed", r"le libellé cite \1, qui ne doit plus rien"),
    (r"it names (.+)", r"le libellé cite \1"),
    (r"it is what (?:it owes|they owe), to the cent", "le montant dû, au centime près"),
    (r"it is what (\d+) owe together", r"le total exact de \1 factures"),
    (r"it is a part of the (\S+) owed", r"une partie des \1 dus"),
    (r"it is what is owed less the discount for paying early", "le montant dû, escompte déduit"),
    (r"it is what is owed less charges of banks", "le montant dû, frais bancaires déduits"),
    (r"it is (\S+) more than they owe", r"\1 de plus que le montant dû"),
    (r"it is (\S+) less than they owe", r"\1 de moins que le montant dû"),
    (r"no other invoice owes as much", "aucune autre facture ne doit autant"),
    (r"the account has paid for it before", "ce compte a déjà payé pour ce client"),
    (r"the payer's name is known as its own", "le nom du payeur est connu comme le sien"),
    (r"the text has its reference", "le libellé porte sa référence"),
    (r"the payer is called (.+), or nearly so", r"le payeur s’appelle \1, ou presque"),
    (r"nothing says whose money it is", "rien ne dit de qui vient cet argent"),
    (r"it may be of several customers", "il peut venir de plusieurs clients"),
    (r"the amount alone says which", "seul le montant désigne la facture"),
    (r"no invoice, nor several, owe as much", "aucune facture, ni plusieurs ensemble, ne doit ce montant"),
    (r"no payment of (\S+) ([A-Z]{3}) came before it", r"aucun règlement de \1 \2 ne l’a précédé"),
    (r"taken back on (\S+)(.*)", r"repris le \1\2"),
)
_COMPILED: Final = tuple((re.compile(pattern, re.DOTALL), french) for pattern, french in _SENTENCES)
_AMOUNT: Final = re.compile(r"(?<![\w.,/-])([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)\.([0-9]{2})(?:00)?(?![\w.,-])")
_DAY: Final = re.compile(r"(?<![\w-])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![\w-])")
_INNER: Final = re.compile(r"\{(\d)\}")


def said_in(language: str) -> Callable[[str], Markup]:
    """How a sentence of a report is shown in a language."""
    return partial(_said, language)


def _said(language: str, text: str) -> Markup:
    shown = one_line(text)
    if language != "fr":
        return escape(shown)
    french = in_french(shown)
    return Markup('<span lang="en">{}</span>').format(shown) if french is None else escape(french)


def in_french(text: str) -> str | None:
    """The sentence in French; None where a part of it has no counterpart. Several are joined by `; `."""
    french = _any(text)
    if french is None:
        return None
    french = _AMOUNT.sub(lambda told: f"{told[1].replace(',', NARROW_NBSP)},{told[2]}", french)
    return typeset_french(_DAY.sub(r"\3/\2/\1", french))


def _any(text: str) -> str | None:
    parts = [_one(part) for part in text.split("; ")]
    return _one(text) if None in parts else " ; ".join(filter(None, parts))


def _one(text: str) -> str | None:
    for pattern, french in _COMPILED:
        told = pattern.fullmatch(text)
        if told is None:
            continue
        found = told.expand(_INNER.sub(lambda hit: f"\x00{hit[1]}\x00", french))
        whole = True
        for place in re.findall(r"\x00(\d)\x00", found):
            inner = told[int(place)]
            said = _FIELDS.get(inner) or _any(inner)
            whole = whole and said is not None
            found = found.replace(f"\x00{place}\x00", said or inner)
        if whole:
            return found
    return None
