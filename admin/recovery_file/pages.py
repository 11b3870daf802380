"""The file's own pages: cover, statement, computation, what was said, exhibits; and a page for a message."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst

from activities.rendering.formats import NARROW_NBSP, NBSP, Formats, one_line
from admin.recovery_file.collect import Exhibit, Item, RecoveryFile
from admin.recovery_file.words import WORDS

_HERE: Final = Path(__file__).parent
Part = dict[str, Any]


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


def typeset(template: str, dated: date, **inputs: object) -> bytes:
    """A PDF of a template here, from data alone; the same data make the same bytes."""
    made = typst.compile(
        (_HERE / template).read_bytes(),
        format="pdf",
        sys_inputs={
            name: json.dumps(value, ensure_ascii=False, sort_keys=True) for name, value in inputs.items()
        },
        font_paths=_fonts(),
        ignore_system_fonts=True,
        timestamp=datetime.combine(dated, time(), UTC),
    )
    if not isinstance(made, bytes):
        raise TypeError(f"one PDF was asked for, not {type(made).__name__}")
    return made


class Pages:
    """Writes the pages of one file."""

    def __init__(self, file: RecoveryFile) -> None:
        self._file = file
        self._words = WORDS[file.language]
        self._say = Formats(file.language)
        self._joint = f"{NARROW_NBSP}; " if file.language == "fr" else "; "
        self._colon = f"{NBSP}: " if file.language == "fr" else ": "

    def own(self, exhibits: Sequence[tuple[Exhibit, int | None]]) -> bytes:
        """Everything that comes before the exhibits; of each of these, its pages (None: a file apart)."""
        parts = [
            *self._cover(),
            *self._statement(),
            *self._movements(),
            *self._said(),
            {"kind": "break"},
            *self._list(exhibits),
        ]
        return self._set(parts, self._words["title"])

    def message(self, exhibit: Exhibit) -> bytes:
        """A message as a page: what was said, to whom, and what became of it."""
        return self._set(list(self._message(exhibit)), self.title_of(exhibit))

    def sheet(self, exhibit: Exhibit) -> bytes:
        """What is known of a letter's posting, as the page that goes before its own."""
        return self._set(list(self._facts(exhibit)), self.title_of(exhibit))

    def title_of(self, exhibit: Exhibit) -> str:
        """What an exhibit is called."""
        kind: Any = self._words["kinds"][exhibit.kind]
        if exhibit.kind == "message" and exhibit.evidence is not None:
            kind = kind[exhibit.evidence.proof.channel]
        return one_line(str(kind).format(subject=exhibit.subject, day=self._say.day(exhibit.dated)))

    def mark(self, number: int, page: int, pages: int) -> str:
        """What is stamped on a page of an exhibit."""
        return str(self._words["page"]).format(exhibit=self._exhibit(number), n=page, of=pages)

    def _exhibit(self, number: int) -> str:
        return str(self._words["exhibit"]).format(n=number)

    def _set(self, parts: list[Part], title: str) -> bytes:
        file = self._file
        creditor = file.company.legal_name or file.company.name
        return typeset(
            "file.typ",
            file.day(file.made_at),
            file={
                "lang": file.language,
                "title": title,
                "author": creditor,
                "footer": f"{creditor} / {file.customer.name} ({file.customer.ref})",
                "parts": parts,
            },
        )

    # ------------------------------------------------------------------ what is claimed

    def _cover(self) -> Iterator[Part]:
        file, words, say = self._file, self._words, self._say
        yield {
            "kind": "cover",
            "title": words["title"],
            "made": words["of"].format(day=say.day(file.until), who=file.made_by),
            "parties": [
                {
                    "role": words["creditor"],
                    "name": file.company.legal_name or file.company.name,
                    "lines": _lines(file.company.registration, file.company.address),
                },
                {
                    "role": words["debtor"],
                    "name": file.customer.name,
                    "lines": [
                        *_lines(file.customer.registration, file.customer.address),
                        f"{words['ref']} {file.customer.ref}",
                    ],
                },
            ],
        }
        yield {"kind": "title", "text": words["claim"].format(day=say.day(file.until))}
        for currency, sums in self._claims().items():
            yield {
                "kind": "sums",
                "rows": [
                    *([label, say.money(amount, currency)] for label, amount in sums if amount),
                    [words["total"], say.money(sum((amount for _, amount in sums), Decimal(0)), currency)],
                ],
            }
        terms = file.terms
        if terms.law is None:
            yield {"kind": "note", "text": words["no_law"]}
            return
        notes = [words["law"].format(law=terms.law, source=terms.source)]
        if terms.agreed_rate is not None:
            notes.append(words["agreed"].format(rate=say.percent(terms.agreed_rate)))
        refused = next((i.interest.refused for i in file.items if i.interest and i.interest.refused), None)
        if refused:
            notes.append(words["refused"].format(why=refused))
        elif any(item.case.balance.outstanding for item in file.items):
            notes.append(words["continues"])
        yield {"kind": "note", "text": " ".join(notes)}

    def _claims(self) -> dict[str, list[tuple[str, Decimal]]]:
        """Principal, interest and fixed sums by currency; of an invoice contested whole nothing is claimed.

        One that was paid late still bears them (Code de commerce L441-10 II: due without any reminder).
        """
        words, terms = self._words, self._file.terms
        sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for item in self._file.items:
            balance, currency = item.case.balance, item.case.balance.currency
            sums[currency][words["principal"]] += balance.outstanding - balance.disputed
            contested = 0 < balance.outstanding == balance.disputed
            if item.interest is not None and not contested:
                owed = (item.interest.interest or Decimal(0)) - item.interest.paid_to_interest
                sums[currency][words["interest"]] += owed
                sums[terms.fixed_sum_currency or currency][words["fixed"]] += item.interest.fixed_sum
        return {currency: list(found.items()) for currency, found in sorted(sums.items())}

    def _statement(self) -> Iterator[Part]:
        words, say = self._words, self._say
        yield {"kind": "title", "text": words["statement"]}
        rows = []
        for item in self._file.items:
            case, currency = item.case, item.case.balance.currency
            paid = sum((p.amount for p in case.payments if p.reversed_on is None), Decimal(0))
            standing = [note.amount for note in case.credit_notes if note.cancelled_at is None]
            credited = sum(standing, Decimal(0))
            number = case.invoice
            if case.order_ref:
                number += f" ({words['order'].format(ref=case.order_ref)})"
            if case.balance.disputed:
                number += f", {words['disputed'].format(amount=say.money(case.balance.disputed, currency))}"
            rows.append(
                [
                    one_line(number),
                    say.short_day(case.issued_on),
                    say.short_day(case.due_on),
                    words["days"].format(n=max(case.days_late, 0)),
                    say.money(case.balance.total, currency),
                    say.money(_whole(paid, case.balance.total), currency),
                    say.money(_whole(credited, case.balance.total), currency),
                    say.money(case.balance.outstanding, currency),
                ]
            )
        yield {"kind": "table", "header": words["columns"], "rows": rows, "left": 1, "wide": 0}

    def _movements(self) -> Iterator[Part]:
        file, words, say = self._file, self._words, self._say
        yield {"kind": "title", "text": words["movements"]}
        for item in self._file.items:
            case, currency = item.case, item.case.balance.currency
            yield {"kind": "head", "text": one_line(case.invoice)}
            told = []
            for paid in case.payments:
                amount = say.money(_whole(paid.amount, case.balance.total), currency)
                text = f"{words['paid'].format(day=say.day(paid.received_on))}{self._colon}{amount}"
                if paid.reversed_on is not None:
                    text += f" ({words['returned'].format(day=say.day(paid.reversed_on))})"
                told.append(text)
            for note in case.credit_notes:
                amount = say.money(_whole(note.amount, case.balance.total), currency)
                head = words["credit"].format(number=note.number or "", day=say.day(note.issued_on))
                text = f"{head}{self._colon}{amount}"
                if note.cancelled_at is not None:
                    text += f" ({words['cancelled'].format(day=say.day(file.day(note.cancelled_at)))})"
                told.append(text)
            for text in told or [words["nothing"]]:
                yield {"kind": "text", "text": one_line(text)}
            yield from self._reckoning(item)

    def _reckoning(self, item: Item) -> Iterator[Part]:
        words, say, found = self._words, self._say, item.interest
        if found is None:
            return
        if found.lines:
            yield {
                "kind": "table",
                "header": words["reckoning"],
                "rows": [
                    [
                        say.short_day(line.first),
                        say.short_day(line.last),
                        str(line.days),
                        say.money(line.base, found.currency),
                        say.percent(line.percent),
                        f"{line.interest:f}".replace(".", "," if self._file.language == "fr" else "."),
                    ]
                    for line in found.lines
                ],
                "left": 2,
                "wide": 1,
            }
        if found.refused is not None:
            yield {"kind": "note", "text": words["refused"].format(why=found.refused)}
        elif found.interest is not None:
            amount = say.money(found.interest, found.currency)
            yield {"kind": "text", "text": words["interest_line"].format(amount=amount)}
        if found.fixed_sum:
            amount = say.money(found.fixed_sum, self._file.terms.fixed_sum_currency or found.currency)
            yield {"kind": "text", "text": words["fixed_line"].format(amount=amount)}

    def _said(self) -> Iterator[Part]:
        file, words, say = self._file, self._words, self._say
        yield {"kind": "title", "text": words["said"]}
        lines = []
        for item in self._file.items:
            case = item.case
            for dispute in case.disputes:
                what = words["whole"] if dispute.amount is None else self._money(dispute.amount, case)
                how = words["open"]
                if dispute.resolved_at is not None:
                    settled = self._money(dispute.credited, case) if dispute.credited else "0"
                    how = words["resolved"].format(day=say.day(file.day(dispute.resolved_at)), how=settled)
                head = words["dispute"].format(
                    invoice=case.invoice, day=say.day(file.day(dispute.opened_at)), what=what
                )
                lines.append(f"{head}, {how}")
            for promise in case.promises:
                head = words["promise"].format(invoice=case.invoice, day=say.day(file.day(promise.agreed_at)))
                parts = [
                    words["instalment"].format(
                        amount=self._money(each.amount, case),
                        day=say.day(each.due_on),
                        state=words["states"][each.state],
                    )
                    for each in promise.instalments
                ]
                lines.append(f"{head}{self._colon}{self._joint.join(parts)}")
        for text in lines or [words["none"]]:
            yield {"kind": "text", "text": one_line(text)}

    def _money(self, amount: Decimal, case: Any) -> str:
        return self._say.money(_whole(amount, case.balance.total), case.balance.currency)

    # ------------------------------------------------------------------ exhibits

    def _list(self, exhibits: Sequence[tuple[Exhibit, int | None]]) -> Iterator[Part]:
        words, say = self._words, self._say
        yield {"kind": "title", "text": words["list"]}
        rows = [
            [
                str(number),
                say.short_day(exhibit.dated),
                self.title_of(exhibit),
                words["apart"] if pages is None else str(pages),
                exhibit.sha256[:16] + "…",
            ]
            for number, (exhibit, pages) in enumerate(exhibits, start=1)
        ]
        if rows:
            yield {"kind": "table", "header": words["list_columns"], "rows": rows, "left": 3, "wide": 3}
        there = {exhibit.subject for exhibit, _ in exhibits if exhibit.kind == "invoice"}
        missing = [item.case.invoice for item in self._file.items if item.case.invoice not in there]
        if missing:
            yield {"kind": "text", "text": one_line(words["missing"].format(numbers=", ".join(missing)))}

    def _facts(self, exhibit: Exhibit) -> Iterator[Part]:
        words, say = self._words, self._say
        yield {"kind": "title", "text": self.title_of(exhibit)}
        if exhibit.evidence is None:
            return
        proof = exhibit.evidence.proof
        who = proof.to_address if not proof.to_name else f"{proof.to_name} <{proof.to_address}>"
        lines = [f"{words['to']}{self._colon}{who}"] if who else []
        if proof.from_address:
            lines.append(f"{words['from']}{self._colon}{proof.from_address}")
        if proof.status == "uncertain":
            lines.append(words["uncertain"])
        elif proof.sent_at is not None:
            lines.append(words["left"].format(at=f"{proof.sent_at:%Y-%m-%d %H:%M:%S}"))
        if proof.delivery:
            lines.append(
                words["delivery"].format(word=words["deliveries"].get(proof.delivery, proof.delivery))
            )
        if proof.provider_id:
            lines.append(words["provider"].format(id=proof.provider_id))
        for posting in proof.postings:
            told = [words["posting"].format(number=posting.number or posting.provider_letter or "?")]
            if posting.posted_on:
                told.append(words["deposited"].format(day=say.day(posting.posted_on)))
            if posting.outcome and posting.ended_on:
                word = words["outcomes"].get(posting.outcome, posting.outcome)
                told.append(words["ended"].format(word=word, day=say.day(posting.ended_on)))
            lines.append(", ".join(told))
        lines.append(words["hash"].format(hash=proof.content_hash_now))
        for line in lines:
            yield {"kind": "note", "text": one_line(line)}

    def _message(self, exhibit: Exhibit) -> Iterator[Part]:
        yield from self._facts(exhibit)
        text = exhibit.body.decode("utf-8", "replace").replace("\t", "    ")
        yield {"kind": "mono", "lines": [_printable(line) for line in text.splitlines()]}


def _lines(*texts: str | None) -> list[str]:
    return [one_line(line) for text in texts if text for line in text.splitlines()]


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)


def _whole(amount: Decimal, like: Decimal) -> Decimal:
    """An amount with the decimals of another one of its currency: the ledger keeps four."""
    return amount.quantize(like)
