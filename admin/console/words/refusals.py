"""Why something told was not taken, in French. The ledger says it in English, naming the field first.

`tests/console/test_refusals.py` holds that every refusal of a fact or of a task's outcome has its French.
"""

from __future__ import annotations

import re
from typing import Final

from activities.rendering.formats import one_line
from admin.console.words.phrases import Special, capital, known, phrases, whole
from admin.console.words.said_words import STOPS

_FIELD: Final = re.compile(r"[a-z_]+(?: [0-9]+)?: ")


def _quoted(text: str) -> str:
    return text[1:-1]


def _stop(text: str) -> str | None:
    return STOPS.get(text.replace("_", " "))


def _of_row(text: str) -> str | None:
    said = french_refusal(text)
    return said and said[:1].lower() + said[1:]


_TASK: Final = {"done": "faite", "withdrawn": "retirée"}
_SPECIAL: Final[Special] = {
    "quoted": (r"'[^']*'|\"[^\"]*\"", _quoted),
    "stopped": ("insolvency|do_not_contact|represented_by_lawyer", _stop),
    "contact": (r"[a-z_]+", lambda text: known("contact", text)),
    "role": (r"[a-z_]+", lambda text: known("role", text)),
    "ended": ("done|withdrawn", _TASK.get),
    "inner": (r".+", _of_row),
    "plain": (r"-?[0-9.,]+", lambda text: text.replace(".", ",")),
}

_REFUSALS: Final = phrases(
    [
        # Rows of a plan.
        ("row {n}: a day and an amount are required", "ligne {n} : un jour et un montant sont nécessaires"),
        ("row {n}: {inner}", "ligne {n} : {inner}"),
        ("instalments {n}: {inner}", "ligne {n} : {inner}"),
        # Fields.
        ("required", "à remplir"),
        ("required by {outcome}", "à remplir pour « {outcome} »"),
        ("{outcome} takes none", "sans objet pour « {outcome} »"),
        ("{quoted} is no amount", "« {quoted} » n’est pas un montant"),
        ("{quoted} is no day", "« {quoted} » n’est pas une date"),
        ("{quoted} is not one of {rest}", "« {quoted} » ne peut être choisi ici"),
        (
            "{day} is not after today and at most {n} days on ({day2})",
            "le {day} n’est pas après aujourd’hui, ou va au-delà de {n} jours (le {day2})",
        ),
        ("{day} is not after today ({day2})", "le {day} n’est pas après aujourd’hui ({day2})"),
        ("{day} lies in the future (today is {day2})", "le {day} est à venir (nous sommes le {day2})"),
        ("{day} lies before the issue date {day2}", "le {day} précède l’émission, le {day2}"),
        ("{day} lies before the payment of {day2}", "le {day} précède le règlement du {day2}"),
        ("{day} lies before the day it was posted, {day2}", "le {day} précède le dépôt, le {day2}"),
        ("{day} lies before the day the letter left, {day2}", "le {day} précède le départ, le {day2}"),
        (
            "{day} lies before the first of these invoices ({day2})",
            "le {day} précède la première de ces factures ({day2})",
        ),
        ("{day} has passed (today is {day2})", "le {day} est passé (nous sommes le {day2})"),
        (
            "{day} is more than {days} away: agree a payment plan instead",
            "le {day} est à plus de {days} : convenez plutôt d’un échéancier",
        ),
        ("{day} is more than {days} away", "le {day} est à plus de {days}"),
        ("{day} has passed", "le {day} est passé"),
        ("due_on: {day} has passed", "le {day} est passé"),
        ("due_on: {day} does not follow {day2}", "le {day} ne suit pas le {day2}"),
        ("{day} is not between {day2} and ten years from now", "le {day} est trop loin dans le temps"),
        ("{plain} has more than the {n} decimals of {text}", "{plain} a plus de {n} décimales ({text})"),
        ("{plain} is more than the {plain2} in dispute", "{plain} dépasse les {plain2} contestés"),
        (
            "{plain} is more than the {sum} owed and not in dispute",
            "{plain} dépasse les {sum} dus et non contestés",
        ),
        ("{plain} is more than the {sum} owed", "{plain} dépasse les {sum} dus"),
        ("they add up to {plain}, {sum} is owed", "elles font {plain}, alors que {sum} sont dus"),
        ("at least one is required", "il en faut au moins une"),
        ("{text} given, the invoice is in {text2}", "{text} indiqué, la facture est en {text2}"),
        ("{text} given, the invoices are in {rest}", "{text} indiqué, les factures sont en {rest}"),
        ("required with an amount, the invoices are in {rest}", "à préciser : les factures sont en {rest}"),
        (
            "required with an amount, this was about {n} invoices",
            "à préciser avec un montant : {n} factures sont concernées",
        ),
        ("required, the customer has {n} open invoices", "à préciser : le client a {n} factures ouvertes"),
        ("required, the customer has no number", "le client n’a aucun numéro"),
        ("required, the customer has {n} numbers: {rest}", "à préciser : le client a {n} numéros"),
        ("required, the customer has {n} delivery holds", "à préciser : {n} arrêts de livraison"),
        ("required, there are {n} payments on this invoice", "à préciser : la facture a {n} règlements"),
        ("required, the invoice has {n} open disputes", "à préciser : la facture a {n} litiges ouverts"),
        ("holds a character that cannot be stored", "contient un caractère qui ne peut être gardé"),
        (
            "{quoted} is not a number of the post (at most 40 letters, digits, spaces, dots, dashes or "
            "slashes)",
            "« {quoted} » n’est pas un numéro postal (40 lettres, chiffres, espaces ou tirets au plus)",
        ),
        ("email or phone: one of them is required", "une adresse électronique ou un téléphone est à remplir"),
        ("{text}: one of them is required", "l’un des champs est à remplir"),
        ("one of them is required", "l’un des champs est à remplir"),
        ("nobody takes their own place", "personne ne se remplace soi-même"),
        # Of bank lines.
        ("{sum} is more than the {plain} it owes", "{sum} dépassent les {plain} dus"),
        ("{text}: {sum} is more than the {plain} it owes", "{text} : {sum} dépassent les {plain} dus"),
        (
            "{text}: {plain} has more than the {n} decimals of {text2}",
            "{text} : {plain} a plus de {n} décimales ({text2})",
        ),
        ("{sum} is allocated, the line is of {plain}", "{sum} affectés, pour un règlement de {plain}"),
        ("{text}: more than nothing is required", "{text} : il faut un montant positif"),
        ("no customer {quoted} in company {rest}", "pas de client « {quoted} »"),
        ("no invoice {quoted} in company {rest}", "pas de facture « {quoted} »"),
        ("{quoted} is named twice", "« {quoted} » est citée deux fois"),
        ("whose credit is what is left over?", "au crédit de quel client laisser le reste ?"),
        ("what is it, if nobody's payment?", "de quoi s’agit-il, si ce n’est le règlement de personne ?"),
        ("what does it take back?", "indiquez ce qui est repris"),
        ("bank line {text} is {rest}: there is nothing to allocate", "ce mouvement ne peut pas être affecté"),
        ("{text} has no payment of {sum} that stand", "{text} n’a pas de règlement de {sum}"),
        (
            "{text} has {n} payments of {sum} that stand; name one by payment_event_id",
            "{text} a {n} règlements de {sum} : précisez lequel par son identifiant",
        ),
        # What is named.
        ("an invoice cannot replace itself", "une facture ne se remplace pas elle-même"),
        ("invoice {quoted} belongs to another customer", "la facture « {quoted} » est à un autre client"),
        (
            "invoice {quoted} replaces another one already",
            "la facture « {quoted} » en remplace une déjà",
        ),
        ("{quoted} is no open invoice that this was about", "« {quoted} » n’est pas une facture concernée"),
        ("the task is not about {quoted}", "la tâche ne concerne pas « {quoted} »"),
        ("nobody of company {quoted} has this address", "personne de la société n’a cette adresse"),
        ("this customer has no invoice {quoted}", "ce client n’a pas de facture « {quoted} »"),
        ("this customer has no invoice {rest}", "ce client n’a pas de facture {rest}"),
        ("all of them are paid, nothing would end the hold", "toutes sont réglées : rien n’y mettrait fin"),
        ("no {text} {quoted} of this customer", "rien de tel (« {quoted} ») chez ce client"),
        ("no plan {quoted} on invoice {quoted2}", "pas d’échéancier « {quoted} » sur cette facture"),
        ("no dispute {quoted} on invoice {quoted2}", "pas de litige « {quoted} » sur cette facture"),
        ("no payment {quoted} on invoice {quoted2}", "pas de règlement « {quoted} » sur cette facture"),
        ("no contact {text} at this customer", "pas de tel interlocuteur chez ce client"),
        ("the contact {text} has no number", "cet interlocuteur n’a pas de numéro"),
        ("no task {text} about invoice {quoted}", "pas de telle tâche sur cette facture"),
        ("no task {text}", "pas de telle tâche"),
        ("no policy {quoted}", "pas de scénario « {quoted} »"),
        ("no policy {rest}", "pas de tel scénario : {rest}"),
        ("{key} version {rest}", "{key}, version {rest}"),
        # What stands already.
        ("invoice {quoted} is not paused by a person", "la facture « {quoted} » n’est pas mise en pause"),
        ("invoice {quoted} is replaced already", "la facture « {quoted} » est déjà remplacée"),
        ("invoice {quoted} is paid: nothing is left to dispute", "la facture « {quoted} » est soldée"),
        ("invoice {quoted} has no payment plan in force", "la facture « {quoted} » n’a pas d’échéancier"),
        (
            "invoice {quoted} has no payment to reverse",
            "la facture « {quoted} » n’a pas de règlement",
        ),
        ("invoice {quoted} has no dispute to resolve", "la facture « {quoted} » n’a pas de litige à lever"),
        ("insolvency is recorded already, of {day}", "une procédure du {day} est déjà enregistrée"),
        ("the case is closed already: {rest}", "le dossier est déjà clos"),
        ("nothing told by {quoted} about invoice {text}", "rien de tel n’a été enregistré sur cette facture"),
        ("{quoted} does not stand any more", "cela ne tient plus : il n’y a rien à retirer"),
        (
            "the invoice was corrected again since: withdraw that first",
            "la facture a été corrigée de nouveau depuis : retirez d’abord cette correction-là",
        ),
        (
            "the journal does not say how the invoice was before",
            "l’historique ne dit pas ce qu’était la facture avant",
        ),
        (
            "a manager takes this back, at the case or the customer",
            "un responsable le retire, depuis le dossier ou le client",
        ),
        ("a {text} is not withdrawn; another fact ends it", "cela ne se retire pas ainsi"),
        ("nobody has closed the case of invoice {quoted}", "personne n’a clos ce dossier"),
        ("no insolvency of customer {quoted} is recorded", "aucune procédure n’est enregistrée"),
        ("the plan {quoted} is cancelled already", "cet échéancier est déjà annulé"),
        ("the dispute {quoted} is resolved already", "ce litige est déjà levé"),
        ("payment {quoted} is reversed already", "ce règlement est déjà repris"),
        ("the hold {quoted} is released already", "les livraisons ont déjà repris"),
        ("this customer has no delivery hold to release", "les livraisons ne sont pas arrêtées"),
        (
            "credit note {quoted} is recorded already on this invoice",
            "l’avoir « {quoted} » est déjà enregistré sur cette facture",
        ),
        ("{quoted} was recorded before, as another {rest}", "ce formulaire a déjà servi à autre chose"),
        ("the task is {ended} already", "la tâche est déjà {ended}"),
        ("the task {text} names no {rest}", "la tâche ne se rattache à rien"),
        ("task {text} is about no invoice", "la tâche ne concerne aucune facture"),
        ("the approval {text} names no contact", "la validation ne se rattache à rien"),
        (
            "the letter is {contact}: there is nothing to approve",
            "lettre « {contact} » : rien à valider",
        ),
        (
            "the message is {status}: it is not uncertain",
            "message « {status} », non incertain",
        ),
        (
            "tell first that it was posted, with its number and day",
            "dites d’abord son dépôt : numéro et jour",
        ),
        ("the letter is recorded as posted on {day}", "la lettre est enregistrée comme déposée le {day}"),
        (
            "nothing is owed on these invoices that is not in dispute",
            "rien n’est dû sur ces factures qui ne soit contesté",
        ),
        (
            "it closes by itself, once the bank is known up to a later day: state that day",
            "elle se ferme seule quand la banque est connue jusqu’à un jour ultérieur : indiquez-le",
        ),
        ("{stopped} is recorded already, since {day}", "{stopped} : déjà enregistré, depuis le {day}"),
        ("contact is not stopped for {stopped}", "le contact n’est pas arrêté : {stopped}"),
        (
            "this {role} contact is known already, and out of use: take it into use again",
            "cet interlocuteur ({role}) est connu et n’est plus utilisé : remettez-le en usage",
        ),
        ("this {role} contact is known already", "cet interlocuteur ({role}) est déjà connu"),
        (
            "not to be used since {day} ({text}); a manager clears that",
            "à ne plus utiliser depuis le {day} ; un responsable peut le lever",
        ),
        ("this one is known already", "celle-ci est déjà connue"),
        ("at most {n} lines, {n2} given", "{n} lignes au plus, {n2} données"),
        ("at most {n} characters a line, {n2} given", "{n} caractères par ligne au plus, {n2} donnés"),
        ("holds a character that cannot be printed", "contient un caractère qui ne peut être imprimé"),
        # Of forms in general.
        ("choose one of the list", "choisissez dans la liste"),
        ("a whole number from {n} to {n2}", "un nombre entier de {n} à {n2}"),
        (
            "a message left since: tell it as an act of its own",
            "un message est parti depuis : cela ne se retire plus, corrigez par l’action ordinaire",
        ),
        ("not an e-mail address: {rest}", "ce n’est pas une adresse électronique"),
        ("no such number in the numbering plan of its country", "ce n’est pas un numéro de téléphone"),
        ("Input should be a valid integer, {rest}", "un nombre entier est attendu"),
        ("Input should be less than or equal to {n}", "{n} au plus"),
        ("Input should be greater than or equal to {n}", "{n} au moins"),
        ("Decimal input should have no more than {rest}", "trop de chiffres ou de décimales"),
        ("List should have at most {n} items after validation, not {n2}", "{n} au plus, {n2} données"),
        ("String should have at most {n} characters", "{n} caractères au plus"),
        ("String should have at least {n} characters", "{n} caractères au moins"),
        ("String should have at least {n} character", "à remplir"),
        ("Input should be greater than 0", "plus que zéro"),
        ("Field required", "à remplir"),
        ("Input should be {quoted} or {rest}", "choisissez dans la liste"),
        ("Input should be {quoted}, {rest}", "choisissez dans la liste"),
        ("Value error, {rest}", "{rest}"),
        ("{n}", "{n} caractères au moins"),
    ],
    _SPECIAL,
)


def french_refusal(text: str) -> str | None:
    """Why something was not taken, in French; None where it is none of ours. Its field is left out."""
    told = one_line(text)
    said = whole(_REFUSALS, told, str)
    field = _FIELD.match(told)
    if said is None and field is not None:
        said = whole(_REFUSALS, told[field.end() :], str)
    return None if said is None else capital(said)
