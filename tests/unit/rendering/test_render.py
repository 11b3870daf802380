"""What a message says of sums, holds, reminders and notices, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from activities.rendering import (
    Credit,
    HoldNotice,
    Message,
    PaidItem,
    RenderError,
    Section,
    Signatory,
    Tone,
    locale_for,
    render,
    render_call_sheet,
    render_sms,
)
from activities.rendering.formats import NARROW_NBSP, NBSP
from tests.unit.rendering.messages import (
    COLLECTOR,
    CREDITOR,
    DEBTOR,
    DOLLARS,
    HOLD,
    ONE,
    RICH,
    TODAY,
    bare,
    line,
    message,
    rich,
    written,
)


def flat(text: str) -> str:
    return " ".join(text.split("\n"))


def test_sum_asked_is_due_less_credits() -> None:
    assert RICH.total_due == Decimal("22904.56")
    assert RICH.asked == Decimal("22754.56")
    page = render(message("courteous_reminder", sections=(RICH,)))
    assert page.subject == f"Rappel{NBSP}: 4 factures échues pour 22{NARROW_NBSP}754,56{NBSP}€"
    assert page.html is not None
    for part in (page.text, page.html):
        assert f"22{NARROW_NBSP}904,56{NBSP}€" in part
        assert f"-150,00{NBSP}€" in part
        assert "AV-7" in part
    assert "déduction faite de vos avoirs" in flat(page.text)


def test_credits_that_cover_all_ask_for_nothing() -> None:
    covered = Section.of("EUR", due=(line(),), credits=(Credit("AV-1", TODAY, Decimal(2000)),))
    assert covered.asked == 0
    page = render(message("courteous_reminder", sections=(covered,)))
    assert "aucun règlement n’est attendu" in flat(page.text)
    assert "IBAN" not in page.text
    assert "Pouvez-vous procéder" not in page.text
    for name in ("firm_reminder", "formal_notice", "email_instead_of_sms"):
        with pytest.raises(RenderError, match=f"{name}.*credits cover"):
            render(message(name, sections=(covered,)))


def test_two_currencies_make_two_sections() -> None:
    page = render(message("courteous_reminder", "en", sections=(RICH, DOLLARS)))
    assert "Account in euros (EUR)" in page.text
    assert "Account in US dollars (USD)" in page.text
    assert "€22,754.56 and US$1,299.90" in flat(page.text)
    assert page.html is not None
    assert page.html.count("<tfoot>") == 3


def test_disputed_amounts_are_shown_and_not_asked() -> None:
    text = render(message("courteous_reminder", sections=(RICH,))).text
    assert f"hors 780,40{NBSP}€ contestés, non réclamés" in text
    assert "MONTANTS CONTESTÉS, NON RÉCLAMÉS" in text


def test_listed_items_reminded_before_say_so() -> None:
    page = render(message("courteous_reminder", sections=(RICH,)))
    assert page.text.count("déjà relancée le 12 novembre 2026") == 1
    again = Section.of("EUR", due=(line(acted=True, reminded_on=date(2026, 11, 12)),))
    assert "déjà relancée" not in render(message("courteous_reminder", sections=(again,))).text


def test_plain_text_table_lines_up() -> None:
    rows = [row for row in render(message("courteous_reminder", sections=(RICH,))).text.split("\n") if row]
    header = next(row for row in rows if row.startswith("Facture"))
    amounts = [row for row in rows if row.startswith(("FA-1 ", "FA-2 ", "FA-3 ", "FA-4 "))]
    assert len(amounts) == 5
    assert {len(row) for row in amounts[:4]} == {len(header)}


def test_long_references_are_stacked_rather_than_run_over() -> None:
    long = line("FACTURE-2026-000000000000042", order_ref="MARCHE-2026-LOT-3-AVENANT-12-TRANCHE-4")
    text = render(message("courteous_reminder", sections=(Section.of("EUR", due=(long,)),))).text
    assert "Facture FACTURE-2026-000000000000042\n  Commande  MARCHE-2026-LOT-3" in text


def test_hold_is_mentioned_while_in_force() -> None:
    held = render(message("courteous_reminder", hold=HOLD)).text
    assert "Nos livraisons sont suspendues depuis le 16 novembre 2026" in flat(held)
    assert "dès le règlement des factures FA-1 et FA-2" in flat(held)
    lifted = replace(HOLD, released_on=TODAY)
    assert "suspendues" not in render(message("courteous_reminder", hold=lifted)).text
    one = HoldNotice(TODAY, ("FA-1",))
    assert "as soon as invoice FA-1 is paid" in flat(render(message("firm_reminder", "en", hold=one)).text)


def test_hold_notice_tells_both_ways() -> None:
    assert render(message("hold_notice")).subject.startswith("Livraisons à suspendre")
    lifted = render(message("hold_notice", hold=replace(HOLD, released_on=TODAY)))
    assert lifted.subject.startswith("Livraisons à reprendre")
    assert "levée le 23 novembre 2026" in flat(lifted.text)


@pytest.mark.parametrize(
    "name", ["courteous_reminder", "firm_reminder", "email_instead_of_sms", "statement_companion"]
)
def test_a_notice_that_stands_is_recalled(name: str) -> None:
    page = render(message(name, notice_sent_on=date(2026, 10, 12)))
    assert "mise en demeure de payer que nous vous avons adressée le 12 octobre 2026 reste valable" in flat(
        page.text
    )
    assert "formal notice to pay that we sent you on 12 October 2026 remains in force" in flat(
        render(message(name, "en", notice_sent_on=date(2026, 10, 12))).text
    )
    assert "mise en demeure" not in render(message(name)).text


def test_formal_notice_lists_the_sums_one_by_one() -> None:
    page = render(message("formal_notice", sections=(RICH,), indemnity_per_invoice=Decimal(40)))
    text = flat(page.text)
    # 22,904.56 of principal less 150.00 of credits, and 4 fixed sums of 40.00.
    assert page.subject == f"Mise en demeure de payer la somme de 22{NARROW_NBSP}914,56{NBSP}€"
    for fact in (
        "Constructions Méridionales SARL",
        "Lyon, le 23 novembre 2026",
        "Lettre recommandée avec avis de réception",
        "Principal",
        "Avoirs à déduire",
        f"(4 × 40,00{NBSP}€)",
        f"160,00{NBSP}€",
        "nous vous mettons en demeure de nous payer",
        "dans un délai de 8 jours à compter de l’envoi de cette lettre",
        "pénalités de retard",
        "article 1344 du code civil",
        "injonction de payer",
        "Veuillez agréer, Madame, Monsieur",
        "FA-1",
        "BC-77810",
    ):
        assert fact in text, fact
    assert "FA-5" not in text, "what is not due is not demanded"
    for trick in ("huissier", "commissaire de justice", "dernier avis", "saisie"):
        assert trick not in text.lower()


def test_formal_notice_does_not_add_two_currencies() -> None:
    page = render(rich("formal_notice", "en", sections=(ONE, DOLLARS)))
    assert "€1,274.56 and US$1,299.90" in page.subject
    assert "€40.00 per invoice is payable in addition wherever that sum does not include it" in flat(
        page.text
    )


def test_notice_gives_its_days_from_the_posting() -> None:
    for name in ("formal_notice", "notice_copy"):
        with pytest.raises(RenderError, match="cannot do without deadline_days"):
            render(message(name, deadline_days=None))
    # Approved days after it was composed, a letter that named a last day could have lost it on the way.
    text = flat(render(message("formal_notice", deadline=date(2026, 12, 1), deadline_days=15)).text)
    assert "15 jours à compter de l’envoi de la lettre" in text
    assert "décembre" not in text


def test_a_deadline_that_has_passed_is_left_out() -> None:
    assert "1er novembre" not in render(message("firm_reminder", deadline=date(2026, 11, 1))).text


def test_account_statement_is_not_a_reminder() -> None:
    coming = Section.of("EUR", coming=(line("FA-5", "1890.00", late=-3),))
    page = render(message("account_statement", sections=(coming,)))
    text = flat(page.text)
    assert "Ceci n’est pas une relance" in text
    assert f"bien parvenue{NARROW_NBSP}?" in text
    assert f"programmé à l’échéance{NARROW_NBSP}?" in text
    assert "pénalités" not in text
    assert "26 novembre 2026" in page.subject


def test_thank_you_names_what_was_paid_and_asks_for_nothing() -> None:
    page = render(message("thank_you", paid=(PaidItem("FA-1", "BC-1", Decimal("12.5"), "EUR"),)))
    assert page.subject == "Merci pour votre règlement de la facture FA-1"
    assert f"12,50{NBSP}€ pour la facture FA-1 (commande BC-1)" in flat(page.text)
    assert "IBAN" not in page.text


def test_call_sheet_seeks_a_date_and_a_cause() -> None:
    sheet = render_call_sheet(message("phone_call", sections=(RICH,)))
    assert "une date de règlement et la cause du retard" in sheet.text
    assert f"+33{NBSP}4{NBSP}42{NBSP}00{NBSP}00{NBSP}11" in sheet.text
    assert "Numéro de commande ou référence manquante" in sheet.text
    assert "What to say" in (render_call_sheet(message("phone_call"), language="en").html or "")


def test_call_sheet_shows_whom_to_call_and_what_was_said() -> None:
    text = flat(render_call_sheet(rich("phone_call")).text)
    assert f"+33{NBSP}4{NBSP}42{NBSP}00{NBSP}00{NBSP}11 (fixe), Sophie Durand, responsable comptable" in text
    assert "9 h-11 h 30" in text
    assert f"+33{NBSP}6{NBSP}12{NBSP}34{NBSP}56{NBSP}78 (mobile), Marc Petit, achats" in text
    assert f"20/11/2026{NBSP}: appel, pas de réponse, occupé - deux fois," in text
    assert f"12/11/2026{NBSP}: appel, rien de convenu, campagne de règlement" in text
    assert f"02/11/2026{NBSP}: e-mail (2e relance)" in text
    assert f"05/11/2026{NBSP}: 4{NARROW_NBSP}820,00{NBSP}€ (FA-1), non tenue" in text
    assert "1 appel sans réponse." in text


def test_what_is_said_is_in_the_debtors_language_and_the_rest_in_ours() -> None:
    sheet = render_call_sheet(rich("phone_call", "en"), language="fr")
    assert "On what date will the payment leave" in sheet.text
    assert "Ne pas raccrocher sans une date" in sheet.text
    assert "À quelle date" not in sheet.text
    assert '<div lang="en">' in (sheet.html or "")


def test_companion_speaks_of_the_message_it_goes_with() -> None:
    assert "notre SMS de ce jour" in flat(render(message("statement_companion", tone=Tone.SMS)).text)
    assert "vous joindre par téléphone" in flat(render(message("statement_companion", tone=Tone.CALL)).text)


def test_hostile_names_are_escaped_and_kept_on_their_line() -> None:
    hostile = replace(DEBTOR, name="<script>alert(1)</script>\r\nIBAN DE00 {{ 7 * 7 }}\u202e")
    collector = replace(COLLECTOR, name="Eve\nBcc: all@example.org")
    for name in ("formal_notice", "hold_notice", "sales_rep_call_notice"):
        page = render(rich(name, debtor=hostile, signatory=collector))
        assert page.html is not None
        assert "<script>" not in page.html
        assert "&lt;script&gt;alert(1)" in page.html
        assert "{{ 7 * 7 }}" in page.text, "data is never a template"
        assert "\nIBAN DE00" not in page.text
        assert "\u202e" not in page.text + page.subject + page.html
    subject = render(rich("hold_notice", debtor=hostile)).subject
    assert not any(ord(char) < 32 for char in subject)
    assert "<script>alert(1)</script> IBAN DE00" in subject
    person = replace(COLLECTOR, name="Eve\r\nBcc: all@example.org")
    assert "Eve Bcc" in render(message("email_instead_of_sms", call_person=person)).subject


def test_other_languages_read_english() -> None:
    assert [locale_for(tag) for tag in ("fr", "fr-BE", "FR_ca", "en", "de", "pt-BR", "")] == [
        "fr",
        "fr",
        "fr",
        "en",
        "en",
        "en",
        "en",
    ]
    assert "Kind regards," in render(message("courteous_reminder", "de")).text


def test_refusals_name_template_and_cause() -> None:
    with pytest.raises(
        RenderError, match=r"template 'no_such' \(fr\): no such template; there are account_statement"
    ):
        render(message("no_such"))
    with pytest.raises(RenderError, match="it makes a sms"):
        render(message("sms_reminder"))
    with pytest.raises(RenderError, match="it makes a email"):
        render_sms(message("firm_reminder"))
    with pytest.raises(RenderError, match="no item is late"):
        render(message("firm_reminder", sections=()))
    with pytest.raises(RenderError, match="cannot do without hold"):
        render(message("hold_notice", hold=None))
    with pytest.raises(RenderError, match=r"'firm_reminder' \(en\): .*too many decimals") as caught:
        render(message("firm_reminder", "en", indemnity_per_invoice=Decimal("40.001")))
    assert (caught.value.template, caught.value.locale) == ("firm_reminder", "en")


def test_sms_too_long_is_refused() -> None:
    with pytest.raises(RenderError, match="parts, 2 are allowed"):
        render_sms(message("sms_reminder", call_person=replace(COLLECTOR, name="Claire " * 60)))


def test_facts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="asked is 1, its lines make"):
        replace(ONE, asked=Decimal(1))
    with pytest.raises(ValueError, match="chaseable"):
        replace(line(), chaseable=Decimal(1))
    with pytest.raises(ValueError, match="too many decimals"):
        Section.of("JPY", due=(line(total="10.5"),))
    with pytest.raises(ValueError, match="one section per currency"):
        message("courteous_reminder", sections=(ONE, ONE))
    with pytest.raises(ValueError, match="positive"):
        Credit("AV-1", TODAY, Decimal(-1))


@pytest.mark.parametrize(
    "address",
    [
        "noreply@x.example",
        "no-reply@x.example",
        "ne-pas-repondre@x.example",
        "donotreply@x.example",
        "do_not_reply@x.example",
    ],
)
def test_nobody_signs_from_an_address_nobody_reads(address: str) -> None:
    with pytest.raises(ValueError, match="nobody reads"):
        Signatory("A", "B", address, "+33472000012")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "http://x.example/\n", "ftp://x", 'https://x/"onclick=']
)
def test_payment_link_is_a_web_address(link: str) -> None:
    with pytest.raises(ValueError, match="payment_link"):
        replace(CREDITOR, payment_link=link)


def test_same_facts_make_the_same_bytes() -> None:
    facts: list[Message] = [rich("firm_reminder"), rich("formal_notice", "en")]
    assert [written(each) for each in facts] == [written(each) for each in facts]


def test_what_a_customer_wrote_reaches_a_colleague_as_text() -> None:
    page = written(rich("reply_copy"))
    assert page.html is not None
    assert page.subject.endswith("(C-0042)\u00a0: RE: Facture FA-1")
    assert "Sophie Durand" in page.text
    assert "\nLe virement part vendredi.\n- FA-1\n- FA-2\n<script>alert(1)</script>\n" in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.html
    assert "<script>" not in page.html
    words = " ".join(page.text.split())
    assert "jusqu’à ce que votre tâche soit terminée, et au plus tard jusqu’au 27 novembre 2026" in words
    assert "Non jointes par prudence, à ouvrir depuis la tâche" in words
    assert "qui ne figure pas" not in words
    assert "qui ne figure pas parmi les contacts" in " ".join(written(bare("reply_copy")).text.split())
