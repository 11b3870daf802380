"""What tasks say below their titles, English beside French, in the order it is tried in."""

from __future__ import annotations

from typing import Final

REMARKS: Final = [
    (
        "The formal notice is not recorded as posted: without proof of posting it is worth little.",
        "Le dépôt de la mise en demeure n’est pas enregistré : sans preuve de dépôt, elle vaut peu.",
    ),
    (
        "The formal notice was posted on {day} under {text}; its receipt is not recorded yet.",
        "La mise en demeure a été déposée le {day}, n° {text} ; son avis de réception n’est pas enregistré.",
    ),
    (
        "The formal notice was posted on {day} under {text}: {end} on {day2}.",
        "La mise en demeure a été déposée le {day}, n° {text} : {end} le {day2}.",
    ),
]

_ASKED: Final = [
    (
        "The customer's sales representative may hold it up (veto), with a reason, for {n} days at most, "
        "or agree. Without an answer by {day} it leaves.",
        "Le commercial du client peut la faire attendre, avec un motif, {n} jours au plus, ou donner son "
        "accord. Sans réponse au {day}, elle part.",
    ),
    (
        "{who} gave this reason (recorded by {who2}):",
        "{who} a donné ce motif (noté par {who2}) :",
    ),
    (
        "Leave it at that (seen), or let the step leave on its day (overruled).",
        "Laissez attendre, ou passez outre : l’étape part alors à sa date.",
    ),
    ("{why}. Outstanding: {sum}. {remark}", "{why}. Reste dû : {sum}. {remark}"),
    ("{why}. Outstanding: {sum}.", "{why}. Reste dû : {sum}."),
    (
        "{text} are late. Place a delivery hold (place), or do not (decline).",
        "{text} : en retard. À vous de décider.",
    ),
    (
        "About {text}. Read the stored text, then complete this task: approved, or refused. "
        "It is composed again when a fact it quotes changes.",
        "Au sujet de {text}. Lisez le texte, puis validez-le ou refusez-le. "
        "Il est recomposé quand ce qu’il cite change.",
    ),
    *(
        (
            f"{place}. {{step}} waits for it; complete this task once it is mended.",
            f"{place}. L’étape « {{step}} » attend ; terminez la tâche une fois que c’est réglé.",
        )
        for place in ("{why}", "{rest}")
    ),
    ("Not used:", "Non utilisées :"),
    ("- {text}: {mark} on {day}", "- {text} : {mark}, le {day}"),
    ("Disputed since {day}.", "Contestée depuis le {day}."),
    (
        "Refund the customer, or put the credit against another invoice.",
        "Remboursez le client, ou imputez l’avoir sur une autre facture.",
    ),
    (
        "Proceedings opened on {day}. List every open invoice, with its penalties up to that day.",
        "Procédure ouverte le {day}. Listez chaque facture ouverte, avec ses pénalités jusqu’à ce jour.",
    ),
    (
        "Called {n} times about {text}, last on {day}. The call stays with {who}, due on {day2}.",
        "{n} appels au sujet de {text}, le dernier le {day}. L’appel reste à {who}, pour le {day2}.",
    ),
    (
        "{text} is wrong. The call waits for another number; add it, and the call is due.",
        "{text} est faux. L’appel attend un autre numéro ; ajoutez-le, et l’appel est à passer.",
    ),
    *(
        (
            f"Asked for {how}: {{text}}, to {{rest}}. Cause: not received.",
            f"Demandé {french} : {{text}}, à {{rest}}. Cause : facture non reçue.",
        )
        for how, french in (("in writing", "par écrit"), ("on the telephone", "au téléphone"))
    ),
    (
        "The assignment rules would now give {key} to {text}, under {rest}. Nothing changes by itself: "
        "tell policy_changed for the cases that should move.",
        "Les règles donneraient maintenant le scénario « {key} » à {text}, sous {rest}. "
        "Rien ne change seul : changez le scénario des dossiers concernés.",
    ),
    (
        "{series} for the {half} half of {n} is not known (series {key}). Until it is entered, letters "
        "announce interest without its sum; nothing else waits. Enter it: relance rates add {rest}",
        "Valeur inconnue, {half} semestre {n} : {series}. Jusqu’à sa saisie, les lettres annoncent les "
        "intérêts sans leur montant ; rien d’autre n’attend. Commande : relance rates add {rest}",
    ),
]

_MESSAGES: Final = [
    *(
        (
            f"{place}. Look in the provider's log for our id {{text}}, then answer: sent, or not_sent.",
            f"{french}. Cherchez notre identifiant {{text}} dans le journal du prestataire, "
            "puis dites s’il était parti.",
        )
        for place, french in (
            ("{why}", "{why}"),
            ("nothing is known of it", "On n’en sait rien"),
            ("{rest}", "{rest}"),
        )
    ),
    (
        "Our message {text} was taken to be {status}, so its step was made again. Now {why}: it had left "
        "as well. Look at both messages, tell the customer if need be, then complete this task.",
        "Notre message {text} passait pour {status} : son étape a été refaite. {why} : il était parti lui "
        "aussi. Regardez les deux messages, prévenez le client au besoin, puis terminez la tâche.",
    ),
    *(
        (
            f"{place}. The letter itself stands. Send the pages to {whom} yourself, or leave it at that; "
            "then complete this task.",
            f"{place}. La lettre elle-même vaut. Envoyez vous-même les pages {french}, ou laissez ainsi ; "
            "puis terminez la tâche.",
        )
        for place in ("{why}", "{rest}")
        for whom, french in (("the customer", "au client"), ("{text}", "à {text}"))
    ),
    (
        "Correct the address or the settings, then complete this task: it is composed again.",
        "Corrigez l’adresse ou les réglages, puis terminez la tâche : il est recomposé.",
    ),
    (
        "Nobody can have read it. See to the address or to what turned it away, then complete this task: "
        "it is composed again.",
        "Personne n’a pu le lire. Voyez l’adresse ou ce qui l’a rejeté, puis terminez la tâche : "
        "il est recomposé.",
    ),
]

_LETTERS: Final = [
    ("It came back: post the same pages again.", "Elle est revenue : déposez de nouveau les mêmes pages."),
    (
        "Print the pages (relance task {text} --save letter.pdf), sign them, and post them by registered "
        "letter with acknowledgement of receipt.",
        "Imprimez les pages, signez-les et déposez-les en recommandé avec avis de réception.",
    ),
    (
        "To: {text}. No postal address is known here: find it in the trade register first.",
        "À : {text}. Aucune adresse postale connue : cherchez-la d’abord au registre du commerce.",
    ),
    ("To: {text}.", "À : {text}."),
    (
        "An e-mail copy with the pages goes to {text}.",
        "Une copie par courriel, avec les pages, part à {text}.",
    ),
    (
        "No e-mail copy goes out: nobody the policy names for it has an e-mail address.",
        "Aucune copie par courriel : personne n’a d’adresse parmi ceux que le scénario désigne.",
    ),
    (
        "Posted: relance done {text} posted --number NUMBER --on YYYY-MM-DD. Then, when the receipt or the "
        "letter comes back: {text2} Given up before it was posted: {text3}; its steps then come again.",
        "Une fois déposée, enregistrez son numéro et le jour ; puis le retour de l’avis ou de la lettre. "
        "Si vous y renoncez avant le dépôt, dites-le : ses étapes reviennent.",
    ),
    (
        "The registered letter {text}, posted on {day}, came back on {day2}: {end}. Look in the trade "
        "register, then record the address (relance address): the same letter is then to be posted again. "
        "Was the address right, complete this task: a letter nobody claimed has its effect all the same.",
        "La lettre recommandée {text}, déposée le {day}, est revenue le {day2} : {end}. Cherchez au "
        "registre du commerce, puis enregistrez l’adresse : la même lettre est à déposer de nouveau. Si "
        "l’adresse était bonne, terminez la tâche : une lettre non réclamée a son effet quand même.",
    ),
    (
        "The letter was handed to the registered-mail provider on {day} ({text}), as {text2}. Do not post "
        "it yourself. Its number, its deposit and its receipt are recorded as the provider tells them; if "
        "nothing is, ask the provider about that id.",
        "La lettre a été remise le {day} au prestataire des recommandés ({text}), sous {text2}. Ne la "
        "déposez pas vous-même. Son numéro, son dépôt et son avis sont enregistrés à mesure ; sinon, "
        "demandez au prestataire.",
    ),
    (
        "Not handed to the registered-mail provider: {why}. Look at the pages before you post them; if "
        "they no longer hold, give the letter up (not_posted).",
        "Non remise au prestataire des recommandés. {why}. Relisez les pages avant de les déposer ; si "
        "elles ne valent plus, abandonnez la lettre.",
    ),
]

_BANK: Final = [
    *(
        (
            f"{{held}} wait for a bank file; the bank is known up to {{known}}.{wanted} Record the payments "
            "of the file first, then state its last day: {rest}",
            f"{{held}} : en attente d’un relevé ; banque connue : {{known}}.{french} Enregistrez d’abord les "
            "règlements du relevé, puis son dernier jour.",
        )
        for wanted, french in (
            (
                " A file of {day} or later lets all of them go.",
                " Un relevé du {day} ou d’après les libère tous.",
            ),
            ("", ""),
        )
    ),
    (
        "On {day} {sum} came from a payer not named{text}",
        "Le {day}, {sum} d’un payeur non nommé{text}",
    ),
    ("On {day} {sum} came from {rest}", "Le {day}, {sum} de {rest}"),
    ("On {day} the bank took {sum} back: {why}.", "Le {day}, la banque a repris {sum}. {why}."),
    ("On {day} the bank took {sum} back: {rest}", "Le {day}, la banque a repris {sum} : {rest}"),
    ("The bank says: {rest}", "La banque dit : {rest}"),
    ("Possible: line {rest}", "Possible : ligne {rest}"),
    ("{n} %: {text} ({why})", "{n} % : {text} ({why})"),
    ("Allocate it: {rest}", "Affectez-le, ou laissez-le au crédit du client."),
    ("Say what it takes back: {rest}", "Dites quel règlement la banque a repris."),
    ("{why}.", "{why}."),
]

BODIES: Final = [*_ASKED, *_MESSAGES, *_LETTERS, *_BANK]

REPLIES: Final = [
    ("On {day}, {text} wrote:", "Le {day}, {text} a écrit :"),
    ("(not among this customer's contacts)", "(ne figure pas parmi les interlocuteurs du client)"),
    ("In answer to {about} of {day}.", "En réponse à : {about}, {day}."),
    ("Subject: {rest}", "Objet : {rest}"),
    ("(no text)", "(sans texte)"),
    ("(There is more, quoted or signed: {text})", "(Il y a une suite, citée ou signée.)"),
    (
        "(Not all of it could be read: {text}. Ask for it again if in doubt.)",
        "(Tout n’a pas pu être lu : {text}. Redemandez-le en cas de doute.)",
    ),
    ("Files: {text} (relance reply {text2})", "Pièces jointes : {text}"),
    ("{n} more files were not kept.", "{n} autres pièces n’ont pas été gardées."),
    (
        "Nothing leaves for this customer until this is done, or {day} comes.",
        "Rien ne part pour ce client avant que ce soit fait, ou avant le {day}.",
    ),
    ("--- then ---", "--- ensuite ---"),
    ("--- then more came: relance replies ---", "--- puis d’autres réponses ---"),
]
