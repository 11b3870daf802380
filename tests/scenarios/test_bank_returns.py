"""Money that goes back, day by day: which payment it takes back, and when a person is asked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from rules.bank_returns import Incoming, Returned, find_returned

DUPONT, MARTIN = "FR7630006000011234567890189", "DE89370400440532013000"


def paid(line: str, day: str, amount: str = "1200.00", **told: str) -> Incoming:
    """A payment that came on `day`."""
    return Incoming(line, Decimal(amount), "EUR", date.fromisoformat(day), **told)


def back(day: str, amount: str = "1200.00", **told: str) -> Returned:
    """Money that went back on `day`."""
    return Returned(Decimal(amount), "EUR", date.fromisoformat(day), **told)


def test_a_direct_debit_refused_for_want_of_cover() -> None:
    lines = [
        paid("dupont in march", "2026-03-02", end_to_end_id="FA-1", payer_iban=DUPONT),
        paid("dupont in april", "2026-04-02", end_to_end_id="FA-2", payer_iban=DUPONT),
    ]
    # 8 April: the April debit comes back. The bank gives our own reference: no doubt.
    found = find_returned(back("2026-04-08", end_to_end_id="FA-2", payer_iban=DUPONT), lines)
    assert (found.line, found.why) == ("dupont in april", "the same end-to-end id and amount")
    # 9 April: the bank's fee for it is no payment of anybody.
    assert find_returned(back("2026-04-09", "12.00"), lines).candidates == ()


def test_an_unauthorised_debit_comes_back_within_thirteen_months() -> None:
    lines = [paid("first", "2025-03-02", end_to_end_id="FA-1")]
    assert find_returned(back("2026-04-01", end_to_end_id="FA-1"), lines).line == "first"
    # Two years later it is another one with the same reference.
    assert find_returned(back("2027-03-02", end_to_end_id="FA-1"), lines).line is None


def test_nothing_comes_back_before_it_came() -> None:
    found = find_returned(
        back("2026-03-01", end_to_end_id="FA-1"), [paid("one", "2026-03-02", end_to_end_id="FA-1")]
    )
    assert (found.line, found.why) == (None, "no payment of 1200.00 EUR came before it")


def test_an_old_cheque_is_named_by_the_banks_reference() -> None:
    lines = [paid("cheque", "2026-03-02", bank_ref="REM0042817"), paid("other", "2026-03-03", bank_ref="7")]
    found = find_returned(back("2026-03-12", text="CHEQUE IMPAYE REM0042817 MOTIF 07"), lines)
    assert (found.line, found.why) == ("cheque", "it names the payment's bank reference")


def test_the_same_account_and_amount_once_is_believed_twice_is_asked() -> None:
    one = paid("march", "2026-03-02", payer_iban=DUPONT)
    other = paid("martin", "2026-03-02", payer_iban=MARTIN)
    assert find_returned(back("2026-03-10", payer_iban=DUPONT), [one, other]).line == "march"
    twice = [one, paid("april", "2026-04-02", payer_iban=DUPONT)]
    found = find_returned(back("2026-04-10", payer_iban=DUPONT), twice)
    assert (found.line, found.candidates) == (None, ("march", "april"))
    # After the usual ten weeks, account and amount alone say too little.
    assert find_returned(back("2026-07-10", payer_iban=DUPONT), [one]).line is None


def test_a_return_that_says_nothing_is_asked_with_what_it_may_be() -> None:
    lines = [paid("dupont", "2026-03-02", payer_iban=DUPONT), paid("other amount", "2026-03-02", "1200.01")]
    found = find_returned(back("2026-03-10"), lines)
    assert (found.line, found.candidates) == (None, ("dupont",))
    assert found.why == "payments of that amount: 1, none of them certain"
    # Another end-to-end id speaks against it.
    named = [paid("dupont", "2026-03-02", end_to_end_id="FA-1")]
    assert find_returned(back("2026-03-10", end_to_end_id="FA-9"), named).candidates == ()
