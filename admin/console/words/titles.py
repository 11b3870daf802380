"""Titles of tasks in French, with the names and numbers they hold.

`tests/console/test_titles.py` holds that every title the sources write has its French here.
"""

from __future__ import annotations

from typing import Final

from activities.rendering.formats import one_line
from admin.console.words.phrases import Naming, Special, known, phrases, whole
from admin.console.words.reasons import french_reason
from admin.console.words.said_words import FACTS

RATES: Final = {
    "the ECB's main refinancing rate": "le taux de refinancement de la BCE",
    "the French legal interest rate": "le taux d’intérêt légal français",
    "the German base rate": "le taux de base allemand",
    "the Bank of England's rate": "le taux de la Banque d’Angleterre",
}


def _half(text: str) -> str:
    year, half = text.split("-")
    return f"le {'1er' if half == '1' else '2e'} semestre {year}"


def _cause(text: str) -> str | None:
    return "cause encore inconnue" if text == "cause not known yet" else known("cause", text)


def _inner(text: str) -> str:
    """What another of our texts says: in French where it is known, else as it is."""
    return french_title(text) or french_reason(text, capitalised=False) or text


_SPECIAL: Final[Special] = {
    "series": ("|".join(RATES), RATES.get),
    "half": (r"\d{4}-[12]", _half),
    "cause": (r"[a-z ]+", _cause),
    "again": (r".+", _inner),
    "fact": (r".+", lambda text: FACTS.get(text, text)),
}

_TITLES: Final = phrases(
    [
        ("Approve {step} to {rest}", "Valider l’étape « {step} » pour {rest}"),
        ("May {step} leave to {text} on {day}?", "L’étape « {step} » peut-elle partir à {text} le {day} ?"),
        (
            "{step} to {text} waits until {day}: sales asked for it",
            "L’étape « {step} » pour {text} attend le {day}, à la demande du commercial",
        ),
        ("Stop deliveries to {text}?", "Arrêter les livraisons à {text} ?"),
        ("Find a contact at {rest}", "Trouver un interlocuteur chez {rest}"),
        ("Find a telephone number at {rest}", "Trouver un numéro de téléphone chez {rest}"),
        ("Find the postal address of {rest}", "Trouver l’adresse postale de {rest}"),
        ("{step} cannot be written", "L’étape « {step} » ne peut être écrite"),
        ("Call {text} again: {again}", "Rappeler {text} : {again}"),
        ("Nobody answers: {text}, {n} calls", "Personne ne répond : {text}, {n} appels"),
        ("Send {text} a copy of {rest}", "Envoyer à {text} une copie de {rest}"),
        (
            "A fact about invoice {text} could not be recorded: {fact}",
            "Un fait sur la facture {text} n’a pas pu être enregistré : {fact}",
        ),
        ("Post the registered letter to {rest}", "Déposer la lettre recommandée pour {rest}"),
        (
            "Await the receipt of the registered letter to {rest}",
            "Attendre l’avis de réception de la lettre recommandée pour {rest}",
        ),
        (
            "Await the deposit of the registered letter to {rest}",
            "Attendre le dépôt de la lettre recommandée pour {rest}",
        ),
        (
            "The e-mail copy of the notice to {text} has not left",
            "La copie par courriel de la mise en demeure à {text} n’est pas partie",
        ),
        (
            "The e-mail copy of the notice to {text} did not arrive",
            "La copie par courriel de la mise en demeure à {text} n’est pas arrivée",
        ),
        ("Did {message} to {text} leave?", "Ce message à {text} est-il parti : {message} ?"),
        ("{text} may have got {message} twice", "{text} a peut-être reçu deux fois : {message}"),
        (
            "The provider refused {message} to {text}: {again}",
            "Le prestataire a refusé « {message} » pour {text} : {again}",
        ),
        (
            "{message} to {text} did not arrive: {again}",
            "« {message} » à {text} n’est pas arrivé : {again}",
        ),
        ("{text} answered by e-mail", "{text} a répondu par courriel"),
        ("{text} answered by text message", "{text} a répondu par SMS"),
        ("A promise was not kept: {rest}", "Promesse non tenue : {rest}"),
        ("A payment said to be made has not come: {rest}", "Règlement annoncé et non arrivé : {rest}"),
        ("A call has not been made: {rest}", "Appel non passé : {rest}"),
        ("Call about the formal notice: {rest}", "Appeler au sujet de la mise en demeure : {rest}"),
        (
            "Decide what follows: go on, mediator, agency, lawyer or court, insurance, factor, write-off: "
            "{rest}",
            "Décider de la suite : {rest}",
        ),
        (
            "Dispute on invoice {text}: all of it, {cause}",
            "Litige, facture {text} : la totalité, {cause}",
        ),
        ("Dispute on invoice {text}: {sum}, {cause}", "Litige, facture {text} : {sum}, {cause}"),
        (
            "Insolvency: file the claim with the insolvency administrator",
            "Procédure collective : déclarer la créance au mandataire judiciaire",
        ),
        ("{sum} too much on invoice {rest}", "{sum} de trop sur la facture {rest}"),
        ("{sum} of {day} from {text}: what does it pay?", "{sum} du {day}, de {text} : que règlent-ils ?"),
        ("{sum} of {day}: what does it pay?", "{sum} du {day} : que règlent-ils ?"),
        (
            "{sum} went back on {day}: whose payment was it?",
            "{sum} repris par la banque le {day} : de qui était le règlement ?",
        ),
        ("Policy {key} for {text}?", "Scénario « {key} » pour {text} ?"),
        (
            "Bank file of {text}: known up to {day} only",
            "Relevés bancaires de {text} : connus jusqu’au {day}",
        ),
        ("Bank file of {text}: known up to None only", "Relevé bancaire de {text} : aucun jour connu"),
        (
            "Enter {series} for {half}: letters cannot reckon interest",
            "Saisir {series} pour {half} : les lettres ne peuvent calculer les intérêts",
        ),
    ],
    _SPECIAL,
)


def french_title(title: str, who: Naming = str) -> str | None:
    """A task's title in French; None where it is none of ours (a call's is in the company's language)."""
    return whole(_TITLES, one_line(title), who)
