"""What sales representatives are asked, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FRENCH: Final[Mapping[str, str]] = {
    "task.sales_veto": "Avis du commercial",
    "task.sales_vetoed": "Relance retenue par le commercial",
    "outcome.agree": "D’accord",
    "outcome.veto": "Attendre",
    "outcome.seen": "Vu",
    "outcome.overruled": "Passer outre",
    "means.agree": "L’étape part à sa date, comme sans réponse.",
    "means.veto": "L’étape attend jusqu’à cette date, dix jours au plus. Le responsable lit le motif.",
    "means.seen": "L’étape attend, comme le commercial l’a demandé.",
    "means.overruled": "L’étape part à sa date, sans attendre.",
    "field.until": "Attendre jusqu’au",
}

ENGLISH: Final[Mapping[str, str]] = {
    "task.sales_veto": "The sales rep's view",
    "task.sales_vetoed": "Held up by the sales rep",
    "outcome.agree": "Agree",
    "outcome.veto": "Wait",
    "outcome.seen": "Seen",
    "outcome.overruled": "Overrule",
    "means.agree": "The step leaves on its day, as without an answer.",
    "means.veto": "The step waits until that day, ten days at most. The credit manager reads the reason.",
    "means.seen": "The step waits, as the sales rep asked.",
    "means.overruled": "The step leaves on its day, without waiting.",
    "field.until": "Wait until",
}
