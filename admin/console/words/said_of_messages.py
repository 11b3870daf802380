"""What the ledger says of messages and changes, English beside French, in the order it is tried in."""

from __future__ import annotations

from typing import Final

_HOW: Final = (
    ("the provider had told of it", "le prestataire l’avait signalé"),
    ("the provider told of it", "le prestataire l’a signalé"),
    ("Twilio's list has it", "il figure dans la liste de Twilio"),
)

MESSAGES: Final = [
    ("RELANCE_SENDING={switch}", "l’envoi est désactivé (RELANCE_SENDING={switch})"),
    ("the worker stopped while the provider was being called", "interrompu pendant l’appel au prestataire"),
    ("the provider took it", "le prestataire l’a pris en charge"),
    *(
        pair
        for how, french in _HOW
        for pair in (
            (
                f"{how}: it had left, although it was {{status}}; its step was taken again meanwhile",
                f"{french} : il était parti, alors qu’il était {{status}} ; "
                "son étape a été refaite entre-temps",
            ),
            (
                f"{how}: it had left, although it was {{status}}",
                f"{french} : il était parti, alors qu’il était {{status}}",
            ),
            (f"{how}: it had left", f"{french} : il était parti"),
            (how, french),
        )
    ),
    ("the one before it had left", "le précédent était parti"),
    ("a person found that it was not sent", "une personne a constaté qu’il n’était pas parti"),
    *(
        pair
        for english, french in (
            ("the address does not exist", "l’adresse n’existe pas"),
            ("the provider did not try", "le prestataire n’a pas essayé"),
            ("it was turned away", "il a été rejeté"),
            ("the number does not take it", "le numéro ne le reçoit pas"),
        )
        for pair in ((f"{english} ({{text}})", f"{french} ({{text}})"), (english, french))
    ),
    ("a fact it quotes changed before it could leave", "ce qu’il cite a changé avant son départ"),
    ("the bank data grew too old before it could leave", "relevés bancaires devenus trop anciens"),
    ("contact was suspended before it could leave", "contact suspendu avant son départ"),
    ("the hours closed before it could leave", "les heures d’envoi se sont terminées avant son départ"),
    ("stale", "dépassé"),
    ("bank_too_old", "relevés bancaires trop anciens"),
    ("suspended", "contact suspendu"),
    ("out_of_hours", "hors des heures d’envoi"),
    ("no e-mail provider is set up (SENDGRID_API_KEY)", "aucun prestataire de courriel (SENDGRID_API_KEY)"),
    (
        "no SMS provider is set up (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)",
        "aucun prestataire de SMS (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)",
    ),
    ("no sender is configured for SMS: not offered", "aucun expéditeur de SMS n’est défini : non présenté"),
    ("no connection to {text}: {rest}", "pas de connexion à {text} : {rest}"),
    ("no answer from {text}: {rest}", "pas de réponse de {text} : {rest}"),
    ("the message cannot be written: {rest}", "le message ne peut être écrit : {rest}"),
    (
        "over 30 MB with its attachments: SendGrid takes no such message",
        "plus de 30 Mo avec ses pièces jointes : SendGrid ne le prend pas",
    ),
    (
        "the text holds what looks like a SendGrid API key: not offered",
        "le texte contient ce qui ressemble à une clé SendGrid : non présenté",
    ),
    ("interrupted: {rest}", "interrompu : {rest}"),
    ("HTTP {n}: {rest}", "HTTP {n} : {rest}"),
    ("what it quotes changed since it was approved", "ce qu’elle cite a changé depuis sa validation"),
    (
        "its task is closed, or somebody posted it by hand",
        "sa tâche est close, ou quelqu’un l’a déposée lui-même",
    ),
    ("it was taken back before it left", "reprise avant son départ"),
    ("nobody can be reached by {channel}", "personne n’est joignable par {channel}"),
    ("no {channel} address for {rest}", "aucune adresse ({channel}) pour {rest}"),
]

CHANGES: Final = [
    ("{stop}", "{stop}"),
    ("do_not_contact", "client à ne pas contacter"),
    ("represented_by_lawyer", "client représenté par un avocat"),
    ("the policy of the case changed", "le scénario du dossier a changé"),
    ("the invoice changed", "la facture a changé"),
    ("the correction of the invoice was withdrawn", "la correction de la facture a été retirée"),
    ("the insolvency was told by mistake", "la procédure collective avait été saisie par erreur"),
    ("the case was closed: {was}", "le dossier a été clos : {was}"),
    ("the customer's {fields} changed", "fiche du client modifiée ({fields})"),
    ("the company's {fields} changed", "fiche de la société modifiée ({fields})"),
    ("another address", "autre adresse"),
    ("another plan takes its place", "un autre échéancier le remplace"),
    ("every invoice it named is paid", "toutes les factures concernées sont réglées"),
    ("the payment that earned it went back", "le règlement qui le justifiait est revenu"),
    ("owed again; it had been closed: {was}", "de nouveau due ; le dossier avait été clos : {was}"),
    ("closed by mistake; it had been closed: {was}", "clos par erreur ; le motif était : {was}"),
    ("composed again: its facts changed, or {n} days passed", "recomposé : changement, ou {n} jours passés"),
    ("a contact was added", "un interlocuteur a été ajouté"),
    ("a contact was corrected", "un interlocuteur a été corrigé"),
    ("a contact changed", "un interlocuteur a changé"),
    ("a contact opted out", "un interlocuteur ne souhaite plus de message"),
    ("a contact is out of use", "un interlocuteur n’est plus utilisé"),
    ("a contact is in use again", "un interlocuteur est de nouveau utilisé"),
    ("a number is out of use", "un numéro n’est plus utilisé"),
    ("an address is out of use", "une adresse n’est plus utilisée"),
    ("an address can be used again", "une adresse est de nouveau utilisée"),
    ("an address was recorded", "une adresse a été enregistrée"),
    ("a day to call back is agreed", "un jour de rappel est convenu"),
    ("the call was made: {calls}", "l’appel a été passé : {calls}"),
    ("nothing waits for it any more", "plus rien ne l’attend"),
    ("{who} has not called by {day}", "{who} n’avait pas appelé le {day}"),
    ("not posted, said {who}: {rest}", "non déposée, selon {who} : {rest}"),
    ("not posted, said {who}", "non déposée, selon {who}"),
    ("refused by {who}: {rest}", "refusée par {who} : {rest}"),
    ("refused by {who}", "refusée par {who}"),
    ("wrong number, said by {who}", "faux numéro, selon {who}"),
    ("replaced, said by {who}", "remplacé, selon {who}"),
    ("{who} is away", "{who} est absent(e)"),
    ("{who} is back", "{who} est de retour"),
    ("not justified", "non justifié"),
    ("{sum} credited", "avoir de {sum}"),
    ("allocated", "affecté"),
    ("settled", "réglé"),
    ("entered", "saisi"),
    ("resolved before it came here", "résolu avant la reprise"),
    ("e-invoice {platform} ({code})", "facture électronique {platform} ({code})"),
    ("{code}, {platform}", "{platform} ({code})"),
    ("{text}, type {code}", "{text}, type {code}"),
]
