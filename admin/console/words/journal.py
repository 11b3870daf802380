"""The journal in French: one sentence for each kind of line, from its structured detail.

The English twin is `admin.queries.words`; `tests/console/test_journal.py` holds that neither misses a kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from activities.rendering.formats import typeset_french
from admin.console.words import journal_lines as lines
from admin.console.words.journal_lines import Detail, Sentence
from admin.console.words.phrases import money
from models.ids import CaseSignal
from rules.decide import State

TYPED: Final = frozenset(
    {
        *(signal.value for signal in CaseSignal),
        f"case_{State.CLOSED}",
        "contact_invalidated",
        "phone_invalid",
        "reply_dismissed",
        "credit_kept",
    }
)
"""Kinds whose reason may be what a person typed or a file holds: it is shown in whatever language it is."""


def told_in_french(what: str, detail: Detail, currency: str | None) -> str | None:
    """One line of the journal without its reason; None for a kind without a sentence.

    `currency` is the invoice's, in which the amounts of its facts are.
    """
    sentence = SENTENCES.get(what)
    if sentence is None:
        return None
    if isinstance(sentence, str):
        return typeset_french(sentence)
    return sentence(_written_out(detail, detail.get("currency") or currency))


def _written_out(detail: Detail, currency: str | None) -> Detail:
    """The detail with its amounts as a French reader writes them."""
    if currency is None:
        return detail
    told = dict(detail)
    for name in ("amount", "credited", "total"):
        if told.get(name) is not None:
            told[name] = money(f"{told[name]} {currency}")
    if told.get("instalments"):
        told["instalments"] = [
            {**part, "amount": money(f"{part['amount']} {currency}")} for part in told["instalments"]
        ]
    return told


SENTENCES: Final[Mapping[str, Sentence]] = {
    CaseSignal.PAYMENT_RECEIVED: lines.payment,
    CaseSignal.PAYMENT_REVERSED: lines.reversed_payment,
    CaseSignal.PAYMENT_CLAIMED: lines.claimed,
    CaseSignal.CREDIT_NOTE_ISSUED: lines.credit,
    CaseSignal.DISPUTE_OPENED: lines.dispute,
    CaseSignal.DISPUTE_RESOLVED: lines.resolved,
    CaseSignal.PAYMENT_PLAN_AGREED: lines.plan,
    CaseSignal.PAYMENT_PLAN_CANCELLED: "Échéancier annulé",
    CaseSignal.DELIVERY_HOLD_PLACED: lines.hold,
    CaseSignal.DELIVERY_HOLD_RELEASED: "Les livraisons reprennent",
    CaseSignal.PAUSED: lines.paused,
    CaseSignal.RESUMED: "Reprise",
    CaseSignal.INVOICE_CHANGED: lines.changed,
    CaseSignal.POLICY_CHANGED: "Un autre scénario est demandé",
    CaseSignal.INSOLVENCY_OPENED: "Procédure collective ouverte : plus aucun contact",
    CaseSignal.TASK_COMPLETED: lines.task_done,
    CaseSignal.CLOSED: lines.closed,
    CaseSignal.FACT_WITHDRAWN: lines.fact_withdrawn,
    "credit_kept": lines.kept,
    "credit_cancelled": lines.cancelled,
    "credit_moved": "Un règlement gardé au crédit a été affecté autrement",
    "credit_returned": lines.returned,
    "bank_line_allocated": "Une personne a dit ce que règle une ligne bancaire",
    "step_vetoed": "Le commercial a demandé d’attendre",
    "veto_overruled": "Le responsable passe outre : l’étape n’attend plus",
    "task_sales_veto": "Le commercial est consulté",
    "bank_line_set_aside": "Une personne a mis de côté une ligne bancaire",
    "einvoice_read": "Lue d’une facture électronique",
    "einvoice_status": lines.einvoice,
    "discount": lines.early,
    "opened": lines.opened,
    "imported": lines.imported,
    "reopened": "Dossier rouvert",
    "policy": lines.policy,
    "invoice_was": lines.was,
    "contact_withdrawn": lines.withdrawn,
    "contact_added": "Interlocuteur ajouté",
    "contact_changed": "Interlocuteur corrigé",
    "contact_invalidated": "Un interlocuteur n’est plus utilisé",
    "contact_opted_out": "Un interlocuteur ne souhaite plus de message ni d’appel",
    "contact_reinstated": "Un interlocuteur est de nouveau utilisé",
    "address_marked": "Une adresse n’est plus utilisée",
    "address_cleared": "Une adresse est de nouveau utilisée",
    "address_recorded": "Adresse postale enregistrée",
    "company_changed": "Fiche de la société corrigée",
    "customer_changed": "Fiche du client corrigée",
    "phone_invalid": "Un numéro de téléphone n’est plus utilisé",
    "customer_created": "Client créé",
    "task_reassigned": "Une tâche a été confiée à quelqu’un d’autre",
    "task_changed": "Une tâche a été modifiée",
    "rejected": lines.rejected,
    "reply_received": lines.reply,
    "reply_dismissed": "Une réponse a été mise de côté",
    "stopped_do_not_contact": "Plus aucun contact : ce client ne doit pas être contacté",
    "stopped_represented_by_lawyer": "Plus aucun contact : le client est représenté par un avocat",
    "lifted_do_not_contact": "Le client peut de nouveau être contacté",
    "lifted_represented_by_lawyer": "Le client peut de nouveau être contacté : plus d’avocat",
    "message_sent": lines.of_message("parti"),
    "message_withheld": lines.of_message("retenu"),
    "message_refused": lines.of_message("refusé par le prestataire"),
    "message_uncertain": lines.of_message("peut-être parti"),
    "message_proved": lines.of_message("parti, preuve à l’appui du prestataire"),
    "registered_letter_handed": "Lettre recommandée remise au prestataire",
    "registered_letter_kept_back": "Lettre recommandée non remise au prestataire",
    "message_possible_double": lines.of_message("peut-être reçu deux fois"),
    "message_returned": lines.of_message("non parvenu"),
    f"case_{State.WAITING}": lines.of_case("Attend la prochaine étape"),
    f"case_{State.DUE}": lines.of_case("L’étape est à faire"),
    f"case_{State.AWAITING_APPROVAL}": lines.of_case("Attend une validation"),
    f"case_{State.AWAITING_PERSON}": lines.of_case("Attend une personne"),
    f"case_{State.AWAITING_BANK}": lines.of_case("Attend un relevé bancaire"),
    f"case_{State.SUSPENDED}": lines.of_case("Suspendu"),
    f"case_{State.WITHHELD}": lines.of_case("Retenu"),
    f"case_{State.PAUSED}": "En pause",
    f"case_{State.STOPPED}": "Arrêté",
    f"case_{State.BELOW_MINIMUM}": "Trop peu à réclamer",
    f"case_{State.LADDER_DONE}": "Fin du scénario",
    f"case_{State.CLOSED}": "Clos",
    "task_broken_promise": "Demandé à une personne : une promesse n’est pas tenue",
    "task_claim_not_found": "Demandé à une personne : un règlement annoncé n’est pas arrivé",
    "task_call_overdue": "Le responsable du crédit apprend qu’un appel n’est pas passé",
    "task_notice_call": "Demandé à une personne : un appel après la mise en demeure",
    "task_decision": "Le responsable du crédit décide de la suite",
}
"""A sentence for each `what` of the journal, as `admin.queries.words.SENTENCES`."""
