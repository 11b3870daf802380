"""Words of a policy's dry run and its publishing."""

from __future__ import annotations

from typing import Final

FRENCH: Final[dict[str, str]] = {
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
    "policies.trials": "Essais à blanc sur tout le portefeuille",
    "policies.trial.title": "Essai à blanc sur tout le portefeuille : {title}",
    "policies.trial.asked": "Essai sur tout le portefeuille, demandé le {when} par {who}.",
    "policies.trial.period": "Sur {n} jours à partir du {day}, tel que le portefeuille était alors.",
    "policies.trial.offer": "Essayer sur tout le portefeuille",
    "policies.trial.offer.text": (
        "Les {n} clients sont examinés un par un, en arrière-plan ; vous pouvez quitter la page. Le résultat "
        "reste sur la page du scénario, avec la liste de tous les clients concernés."
    ),
    "policies.trial.ask": "Lancer l’essai complet",
    "policies.trial.tables": "Tous les clients dont les contacts commencent ou cessent",
    "policies.trial.how_far": "Avancement",
    "policies.trial.looked": "{looked} clients examinés sur {customers} ({per_cent} %).",
    "policies.trial.leave": "Vous pouvez quitter cette page : l’essai continue sans elle.",
    "policies.trial.slow": (
        "L’essai n’avance plus depuis le {when} : aucun processus ne s’en occupe. Il reprendra là où il en "
        "est ; si cela dure, prévenez l’administrateur."
    ),
    "policies.trial.stop": "Arrêter l’essai",
    "policies.trial.stop.text": "Ce qui a été compté jusque-là est conservé.",
    "policies.trial.stopped": "L’essai a été arrêté le {when}, avant la fin.",
    "policies.trial.other": "Un autre essai sur tout le portefeuille est déjà en cours : le voici.",
    "policies.trial.state.running": "en cours",
    "policies.trial.state.done": "terminé",
    "policies.trial.state.stopped": "arrêté",
    "policies.trial.col.asked": "Demandé le",
    "policies.trial.col.by": "Par",
    "policies.trial.col.looked": "Clients examinés",
    "policies.trial.sheet.file": "essai",
    "policies.trial.sheet.change": "Changement",
    "policies.trial.sheet.channel": "Canal",
    "policies.newly.one": "nouvellement contacté",
    "policies.no_longer.one": "plus contacté",
    "policies.measure": "Mesure",
    "policies.before": "Avant",
    "policies.after": "Après",
    "policies.change": "Écart",
    "policies.contacts": "Contacts",
    "policies.contacted": "Clients contactés",
    "policies.approvals": "Contacts à valider",
    "policies.addresses": "Adresses à trouver",
    "policies.decisions": "Décisions à prendre",
    "policies.by_step": "Contacts par étape",
    "policies.by_day": "Contacts par jour",
    "policies.by_day.hint": "Pour chaque étape : avant → après.",
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
    "policies.trials": "Dry runs on the whole portfolio",
    "policies.trial.title": "Dry run on the whole portfolio: {title}",
    "policies.trial.asked": "Dry run on the whole portfolio, asked for on {when} by {who}.",
    "policies.trial.period": "Over {n} days from {day}, as the portfolio was then.",
    "policies.trial.offer": "Try it on the whole portfolio",
    "policies.trial.offer.text": (
        "All {n} customers are looked at one by one, in the background; you may leave the page. The result "
        "stays on the policy’s page, with the list of every customer it concerns."
    ),
    "policies.trial.ask": "Start the whole dry run",
    "policies.trial.tables": "All customers whose contacts begin or cease",
    "policies.trial.how_far": "Progress",
    "policies.trial.looked": "{looked} customers of {customers} looked at ({per_cent}%).",
    "policies.trial.leave": "You may leave this page: the dry run goes on without it.",
    "policies.trial.slow": (
        "It has not moved since {when}: no process is working on it. It will go on from where it is; if this "
        "lasts, tell the operator."
    ),
    "policies.trial.stop": "Stop it",
    "policies.trial.stop.text": "What was counted so far is kept.",
    "policies.trial.stopped": "It was stopped on {when}, before its end.",
    "policies.trial.other": "Another dry run on the whole portfolio is under way: here it is.",
    "policies.trial.state.running": "running",
    "policies.trial.state.done": "done",
    "policies.trial.state.stopped": "stopped",
    "policies.trial.col.asked": "Asked for on",
    "policies.trial.col.by": "By",
    "policies.trial.col.looked": "Customers looked at",
    "policies.trial.sheet.file": "dry-run",
    "policies.trial.sheet.change": "Change",
    "policies.trial.sheet.channel": "Channel",
    "policies.newly.one": "newly contacted",
    "policies.no_longer.one": "no longer contacted",
    "policies.measure": "Measure",
    "policies.before": "Before",
    "policies.after": "After",
    "policies.change": "Change",
    "policies.contacts": "Contacts",
    "policies.contacted": "Customers contacted",
    "policies.approvals": "Contacts to approve",
    "policies.addresses": "Addresses to find",
    "policies.decisions": "Decisions to take",
    "policies.by_step": "Contacts by step",
    "policies.by_day": "Contacts by day",
    "policies.by_day.hint": "For each step: before → after.",
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
