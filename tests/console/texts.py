"""What the sources write into the ledger in English, collected from them, with a sample in each place."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final, Literal, TypeAlias

ROOT: Final = Path(__file__).parents[2]

_ENGLISH: Final = re.compile(
    r"\b(the|is|are|was|were|has|had|have|not|and|of|for|with|until|after|before|waits?|would|will|been|does|"
    r"said|days?|day|moved|address|paid|call|by|customer|invoice|letter|from)\b"
)
_DATA: Final = re.compile(r"«[^»]*»|\bRELANCE_SENDING=\w+|Ada|Acme|F-1")


def plain(text: str) -> str:
    """With plain spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def english_left(text: str) -> list[str]:
    """English words in a French text, data left out."""
    return _ENGLISH.findall(_DATA.sub("", text))


SAMPLES: Final = {
    # Whatever the sources put into a text, by how they write it.
    "how": "the provider told of it",
    "before": "withheld",
    "self._settings.sending.value": "off",
    "line.booked_on": "2026-03-10",
    "line.return_reason": "AC04",
    "until": "2026-03-10",
    "', '.join(sorted(changed))": "country, name",
    "task.assignee_email or who": "Ada",
    "task.assignee_email": "Ada",
    "task.step": "reminder_2",
    "VETO_DAYS": "10",
    "action.day": "2026-03-10",
    "action.step.key": "reminder_2",
    "fact.until": "2026-03-10",
    "day": "2026-03-10",
    "who": "Ada",
    "meant": "Ada",
    "outcome": "promise",
    "fact.by or at.who": "Ada",
    "fact.note": "Acme",
    "fact.reason": "write_off",
    "was": "paid in full",
    "APPROVAL_BUSINESS_DAYS": "10",
    "document.syntax": "UBL",
    "document.type_code": "380",
    "told.code": "207",
    "name": "disputed",
    "credited": "10.00",
    "at.invoice.currency": "EUR",
    "channel.value": "email",
    "contact.route.channel.value": "email",
    "self._loaded.row.name": "Acme",
    "_WAYS[delivery]": "it was turned away",
    "code": " (5.7.1)",
    "tries": "3",
    "numbers": "F-1, F-2",
    "task.title": "Appel",
    "invoice.number": "F-1",
    "at.invoice.number": "F-1",
    "loaded.invoice.number": "F-1",
    "at.row.invoice": "F-1",
    "row.invoice": "F-1",
    "customer.name": "Acme",
    "at.customer.name": "Acme",
    "self.customer.name": "Acme",
    "loaded.row.name": "Acme",
    "company.name": "Acme",
    "self.whom": "Acme",
    "at.whom": "Acme",
    "line.amount": "1,234.50",
    "line.currency": "EUR",
    "row.amount": "1,234.50",
    "row.currency": "EUR",
    "row.booked_on": "2026-03-10",
    "f' from {customer.name}' if customer else ''": " from Acme",
    "missing.series.full_name": "the ECB's main refinancing rate",
    "half": "2026-1",
    "company.bank_known_until": "2026-03-10",
    "_TITLES[request.kind]": "A promise was not kept",
    "_BY[Channel(reply.channel)]": "e-mail",
    "what": "100.00 EUR",
    "cause": "price",
    "-rest": "10.00",
    "contact.step.key": "formal_notice",
    "picked": "strict",
    "self.message.kind": "thank_you",
    "message.kind": "courteous_reminder",
    "outcome.reason": "no sender is configured for SMS: not offered",
    "why": "the address does not exist",
    "result.why": "it names F-1",
    "error": "Acme",
    # Of `rules.matching`, why a payment is believed to be of an invoice.
    "paid": "F-1",
    "reason": "it names F-1",
    "doubt": "the payer is somebody else's",
    "'they owe' if len(owing) > 1 else 'it owes'": "they owe",
    "less[0].why": "charges of banks",
    "owing[0].owed": "1,200.00",
    "strangers[0]": "F-1",
    "'; '.join(speaks)": "the text has its reference",
    "item.customer_name": "Acme",
    "size": "2",
    "line.amount - total": "10.00",
    "total - line.amount": "10.00",
    # Of the bodies of tasks.
    "', '.join((*contact.invoices, *contact.also))": "F-1, F-2",
    "', '.join(sorted({case.policy_name for case in cases}))": "standard@1",
    "address": "a@b.example",
    "at.row.disputed_on": "2026-03-10",
    "at.today": "2026-03-10",
    "decision.balance.outstanding": "10.00",
    "kept": "Acme",
    "loaded.invoice.currency": "EUR",
    "message.id": "F-1",
    "missing": "the ECB's main refinancing rate for the first half of 2026 is not known (series ecb)",
    "missing.series": "ecb",
    "opened_on": "2026-03-10",
    "posting.outcome": "unclaimed",
    "posting.posted_on": "2026-03-10",
    "posting.received_on": "2026-03-10",
    "posting.tracking_number": "RK 1",
    "request.why": "call of 2026-03-10 not made",
    "row.content_id": "F-1",
    "row.product": "Acme",
    "self.message.to_address": "a@b.example",
    "task.assignee_email or 'nobody yet'": "Ada",
    "task.body": "To: Acme.",
    "task.due_on": "2026-03-10",
    "today": "2026-03-10",
    "wrong.phone": "+33 1",
}

_SAMPLES_AT: Final = {("calls.py", "how"): "in writing"}
"""Where one name means something else."""

_FOLDERS: Final = ("activities", "admin/intake", "admin/portfolio")
# Where a call has its reason, counted from 0, for those that do not name it.
_WHY_AT: Final = {
    "withdraw_contact": 3,
    "withdraw_planned": 3,
    "withdraw_unposted": 3,
    "take_back": 2,
    "unconclude": 2,
    "recall_letter": 2,
    "close_task": 2,
    "compose_again": 3,
    "_compose_again": 2,
    "answer_searches": 4,
    "_withdraw_overdue": 3,
    "_withdraw": 1,
    "mark_phone_invalid": 3,
    "mark_contact_invalid": 3,
    "tell_of_copy": 0,
    "log": 1,
    "NoAddress": 0,
}
_WHY_NAMES: Final = ("why", "reason", "error", "resolution", "outcome")
_TITLE_AT: Final = {"ask": 2, "task": 5}
_BODY_AT: Final = {"ask": 3, "task": 6}
_NO_REASON: Final = {
    # Outcomes and reasons of bank files, never a case's.
    "the sum of its batch is booked already",
    "its parts are lines of their own",
}
# What is wrong with a file, and a report of a take-over: neither is kept in the ledger.
_ELSEWHERE: Final = (
    "cutover_lines.py",
    "inbox.py",
    "lines.py",
    "logs.py",
    "parser.py",
    "plan.py",
    "reader.py",
    "watch.py",
)


What: TypeAlias = Literal["why", "title", "body"]


def texts_of(what: What) -> Sequence[str]:
    """Every reason, title or body that the sources write, with samples in their places."""
    return _texts()[what]


@cache
def _texts() -> Mapping[What, Sequence[str]]:
    """All of them at once: reading the sources takes longest."""
    found: dict[What, list[str]] = {"why": [], "title": [], "body": []}
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name in _ELSEWHERE:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Assign | ast.Call):
                    continue
                for what, texts in found.items():
                    for written in _written(node, what):
                        for text in _filled(written, path):
                            if " " in text.strip() and text not in _NO_REASON:
                                texts.append(text)
    return found


def _written(node: ast.Assign | ast.Call, what: What) -> Iterator[ast.expr]:
    names, places = {
        "why": (_WHY_NAMES, _WHY_AT),
        "title": (("title",), _TITLE_AT),
        "body": (("body",), _BODY_AT),
    }[what]
    if isinstance(node, ast.Assign):
        if _name(node.targets[0]) in names:
            yield node.value
    else:
        called = _name(node.func)
        if what == "title" and called == "Table":
            return
        yield from (word.value for word in node.keywords if word.arg in names)
        place = places.get(called)
        if place is not None and len(node.args) > place:
            yield node.args[place]


def _name(node: ast.expr) -> str:
    """What a variable, an attribute or a function is called."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def texts_of_matching() -> Iterator[str]:
    """Why a payment may be of an invoice, as `rules.matching.propose` says it."""
    path = ROOT / "rules/matching/propose.py"
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        skipped = {
            id(inside)
            for node in ast.walk(function)
            if isinstance(node, ast.JoinedStr | ast.Expr)
            for inside in ast.walk(node)
            if inside is not node
        }
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in skipped and _says(node):
                yield from _filled(node, path)


def _says(node: ast.AST) -> bool:
    """Whether it holds words of its own, not only values or one word."""
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value.strip("; ")
        for part in ast.walk(node)
    )


def _filled(node: ast.expr, path: Path) -> Iterator[str]:
    """The texts an expression makes; none where it makes none of its own."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _filled(node.body, path)
        yield from _filled(node.orelse, path)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        ends = (_filled(node.left, path), _filled(node.right, path))
        yield from ("".join(pair) for pair in product(*map(list, ends)))
    elif isinstance(node, ast.Subscript):
        # Cut to the column's width.
        yield from _filled(node.value, path)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else _sample(part, path) for part in node.values
        )


def _sample(part: ast.expr, path: Path) -> str:
    assert isinstance(part, ast.FormattedValue)
    name = ast.unparse(part.value)
    if (path.name, name) in _SAMPLES_AT:
        return _SAMPLES_AT[path.name, name]
    assert name in SAMPLES, f"{path}: no sample for {{{name}}}: add one to SAMPLES in tests/console/texts.py"
    return SAMPLES[name]


def filled(node: ast.expr, sample: Callable[[str], str]) -> list[str]:
    """The text of a constant or an f-string, with what `sample` gives for each place, `!r` in its name."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if not isinstance(node, ast.JoinedStr):
        return []
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            name = ast.unparse(part.value) + ("!r" if part.conversion == ord("r") else "")
            parts.append(sample(name))
        else:
            parts.append(str(part.value) if isinstance(part, ast.Constant) else "")
    return ["".join(parts)]
