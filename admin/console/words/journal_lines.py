"""Sentences of the French journal that take details, amounts in them written out already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from activities.rendering.formats import typeset_french
from admin.console.words import kind
from admin.console.words.phrases import capital, day, known, step
from admin.console.words.reasons import french_reason
from admin.console.words.said_words import E_INVOICE, FACTS

Detail: TypeAlias = Mapping[str, Any]
Sentence: TypeAlias = str | Callable[[Detail], str]


def _say(french: str, **values: object) -> str:
    # Only our own words are typeset; what is put in stays as it was given.
    return typeset_french(french).format(**values)


def _on(detail: Detail, name: str, before: str = " le ") -> str:
    return f"{before}{day(str(detail[name]))}" if detail.get(name) else ""


def _reason(reason: object) -> str:
    """What a person gave as reason, in French where it is one of our words."""
    return "" if not reason else french_reason(str(reason), capitalised=False) or str(reason)


def _of(detail: Detail, name: str = "amount") -> str:
    return f" de {detail[name]}" if detail.get(name) is not None else ""


def payment(detail: Detail) -> str:
    return f"Règlement{_of(detail)} reçu{_on(detail, 'received_on')}"


def kept(detail: Detail) -> str:
    return f"Règlement{_of(detail)} reçu et gardé au crédit du client"


def returned(detail: Detail) -> str:
    return f"Règlement{_of(detail)}, au crédit du client, repris par la banque"


def cancelled(detail: Detail) -> str:
    return _say("Avoir{what} annulé : son règlement est revenu", what=_number(detail) + _of(detail))


def _number(detail: Detail) -> str:
    number = detail.get("number")
    if not number:
        return ""
    # Credits that nobody numbered carry what they were granted for.
    return f" ({why})" if (why := french_reason(str(number), capitalised=False)) else f" {number}"


def early(detail: Detail) -> str:
    if detail.get("percent") is None:
        return "Plus d’escompte pour paiement anticipé"
    percent = str(detail["percent"]).replace(".", ",")
    return f"Escompte de {percent}\u00a0% pour un règlement jusqu’au {day(str(detail.get('until')))}"


def einvoice(detail: Detail) -> str:
    code = str(detail.get("code"))
    status = E_INVOICE.get(code, "autre statut")
    return _say("Facture électronique, selon la plateforme : {status} ({code})", status=status, code=code)


def reversed_payment(detail: Detail) -> str:
    return f"Un règlement est revenu{_on(detail, 'reversed_on')}"


def claimed(detail: Detail) -> str:
    return f"Le client dit avoir payé{_on(detail, 'paid_on')}"


def credit(detail: Detail) -> str:
    return f"Avoir{_number(detail)}{_of(detail)} établi"


def dispute(detail: Detail) -> str:
    how_much = detail["amount"] if detail.get("amount") else "la totalité"
    cause = f" ({kind('fr', 'cause', str(detail['cause']))})" if detail.get("cause") else ""
    return f"Le client conteste {how_much}{cause}"


def resolved(detail: Detail) -> str:
    credited = f"avoir de {detail['credited']}" if detail.get("credited") else "aucun avoir"
    return f"Litige résolu, {credited}"


def plan(detail: Detail) -> str:
    parts = detail.get("instalments") or ()
    told = ", ".join(f"{part['amount']} pour le {day(str(part['due_on']))}" for part in parts[:12])
    more = f" et {len(parts) - 12} autres" if len(parts) > 12 else ""
    what = "Promesse de règlement" if len(parts) == 1 else "Échéancier convenu"
    return _say("{what} : {told}{more}", what=what, told=told, more=more) if told else what


def hold(detail: Detail) -> str:
    named = detail.get("invoices") or ()
    about = f"de {', '.join(named)}" if named else "de cette facture"
    return f"Livraisons arrêtées jusqu’au règlement {about}"


def paused(detail: Detail) -> str:
    until = _on(detail, "until", " jusqu’au ") or " jusqu’à reprise"
    why = _reason(detail.get("reason"))
    return _say("En pause{until} : {why}", until=until, why=why) if why else f"En pause{until}"


def changed(detail: Detail) -> str:
    named = {"total": "total", "issued_on": "émise le", "due_on": "échéance", "replaced_by": "remplacée par"}
    parts = [f"{words} {day(str(detail[name]))}" for name, words in named.items() if detail.get(name)]
    return _say("Facture corrigée : {parts}", parts=", ".join(parts)) if parts else "Facture corrigée"


def was(detail: Detail) -> str:
    told = {name: day(str(detail.get(name))) for name in ("issued_on", "due_on")}
    return _say(
        "Auparavant : total {total}, émise le {issued_on}, échéance {due_on}",
        total=detail.get("total"),
        **told,
    )


def policy(detail: Detail) -> str:
    return _say("Scénario changé : {was}, puis {to}", was=detail.get("from"), to=detail.get("to"))


def closed(detail: Detail) -> str:
    return _say("Clos par une personne : {why}", why=_reason(detail.get("reason")))


def fact_withdrawn(detail: Detail) -> str:
    kind_told = str(detail.get("withdrawn"))
    amount = f" ({detail['amount']})" if detail.get("amount") else ""
    return _say("Retiré, saisi par erreur : {told}", told=f"{FACTS.get(kind_told, kind_told)}{amount}")


def task_done(detail: Detail) -> str:
    outcome = str(detail.get("outcome") or "done")
    said = known("outcome", outcome) or french_reason(outcome) or outcome
    return _say("Tâche faite : {said}", said=said[:1].lower() + said[1:])


def opened(detail: Detail) -> str:
    return f"Dossier ouvert, scénario {detail.get('policy')}"


def imported(detail: Detail) -> str:
    place = f"{detail.get('file')}, ligne {detail.get('line')}"
    return f"Repris de {place}, scénario {detail.get('policy')}"


def withdrawn(detail: Detail) -> str:
    return _say("Étape « {step} » : ce qui était composé est retiré", step=step(str(detail.get("step"))))


def rejected(detail: Detail) -> str:
    signal = str(detail.get("signal"))
    return f"Un fait n’a pas pu être enregistré ({FACTS.get(signal, signal)})"


def of_message(told: str) -> Sentence:
    def sentence(detail: Detail) -> str:
        name = kind("fr", "template", str(detail.get("kind")))
        channel = kind("fr", "channel", str(detail.get("channel")))
        return _say("{name}, {channel} : {told}", name=capital(name), channel=channel, told=told)

    return sentence


def of_case(told: str) -> Sentence:
    def sentence(detail: Detail) -> str:
        return f"{told} ({step(str(detail['next']))})" if detail.get("next") else told

    return sentence


def reply(detail: Detail) -> str:
    by = "SMS" if detail.get("channel") == "sms" else "courriel"
    told = {
        "answer": f"Le client a répondu par {by}",
        "automatic": f"Réponse automatique par {by}",
        "bounce": f"Message renvoyé par un serveur, par {by}",
        "opt_out": f"Plus de SMS souhaités, dit par {by}",
        "own": f"Un collègue a écrit au client par {by}",
    }.get(str(detail.get("kind")), f"Reçu par {by}")
    if not detail.get("until"):
        return told
    return _say("{told} ; en pause jusqu’au {until}", told=told, until=day(str(detail["until"])))
