"""What the rules say of a case and its money, English beside French, in the order it is tried in."""

from __future__ import annotations

from typing import Final

_NOT_BEFORE: Final = [
    ("{days} after the last contact on this invoice ({day2})", "{days} après le dernier contact ({day2})"),
    ("{days} after the end of the pause ({day2})", "{days} après la fin de la pause ({day2})"),
    (
        "{days} after the customer's last contact ({day2})",
        "{days} après le dernier contact avec le client ({day2})",
    ),
    ("its turn after suspension {n}", "son tour après la suspension {n}"),
    (
        "carried by the {step} that waits for approval since {day2}",
        "reprise dans l’étape « {step} », en attente de validation depuis le {day2}",
    ),
    (
        "the notice's deadline is {day2}, {days} after it was posted on {day3}",
        "la mise en demeure laisse jusqu’au {day2}, {days} après son dépôt le {day3}",
    ),
    ("the notice's deadline is {day2}", "la mise en demeure laisse jusqu’au {day2}"),
    (
        "the sales representative asked to wait until {day2}",
        "le commercial a demandé d’attendre le {day2}",
    ),
    (
        "the sales representative has until {day2} to answer",
        "le commercial a jusqu’au {day2} pour répondre",
    ),
    (
        "the sales representative is asked 1 business day before",
        "le commercial est consulté un jour ouvré avant",
    ),
    (
        "the sales representative is asked {n} business days before",
        "le commercial est consulté {n} jours ouvrés avant",
    ),
]

CASE: Final = [
    # When a step comes.
    ("{days} before the due date", "{days} avant l’échéance"),
    ("{days} after the due date", "{days} après l’échéance"),
    ("on the due date", "le jour de l’échéance"),
    *((f"not before {{day}}, {why}", f"pas avant le {{day}} : {french}") for why, french in _NOT_BEFORE),
    ("late: its day was {day}", "en retard : elle était prévue le {day}"),
    ("{day} is {closed}: moved to {day2}", "le {day} {closed} : reportée au {day2}"),
    ("past the hours of that day: moved to {day}", "trop tard ce jour-là : reportée au {day}"),
    ("no mobile number: by {channel}", "pas de numéro de mobile : par {channel}"),
    (
        "no address known yet: a person will be asked",
        "aucune adresse connue : une personne sera sollicitée",
    ),
    ("in the tone it last met ({tone})", "sur le ton déjà employé ({tone})"),
    ("the call is not made yet", "l’appel n’est pas encore passé"),
    ("{step} leaves on {day} unless somebody objects", "« {step} » part le {day}, sauf opposition"),
    ("no answer: the step comes on its day", "sans réponse : l’étape vient à sa date"),
    # What it waits for.
    (
        "composed on {day}, waits for approval; composed again on {day2}",
        "composée le {day}, en attente de validation ; recomposée le {day2}",
    ),
    ("{obstacle}: a person was asked on {day}", "{obstacle} : demandé à une personne le {day}"),
    (
        "would have left on {day}: sending is off for this recipient",
        "serait partie le {day} : l’envoi est désactivé pour ce destinataire",
    ),
    *(
        (f"{what} is suspended until {{until}} (suspension {{n}})", f"{french} {{until}} (suspension {{n}})")
        for what, french in (
            ("all of the company", "toute la société est suspendue"),
            ("the customer", "le client est suspendu"),
            ("the channel {channel}", "les envois par {channel} sont suspendus"),
            ("the policy {key}", "le scénario « {key} » est suspendu"),
        )
    ),
    ("{step} waits", "l’étape « {step} » attend"),
    (
        "the bank is known up to {day} only; {step} waits for a bank file of {day2} or later",
        "les relevés bancaires ne vont que jusqu’au {day} ; "
        "l’étape « {step} » attend un relevé du {day2} ou d’après",
    ),
    ("all contact stopped: {stop} since {day}", "plus aucun contact : {stop} depuis le {day}"),
    ("all contact stopped: {stop}", "plus aucun contact : {stop}"),
    ("{sum} is below the minimum of {sum2}", "{sum} : moins que le minimum de {sum2}"),
    (
        "every step of the policy is done; a person decides",
        "toutes les étapes du scénario sont faites ; une personne décide",
    ),
    # How it ends.
    ("paid in full", "soldée"),
    ("credited in full", "soldée par un avoir"),
    ("closed by a person", "clos par une personne"),
    ("replaced by {text}", "remplacée par {text}"),
    # What people are asked.
    ("call of {day} not made, to be made again on {day2}", "appel du {day} non passé, à refaire le {day2}"),
    ("call of {day} not made", "appel du {day} non passé"),
    ("{step} of {day}: call the debtor about it", "{step} du {day} : à évoquer avec le client au téléphone"),
]

MONEY: Final = [
    ("said to be paid on {day}", "règlement annoncé du {day}"),
    ("the bank is awaited up to {day}", "relevés bancaires attendus jusqu’au {day}"),
    ("the bank up to {day} does not show it", "les relevés bancaires jusqu’au {day} ne le montrent pas"),
    ("the plan was cancelled", "l’échéancier a été annulé"),
    ("{sum} promised for {day}, checked on {day2}", "{sum} promis pour le {day}, contrôle le {day2}"),
    ("{sum} promised for {day} did not come", "{sum} promis pour le {day} et non reçus"),
    ("{sum} promised for {day}", "{sum} promis pour le {day}"),
    ("every instalment came", "toutes les échéances ont été réglées"),
    ("all that is owed is disputed", "tout ce qui est dû est contesté"),
    ("until {until}", "{until}"),
    # How a payment found its invoice.
    ("it names {text}, on which nothing is owed", "le libellé cite {text}, déjà soldée"),
    ("it names {text}, which is unknown here", "le libellé cite {text}, inconnue ici"),
    *(
        pair
        for doubt, french in (
            ("the payer is somebody else's", "le payeur en est un autre"),
            ("nothing else says who paid", "rien d’autre ne dit qui paie"),
        )
        for pair in (
            (f"it names {{text}}, but {doubt}", f"le libellé cite {{text}}, mais {french}"),
            (doubt, french),
        )
    ),
    ("it names {text}", "le libellé cite {text}"),
    ("it is what they owe, to the cent", "c’est leur montant au centime près"),
    ("it is what it owes, to the cent", "c’est son montant au centime près"),
    ("it is what {n} owe together", "c’est le total de {n} factures"),
    ("it is what is owed less {less}", "c’est le montant dû moins {less}"),
    ("it is a part of the {figure} owed", "c’est une partie des {figure} dus"),
    ("it is {figure} more than they owe", "c’est {figure} de plus que leur total"),
    ("it is {figure} less than they owe", "c’est {figure} de moins que leur total"),
    ("the account has paid for it before", "ce compte a déjà payé pour ce client"),
    ("the payer's name is known as its own", "le nom du payeur est connu pour ce client"),
    ("the text has its reference", "le libellé porte la référence du client"),
    ("the payer is called {text}, or nearly so", "le payeur s’appelle {text}, ou presque"),
    ("no other invoice owes as much", "aucune autre facture n’est de ce montant"),
    ("it may be of several customers", "plusieurs clients sont possibles"),
    ("nothing says whose money it is", "rien ne dit de qui vient l’argent"),
    ("nobody", "payeur inconnu"),
    ("the amount alone says which", "seul le montant désigne la facture"),
    ("no invoice, nor several, owe as much", "aucune facture, ni plusieurs ensemble, n’est de ce montant"),
    ("but it was not taken: {rest}", "mais elle n’a pas été prise en compte : {rest}"),
    ("as a person decided", "sur décision d’une personne"),
    ("taken back on {day} ({text})", "reprise par la banque le {day} ({text})"),
    ("taken back on {day}", "reprise par la banque le {day}"),
    ("the bank is known up to {day}", "relevés bancaires connus jusqu’au {day}"),
    ("payments are recorded as they come", "les règlements sont saisis à mesure"),
    ("the discount for paying early", "escompte pour paiement anticipé"),
    ("charges of banks", "frais bancaires"),
    ("small balance", "petit solde"),
]
