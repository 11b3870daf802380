"""Words of the policies' pages."""

from __future__ import annotations

from typing import Final

FRENCH: Final[dict[str, str]] = {
    "policies.title": "Scénarios de relance",
    "policies.lead": (
        "Chaque facture suit un scénario, dans la version en vigueur quand son dossier a été ouvert."
    ),
    "policies.all": "Tous les scénarios",
    "policies.col.policy": "Scénario",
    "policies.col.version": "Version",
    "policies.col.following": "Dossiers en cours",
    "policies.col.earlier": "Sur une version antérieure",
    "policies.col.published": "Publiée",
    "policies.unused": "aucun dossier",
    "policies.product": "livrée avec le produit",
    "policies.by": "le {day}, par {who}",
    "policies.version": "version {version}",
    "policies.newest": "en vigueur",
    "policies.old": "Vous regardez la version {version}. La version en vigueur est la {newest}.",
    "policies.old.link": "Voir la version en vigueur",
    "policies.ladder": "Étapes",
    "policies.ladder.alt": (
        "Les étapes du scénario {title} sur l’axe du temps, du jour {first} au jour {last} par rapport à "
        "l’échéance"
    ),
    "policies.due": "échéance",
    "policies.day": "J{day}",
    "policies.day.on": "le jour de l’échéance",
    "policies.day.after.one": "{n} jour après l’échéance",
    "policies.day.after.many": "{n} jours après l’échéance",
    "policies.day.before.one": "{n} jour avant l’échéance",
    "policies.day.before.many": "{n} jours avant l’échéance",
    "policies.col.step": "Étape",
    "policies.col.day": "Jour",
    "policies.col.channel": "Moyen",
    "policies.col.tone": "Ton",
    "policies.col.to": "Destinataire",
    "policies.col.details": "Précisions",
    "policies.tone.statement": "relevé",
    "policies.tone.courteous": "courtois",
    "policies.tone.firm": "ferme",
    "policies.tone.notice": "mise en demeure",
    "policies.assignee.collector": "chargé de recouvrement",
    "policies.assignee.sales_rep": "commercial",
    "policies.assignee.credit_manager": "credit manager",
    "policies.approval": "à valider avant l’envoi",
    "policies.deadline": "délai de {n} jours",
    "policies.copy": "copie : {roles}",
    "policies.fallback": "à défaut : {ways}",
    "policies.tell": "informe : {people}",
    "policies.hold": "propose d’arrêter les livraisons",
    "policies.settings": "Réglages",
    "policies.gap": "Entre deux contacts sur une facture",
    "policies.resume": "Après la fin d’une pause",
    "policies.bank": "Relevés bancaires vieux au plus de",
    "policies.bank.days": "{n} jours ouvrés",
    "policies.bank.any": "sans limite",
    "policies.minimum": "Montant minimal relancé",
    "policies.minimum.none": "aucun",
    "policies.entry": "Un dossier ouvert tard commence au plus à",
    "policies.editions": "Versions",
    "policies.editions.more": "Les versions plus anciennes ne sont pas listées.",
    "policies.text": "Texte du scénario",
    "policies.download": "Télécharger le fichier",
    "policies.try": "Modifier et essayer à blanc",
    "policies.try.manager": "Un responsable peut modifier ce scénario.",
    "policies.dry.title": "Essai à blanc : {title}",
    "policies.dry.lead": (
        "Rien n’est enregistré ni envoyé. Modifiez le texte, comparez, puis publiez si l’effet vous convient."
    ),
    "policies.dry.text": "Texte modifié (TOML)",
    "policies.dry.file": "ou choisir un fichier, qui remplace le texte",
    "policies.dry.days": "Période comparée",
    "policies.dry.days.n": "{n} jours",
    "policies.dry.run": "Essayer à blanc",
    "policies.dry.again": "Essayer à nouveau",
    "policies.dry.faults": "Ce texte ne peut pas être publié. Rien n’a été modifié.",
    "policies.dry.line": "ligne {line}",
    "policies.dry.long": "Le texte dépasse {n} caractères.",
    "policies.dry.busy": (
        "Un autre essai à blanc est en cours. Réessayez dans quelques secondes ; votre texte est conservé."
    ),
    "policies.dry.untried": (
        "Essayez d’abord ce texte à blanc : c’est lui, et aucun autre, que vous publierez."
    ),
    "policies.dry.overtaken": (
        "Une autre version a été publiée entre-temps. Rien n’a été publié ; comparez à nouveau."
    ),
    "policies.dry.same": "Ce texte est celui de la version {version}, en vigueur : il n’y a rien à publier.",
    "policies.effect": "Ce que la publication change",
    "policies.effect.running.none": "Aucun dossier en cours ne suit ce scénario.",
    "policies.effect.running.one": (
        "Le dossier en cours ne change pas : il garde sa version, et les contacts prévus restent les mêmes."
    ),
    "policies.effect.running.many": (
        "Les {n} dossiers en cours ne changent pas : chacun garde sa version, et les contacts prévus "
        "restent les mêmes."
    ),
    "policies.effect.new": (
        "Les dossiers ouverts après la publication suivront la nouvelle version, dès leur première étape."
    ),
    "policies.effect.move": (
        "Un dossier en cours ne passe à la nouvelle version que si un responsable le décide, dossier par "
        "dossier. La comparaison ci-dessous montre ce qui arriverait si tous y passaient aujourd’hui."
    ),
    "policies.compared": "Si tous les dossiers en cours passaient à la nouvelle version",
    "policies.compared.period": "Sur {n} jours, aujourd’hui compris.",
    "policies.whole": "Tout est compté : {customers} clients, {cases} dossiers qui suivent ce scénario.",
    "policies.whole.one": "Tout est compté : 1 client, {cases} dossiers qui suivent ce scénario.",
    "policies.sampled": (
        "Échantillon : {looked} clients sur {customers} ({looked_cases} dossiers sur {cases}), tirés au "
        "hasard et toujours dans le même ordre. Tous les chiffres portent sur cet échantillon, sans "
        "extrapolation."
    ),
    "policies.too_large": "{n} clients qui ont plus de {most} factures ouvertes ne sont pas comptés.",
    "policies.too_large.one": "1 client qui a plus de {most} factures ouvertes n’est pas compté.",
    "policies.suspended": (
        "{n} clients sont sous suspension : la comparaison n’en tient pas compte ; ce qu’elle retient ne "
        "part pas tant qu’elle dure."
    ),
    "policies.suspended.one": (
        "1 client est sous suspension : la comparaison n’en tient pas compte ; ce qu’elle retient ne part"
        " pas tant qu’elle dure."
    ),
    "policies.assumed": (
        "Personne ne paie, aucun nouveau dossier ne s’ouvre, les relevés bancaires arrivent à temps ; "
        "validations, appels et adresses manquantes sont traités le jour même."
    ),
    "policies.measure": "Mesure",
    "policies.before": "Aujourd’hui",
    "policies.after": "Après",
    "policies.change": "Écart",
    "policies.contacts": "Contacts",
    "policies.contacted": "Clients contactés",
    "policies.approvals": "Contacts à valider",
    "policies.addresses": "Adresses à trouver",
    "policies.decisions": "Décisions à prendre",
    "policies.by_step": "Contacts par étape",
    "policies.by_day": "Contacts par jour",
    "policies.by_day.hint": "Pour chaque étape : aujourd’hui → après.",
    "policies.none": "Aucun contact sur la période.",
    "policies.newly": "Clients nouvellement contactés",
    "policies.no_longer": "Clients qui ne sont plus contactés",
    "policies.first": "Premier contact",
    "policies.nobody": "Aucun.",
    "policies.steps.diff": "Étapes avant et après",
    "policies.steps.diff.hint": "Pour les dossiers ouverts après la publication.",
    "policies.steps.kept": "inchangée",
    "policies.steps.added": "ajoutée",
    "policies.steps.removed": "supprimée",
    "policies.steps.moved": "modifiée",
    "policies.publish": "Publier",
    "policies.publish.text": (
        "Ce texte devient la version {version} du scénario, pour toutes les sociétés de l’installation. "
        "Une version publiée ne se modifie plus ; pour revenir en arrière, publiez à nouveau l’ancien "
        "texte."
    ),
    "policies.publish.confirm": "Publier la version {version}",
    "policies.publish.everywhere": (
        "Un scénario vaut pour toutes les sociétés de l’installation : seul un responsable de toutes les "
        "sociétés peut le publier."
    ),
    "policies.published": (
        "Version {version} publiée. Les dossiers ouverts à partir de maintenant la suivent."
    ),
    "policies.published.again": "Ce texte est déjà celui de la version {version}. Rien n’a été modifié.",
}

ENGLISH: Final[dict[str, str]] = {
    "policies.title": "Dunning policies",
    "policies.lead": "Each invoice follows a policy, in the version in force when its case was opened.",
    "policies.all": "All policies",
    "policies.col.policy": "Policy",
    "policies.col.version": "Version",
    "policies.col.following": "Open cases",
    "policies.col.earlier": "On an earlier version",
    "policies.col.published": "Published",
    "policies.unused": "no case",
    "policies.product": "came with the product",
    "policies.by": "on {day}, by {who}",
    "policies.version": "version {version}",
    "policies.newest": "in force",
    "policies.old": "You are looking at version {version}. The version in force is {newest}.",
    "policies.old.link": "See the version in force",
    "policies.ladder": "Steps",
    "policies.ladder.alt": (
        "The steps of the policy {title} on a time axis, from day {first} to day {last} from the due date"
    ),
    "policies.due": "due date",
    "policies.day": "D{day}",
    "policies.day.on": "on the due date",
    "policies.day.after.one": "{n} day after the due date",
    "policies.day.after.many": "{n} days after the due date",
    "policies.day.before.one": "{n} day before the due date",
    "policies.day.before.many": "{n} days before the due date",
    "policies.col.step": "Step",
    "policies.col.day": "Day",
    "policies.col.channel": "By",
    "policies.col.tone": "Tone",
    "policies.col.to": "To",
    "policies.col.details": "Details",
    "policies.tone.statement": "statement",
    "policies.tone.courteous": "courteous",
    "policies.tone.firm": "firm",
    "policies.tone.notice": "formal notice",
    "policies.assignee.collector": "collector",
    "policies.assignee.sales_rep": "sales rep",
    "policies.assignee.credit_manager": "credit manager",
    "policies.approval": "approved before it leaves",
    "policies.deadline": "deadline of {n} days",
    "policies.copy": "copy: {roles}",
    "policies.fallback": "otherwise: {ways}",
    "policies.tell": "tells: {people}",
    "policies.hold": "proposes to stop deliveries",
    "policies.settings": "Settings",
    "policies.gap": "Between two contacts about an invoice",
    "policies.resume": "After the end of a pause",
    "policies.bank": "Bank data no older than",
    "policies.bank.days": "{n} business days",
    "policies.bank.any": "no limit",
    "policies.minimum": "Smallest amount chased",
    "policies.minimum.none": "none",
    "policies.entry": "A case opened late begins at most at",
    "policies.editions": "Versions",
    "policies.editions.more": "Older versions are not listed.",
    "policies.text": "Text of the policy",
    "policies.download": "Download the file",
    "policies.try": "Change it and try it out",
    "policies.try.manager": "A manager may change this policy.",
    "policies.dry.title": "Dry run: {title}",
    "policies.dry.lead": (
        "Nothing is recorded or sent. Change the text, compare, then publish it if you like its effect."
    ),
    "policies.dry.text": "Changed text (TOML)",
    "policies.dry.file": "or choose a file, which replaces the text",
    "policies.dry.days": "Period compared",
    "policies.dry.days.n": "{n} days",
    "policies.dry.run": "Try it out",
    "policies.dry.again": "Try it again",
    "policies.dry.faults": "This text cannot be published. Nothing was changed.",
    "policies.dry.line": "line {line}",
    "policies.dry.long": "The text is over {n} characters.",
    "policies.dry.busy": "Another dry run is under way. Try again in some seconds; your text is kept.",
    "policies.dry.untried": "Try this text out first: it is this one, and no other, that you will publish.",
    "policies.dry.overtaken": (
        "Another version was published meanwhile. Nothing was published; compare again."
    ),
    "policies.dry.same": "This is the text of version {version}, in force: there is nothing to publish.",
    "policies.effect": "What publishing changes",
    "policies.effect.running.none": "No open case follows this policy.",
    "policies.effect.running.one": (
        "The open case does not change: it keeps its version, and what is to come stays the same."
    ),
    "policies.effect.running.many": (
        "The {n} open cases do not change: each keeps its version, and what is to come stays the same."
    ),
    "policies.effect.new": (
        "Cases opened after it is published follow the new version, from their first step on."
    ),
    "policies.effect.move": (
        "An open case moves to the new version only if a manager decides so, case by case. The comparison"
        " below shows what would happen if all of them moved today."
    ),
    "policies.compared": "If all open cases moved to the new version",
    "policies.compared.period": "Over {n} days, today included.",
    "policies.whole": "Everything is counted: {customers} customers, {cases} cases under this policy.",
    "policies.whole.one": "Everything is counted: 1 customer, {cases} cases under this policy.",
    "policies.sampled": (
        "A sample: {looked} customers of {customers} ({looked_cases} cases of {cases}), drawn at random "
        "and always in the same order. All figures are of this sample, not projected."
    ),
    "policies.too_large": "{n} customers with more than {most} open invoices are not counted.",
    "policies.too_large.one": "1 customer with more than {most} open invoices is not counted.",
    "policies.suspended": (
        "{n} customers are under a suspension: the comparison takes no account of it; what it holds does "
        "not leave while it lasts."
    ),
    "policies.suspended.one": (
        "1 customer is under a suspension: the comparison takes no account of it; what it holds does not "
        "leave while it lasts."
    ),
    "policies.assumed": (
        "Nobody pays, no new case is opened, bank data come in time; approvals, calls and missing "
        "addresses are dealt with the same day."
    ),
    "policies.measure": "Measure",
    "policies.before": "Today",
    "policies.after": "After",
    "policies.change": "Change",
    "policies.contacts": "Contacts",
    "policies.contacted": "Customers contacted",
    "policies.approvals": "Contacts to approve",
    "policies.addresses": "Addresses to find",
    "policies.decisions": "Decisions to take",
    "policies.by_step": "Contacts by step",
    "policies.by_day": "Contacts by day",
    "policies.by_day.hint": "For each step: today → after.",
    "policies.none": "No contact in the period.",
    "policies.newly": "Customers newly contacted",
    "policies.no_longer": "Customers no longer contacted",
    "policies.first": "First contact",
    "policies.nobody": "None.",
    "policies.steps.diff": "Steps before and after",
    "policies.steps.diff.hint": "For cases opened after it is published.",
    "policies.steps.kept": "unchanged",
    "policies.steps.added": "added",
    "policies.steps.removed": "removed",
    "policies.steps.moved": "changed",
    "policies.publish": "Publish",
    "policies.publish.text": (
        "This text becomes version {version} of the policy, for every company of the installation. A "
        "published version never changes; to go back, publish the former text again."
    ),
    "policies.publish.confirm": "Publish version {version}",
    "policies.publish.everywhere": (
        "A policy holds for every company of the installation: only a manager of all companies may "
        "publish it."
    ),
    "policies.published": "Version {version} is published. Cases opened from now on follow it.",
    "policies.published.again": "This is the text of version {version} already. Nothing was changed.",
}
