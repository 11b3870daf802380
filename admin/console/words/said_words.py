"""Words of the rules and of the ledger within a sentence, in French."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.ids import CaseSignal
from rules.lifecycle import STATUSES

E_INVOICE: Final = {
    "200": "déposée",
    "201": "émise par la plateforme",
    "202": "reçue par la plateforme",
    "203": "mise à disposition",
    "204": "prise en charge",
    "205": "approuvée",
    "206": "approuvée partiellement",
    "207": "en litige",
    "208": "suspendue",
    "209": "complétée",
    "210": "refusée",
    "211": "paiement transmis",
    "212": "encaissée",
    "213": "rejetée",
    "214": "visée",
    "220": "annulée",
    "221": "erreur de routage",
}
"""Statuses of an electronic invoice (XP Z12-012)."""

BY_NAME: Final = {name: E_INVOICE[code] for code, (name, _) in STATUSES.items()}

PAUSES: Final = {
    "pause": "décision d’une personne",
    "paused": "décision d’une personne",
    "delivery hold": "livraisons arrêtées",
    "reply": "réponse du client à lire",
    "dispute": "litige",
    "plan": "échéancier",
    "promise": "promesse de règlement",
    "claimed paid": "règlement annoncé",
    "letter refused": "lettre refusée",
    "mediator": "confié à un médiateur",
    "agency": "confié à une société de recouvrement",
    "lawyer": "confié à un avocat ou au tribunal",
    "insurance": "confié à l’assurance",
    "factor": "confié au factor",
    "write off": "passé en perte",
}
"""What pauses a case. What a person typed instead is said as it was typed."""

STOPS: Final = {
    "insolvency": "procédure collective",
    "do not contact": "client à ne pas contacter",
    "represented by lawyer": "client représenté par un avocat",
}
OBSTACLES: Final = {
    "find contact": "interlocuteur à trouver",
    "delivery failed": "message en échec",
    "withheld": "message retenu",
}
FIELDS: Final = {
    "name": "nom",
    "legal_name": "raison sociale",
    "address": "adresse",
    "country": "pays",
    "zone": "fuseau horaire",
    "language": "langue",
    "segment": "segment",
    "risk": "risque",
    "email": "adresse électronique",
    "phone": "téléphone",
    "iban": "IBAN",
    "bic": "BIC",
    "payee": "bénéficiaire",
    "collector_email": "chargé de recouvrement",
    "sales_rep_email": "commercial",
    "signatory_name": "signataire",
    "signatory_email": "adresse du signataire",
    "signatory_phone": "téléphone du signataire",
    "late_rate": "taux de pénalité",
    "late_law": "droit des pénalités",
    "registration": "immatriculation",
    "bank_charges_up_to": "frais bancaires admis",
    "bank_known_until": "banque connue jusqu’au",
    "digest_day": "jour du récapitulatif des commerciaux",
    "gap_days": "jours entre deux contacts",
    "imputation": "imputation",
    "interest": "intérêts",
    "logistics_email": "adresse de la logistique",
    "payment_details_changed_on": "changement de coordonnées bancaires",
    "payment_link": "lien de paiement",
    "payment_terms": "délai de paiement",
    "policy": "scénario",
    "ref": "référence",
    "reply_pause_days": "jours de pause après une réponse",
    "resume_per_day": "reprises par jour",
    "write_off_up_to": "petits soldes abandonnés",
}
LESS: Final = {
    "the discount for paying early": "l’escompte",
    "charges of banks": "les frais bancaires",
}

FACTS: Final[Mapping[str, str]] = {
    CaseSignal.PAYMENT_RECEIVED: "règlement reçu",
    CaseSignal.PAYMENT_REVERSED: "règlement revenu",
    CaseSignal.PAYMENT_CLAIMED: "règlement annoncé",
    CaseSignal.CREDIT_NOTE_ISSUED: "avoir",
    CaseSignal.DISPUTE_OPENED: "litige",
    CaseSignal.DISPUTE_RESOLVED: "litige résolu",
    CaseSignal.PAYMENT_PLAN_AGREED: "échéancier",
    CaseSignal.PAYMENT_PLAN_CANCELLED: "échéancier annulé",
    CaseSignal.DELIVERY_HOLD_PLACED: "livraisons arrêtées",
    CaseSignal.DELIVERY_HOLD_RELEASED: "livraisons reprises",
    CaseSignal.PAUSED: "pause",
    CaseSignal.RESUMED: "reprise",
    CaseSignal.INVOICE_CHANGED: "facture corrigée",
    CaseSignal.POLICY_CHANGED: "changement de scénario",
    CaseSignal.INSOLVENCY_OPENED: "procédure collective",
    CaseSignal.TASK_COMPLETED: "tâche faite",
    CaseSignal.CLOSED: "clôture",
    CaseSignal.FACT_WITHDRAWN: "retrait",
}
"""What a fact is called, in brackets."""
