"""Every title of a task that the sources write is said in French, with its names and numbers."""

from __future__ import annotations

import pytest

from activities.decisions import _TITLES
from admin.console.words.titles import french_title
from tests.console.texts import english_left, plain, texts_of

OF_DECISIONS = [f"{title}: F-1, Acme" for title in _TITLES.values()]


@pytest.mark.parametrize("title", sorted({*texts_of("title"), *OF_DECISIONS}))
def test_every_title_is_said_in_french(title: str) -> None:
    told = french_title(title)
    assert told is not None, f"no French for {title!r}: add it to admin/console/words/titles.py"
    assert not english_left(told)


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("Stop deliveries to A & B <c>: d?", "Arrêter les livraisons à A & B <c>: d ?"),
        ("Approve reminder_2 to Acme", "Valider l’étape « 2e relance » pour Acme"),
        (
            "Dispute on invoice F/1: 1200.50 EUR, not received",
            "Litige, facture F/1 : 1 200,50 €, facture non reçue",
        ),
        ("1,234.50 EUR of 2026-03-10: what does it pay?", "1 234,50 € du 10/03/2026 : que règlent-ils ?"),
        (
            "Call Acme again: A promise was not kept: F-1, Acme",
            "Rappeler Acme : Promesse non tenue : F-1, Acme",
        ),
        ("Call Acme again: Appel à passer", "Rappeler Acme : Appel à passer"),
    ],
)
def test_titles(english: str, french: str) -> None:
    told = french_title(english)
    assert told is not None
    assert plain(told) == french


def test_a_title_in_other_words_is_left_alone() -> None:
    assert french_title("Appel à passer : Acme, 2 factures échues") is None
