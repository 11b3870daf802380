"""Every message in every language, with much and with little to say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

import activities.rendering
from activities.rendering import (
    LOCALES,
    TEMPLATES,
    Kind,
    Message,
    RenderError,
    Section,
    Signatory,
    Tone,
    sms_segments,
    templates_for,
)
from activities.rendering.render import SMS_LIMIT, refuse_ibans, render_sms
from rules.iban import hidden_ibans
from tests.unit.rendering.messages import (
    CHANGE,
    CREDITOR,
    DEBTOR,
    ONE,
    READER,
    bare,
    line,
    message,
    rich,
    written,
)

FOLDER = Path(activities.rendering.__file__).parent / "templates"
PAGES = [name for name, template in TEMPLATES.items() if template.kind is not Kind.SMS]
MAKERS = [message, rich, bare]
VOID = {"meta", "br", "link", "img", "hr"}


class Tags(HTMLParser):
    """Checks that tags close in order, and keeps what was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_has_its_files(locale: str) -> None:
    for name, files in templates_for(locale).items():
        wanted = ("sms.txt",) if TEMPLATES[name].kind is Kind.SMS else ("subject.txt", "words.txt")
        assert files == wanted, f"{locale}/{name}"


def test_no_folder_without_a_message() -> None:
    for locale in LOCALES:
        assert {path.name for path in (FOLDER / locale).iterdir() if path.is_dir()} == set(TEMPLATES)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", PAGES)
def test_renders(name: str, locale: str, make: Callable[[str, str], Message]) -> None:
    page = written(make(name, locale))
    assert page.subject
    assert "\n" not in page.subject
    assert page.html is not None
    for part in (page.subject, page.text, page.html):
        assert not re.search(r"\{\{|\}\}|\{%|None|Undefined|&lt;p", part)
    assert not re.search(r"\w +[.,]", page.text)
    assert "\n\n\n" not in page.text
    assert not re.search(r"[ \t]\n", page.text)
    assert max(len(each) for each in page.text.splitlines()) <= 100

    tags = Tags()
    tags.feed(page.html)
    assert tags.open == []
    assert ("html", {"lang": locale}) in tags.seen
    assert not [tag for tag, _ in tags.seen if tag in {"img", "script", "iframe"}]
    assert all("scope" in attrs for tag, attrs in tags.seen if tag == "th")


@pytest.mark.parametrize("name", [name for name in PAGES if TEMPLATES[name].pay])
@pytest.mark.parametrize("locale", LOCALES)
def test_says_who_signs_and_how_to_pay(name: str, locale: str) -> None:
    page = written(rich(name, locale))
    assert page.html is not None
    for part in (page.text, page.html):
        for fact in (
            "Claire Martin",
            "claire@brunet.example",
            "FR76 3000 6000 0112 3456 7890 189",
            "AGRIFRPPXXX",
            "Ateliers Brunet SAS",
            "C-0042",
            "https://payer.brunet.example/c/7QX2",
            "BC-77810",
            "+33\u00a04\u00a072\u00a000\u00a000\u00a012",
        ):
            assert fact in part, fact


def test_without_an_iban_the_invoices_are_pointed_at() -> None:
    page = written(bare("courteous_reminder"))
    assert "IBAN" not in page.text
    assert "Nos coordonnées bancaires figurent sur nos factures." in page.text


def test_no_template_holds_an_iban_or_an_outside_image() -> None:
    for path in FOLDER.rglob("*.*"):
        source = path.read_text(encoding="utf-8")
        assert hidden_ibans(source) == set(), path
        assert "src=" not in source, path
        assert not re.search(r"https?://(?!www\.w3\.org)", source), path


@pytest.mark.parametrize(
    "disguise",
    [
        "DE89370400440532013000",
        "de89 3704 0044 0532 0130 00",
        "DE89\u00a03704\u202f0044-0532.0130/00",
        "DE89<b>3704</b>0044<!-- x -->0532013000",
        "&#68;E89 3704&nbsp;0044 0532 0130 00",
        '{{ "DE89" ~ "3704" }}{# 12 #}0044 0532 0130 00',
        "{{ 'DE8937040044' }} {{- '0532013000' }}",
        "\uff24\uff25\uff18\uff19 3704 0044 0532 0130 00",
    ],
)
def test_a_template_with_an_iban_in_any_disguise_is_not_loaded(disguise: str) -> None:
    with pytest.raises(ValueError, match="x holds an IBAN"):
        refuse_ibans(f"Merci de payer sur {disguise} avant le 15.", "x")


def test_a_template_of_prose_and_figures_is_loaded() -> None:
    refuse_ibans("De 15 jours à 30, FA-2026-00012 : 1 234,56 €, FR 76 jours, tél. +33 4 72 00 00 12", "x")


@pytest.mark.parametrize("name", [name for name in PAGES if TEMPLATES[name].pay])
@pytest.mark.parametrize("field", ["name", "order_ref"])
def test_no_message_shows_another_iban_than_the_companys(name: str, field: str) -> None:
    """A debtor's name or an order's reference comes from a file somebody wrote."""
    trap = "Payez sur DE89 3704 0044 0532 0130 00"
    if field == "name":
        what = message(name, recipient=replace(READER, name=trap), debtor=replace(DEBTOR, name=trap))
    else:
        what = message(name, sections=(Section.of("EUR", due=(line(order_ref=trap),)),))
    with pytest.raises(RenderError, match="an IBAN that is not the company's"):
        written(what)


def test_an_sms_shows_no_other_iban_either() -> None:
    trap = Signatory("DE89370400440532013000", "", "a@brunet.example", "+33472000012")
    with pytest.raises(RenderError, match="an IBAN that is not the company's"):
        render_sms(message("sms_reminder", call_person=trap))


@pytest.mark.parametrize("name", [name for name in PAGES if TEMPLATES[name].pay])
@pytest.mark.parametrize("locale", LOCALES)
def test_says_that_bank_details_have_not_changed_and_whom_to_call(name: str, locale: str) -> None:
    says = {"fr": "coordonnées bancaires n’ont pas changé", "en": "bank details have not changed"}[locale]
    page = written(rich(name, locale))
    assert page.html is not None
    for part in (" ".join(page.text.split("\n")), page.html):
        assert part.count(says) == 1
        assert re.search(rf"{says}[^.]*\+33\u00a04\u00a072\u00a000\u00a000\u00a010", part)
    nobody = written(rich(name, locale, creditor=replace(CREDITOR, phone="")))
    assert says in " ".join(nobody.text.split("\n"))


@pytest.mark.parametrize("locale", LOCALES)
def test_after_a_change_it_says_so_and_gives_no_number_to_call(locale: str) -> None:
    changed = replace(CREDITOR, details_changed_on=date(2026, 11, 3))
    text = " ".join(written(message("firm_reminder", locale, creditor=changed)).text.split("\n"))
    says = {"fr": "ont changé le 3 novembre 2026", "en": "changed on 3 November 2026"}[locale]
    assert says in text
    assert not re.search(r"n’ont pas changé|have not changed", text)
    sentence = text[text.index(says) :].split(".")[0]
    assert "+33" not in sentence


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("stage", ["asked", "approved", "cancelled", "applied"])
def test_managers_read_what_changes_and_never_a_whole_iban(stage: str, locale: str) -> None:
    page = written(message("bank_details_change", locale, change=replace(CHANGE, stage=stage)))
    text = " ".join(page.text.split())
    for fact in ("FR76 … 0189", "DE89 … 3000", "treasury"):
        assert fact in text
    assert not re.search(r"\d{5}", text)
    day = {"fr": "1er décembre 2026", "en": "1 December 2026"}[locale]
    assert (day in text) is (stage != "cancelled")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_digest_says_of_each_invoice_what_is_late_and_what_follows(locale: str) -> None:
    page = written(rich("weekly_digest", locale))
    text = " ".join(page.text.split())
    said = {
        "fr": (
            "9 factures en retard pour",
            "échue le 22/09/2026 (62 jours de retard) : 4 820,00 €. Suite : appel le 26 novembre 2026. "
            "2 promesses non tenues.",
            "dont 20,00 € contestés. Suite : litige à régler.",
            "Suite : relances arrêtées.",
            "Suite : SMS, coordonnées à compléter.",
            "1 autre facture est en retard",
        ),
        "en": (
            "9 late invoices for",
            "due on 22 Sept 2026 (62 days overdue): €4,820.00. Next: call on 26 November 2026. "
            "2 promises not kept.",
            "of which €20.00 disputed. Next: dispute to settle.",
            "Next: reminders stopped.",
            "Next: text message, contact details wanted.",
            "1 other invoice is late",
        ),
    }[locale]
    plain = re.sub("[\u00a0\u202f]", " ", f"{page.subject} {text}")
    for fact in said:
        assert fact in plain
    assert page.html is not None
    assert page.html.count("<li") == 8 + 3
    assert "Dupont &amp; &lt;Fils&gt;" in page.html


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("count", [1, 12])
def test_sms_fits_in_two_parts(locale: str, make: Callable[..., Message], count: int) -> None:
    due = tuple(line(f"FA-2026-{each:05}", "12345.60") for each in range(count))
    sms = render_sms(make("sms_reminder", locale, sections=(Section.of("EUR", due=due),)))
    text = sms.text
    assert sms.parts == sms_segments(text) <= 2
    assert sms.encoding == "gsm7"
    assert "\n" not in text
    assert ("Paul Roux" if make is rich else "Claire Martin") in text
    assert "+33 4 72 00 00 12" in text
    assert not re.search(r" \.|  ", text.replace("/c/7QX2 .", ""))


def test_sms_of_a_creditor_with_a_long_name_and_link_still_fits() -> None:
    long = replace(
        CREDITOR,
        name="Société Coopérative Ouvrière de Production des Ateliers Réunis « Brunet & Sœurs »",
        payment_link="https://payer.example/" + "x" * 90,
    )
    text = render_sms(rich("sms_reminder", creditor=long)).text
    assert sms_segments(text) <= 2
    assert "xxx" not in text
    assert "Paul Roux" in text
    assert SMS_LIMIT == 306


def test_french_typography() -> None:
    page = written(rich("account_statement"))
    assert "Relevé de compte Ateliers Brunet\u00a0:" in page.subject
    assert "bien parvenues\u202f?" in page.text
    for locale_text in (written(rich(name)).text for name in PAGES):
        assert not re.search(r" [?!;:»]", locale_text)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ((ONE,), "la facture FA-1 du"),
        (
            (Section.of("EUR", due=(line("A"), line("B"))),),
            "les 2 factures échues ci-dessous ne sont pas encore réglées",
        ),
    ],
)
def test_singular_and_plural(sections: tuple[Section, ...], words: str) -> None:
    text = " ".join(written(message("courteous_reminder", sections=sections)).text.split("\n"))
    assert words in text


def test_a_public_buyer_and_a_foreigner_are_not_told_of_the_code_de_commerce() -> None:
    for name in ("firm_reminder", "formal_notice"):
        at_home = written(rich(name)).text
        assert "L441-10" in at_home
        assert "BCE majoré de 10 points" in " ".join(at_home.split("\n"))
        assert "D441-5" in at_home

        public = written(rich(name, debtor=replace(DEBTOR, public_body=True))).text
        assert "L441-10" not in public
        assert "R2192-31" in public
        assert "majoré de 8 points" in " ".join(public.split("\n"))

        for country in ("DE", ""):
            for locale in LOCALES:
                abroad = written(rich(name, locale, debtor=replace(DEBTOR, country=country))).text
                assert not re.search(r"L441|D441|R2192|1344|code civil|Civil Code|BCE|ECB", abroad)


def test_courteous_words_become_firmer_with_the_tone() -> None:
    assert "L441-10" not in written(message("courteous_reminder")).text
    assert "L441-10" in written(message("courteous_reminder", tone=Tone.FIRM)).text


def test_indemnity_is_announced_from_the_facts_only() -> None:
    assert (
        "40,00\u00a0€ par facture" in written(rich("firm_reminder", indemnity_per_invoice=Decimal(40))).text
    )
    assert "40,00" not in written(message("firm_reminder")).text
