"""Write a message: choose the language, fill the templates, refuse anything half said.

A message's prose lives once, in `templates/<locale>/<template>/words.txt`; plain text and HTML are laid
out from it by `templates/_layouts`, a letter's pages by :mod:`.letter`, so they cannot say different things.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from activities.rendering.call_view import call_history, call_promises, call_rows
from activities.rendering.context import Creditor, Message
from activities.rendering.formats import Formats, one_line, tidy, typeset_french
from activities.rendering.gsm7 import SmsText, sms_text
from activities.rendering.layout import html_paragraphs, text_paragraphs
from activities.rendering.letter import letter_pdf
from activities.rendering.view import (
    functions,
    line_notes,
    payment_rows,
    statement_text,
    sums_text,
    variables,
)
from models.errors import RelanceError
from rules.iban import hidden_ibans, printed_ibans

LOCALES: Final = ("fr", "en")
"""Languages with every template. English is what any other language falls back to."""

SMS_LIMIT: Final = 306
"""Places of the GSM 7-bit alphabet in two joined text messages."""

SMS_PARTS: Final = 2
"""Parts that a text message takes at most, in letters it can be spelled in."""

UCS2_PARTS: Final = 5
"""Parts at most where a name is in another script: a part holds 67 letters instead of 153."""

_FORMATTING: Final = frozenset({"format", "format_map"})
_FOLDER: Final = Path(__file__).parent / "templates"


class RenderError(RelanceError):
    """A message could not be written. The text names the template, the language and the cause."""

    def __init__(self, template: str, locale: str, cause: object) -> None:
        super().__init__(f"template {template!r} ({locale}): {cause}")
        self.template = template
        self.locale = locale


class Kind(StrEnum):
    """What a template makes."""

    EMAIL = "email"
    LETTER = "letter"
    SMS = "sms"
    CALL_SHEET = "call_sheet"
    INTERNAL = "internal"
    REPLY_COPY = "reply_copy"


@dataclass(frozen=True, slots=True)
class Template:
    """What a template is, and what it refuses to do without.

    :param statement: it shows the open items; `pay`: it says how to pay.
    :param needs: names in :class:`Message` that may not be None.
    :param due: it needs late items; `demands`: and a sum to ask for once credits are deducted.
    """

    kind: Kind
    statement: bool = True
    pay: bool = True
    needs: tuple[str, ...] = ()
    due: bool = False
    demands: bool = False


TEMPLATES: Final[Mapping[str, Template]] = {
    "account_statement": Template(Kind.EMAIL),
    "courteous_reminder": Template(Kind.EMAIL, due=True),
    "firm_reminder": Template(Kind.EMAIL, due=True, demands=True),
    "sms_reminder": Template(Kind.SMS, due=True, demands=True),
    "email_instead_of_sms": Template(Kind.EMAIL, due=True, demands=True),
    "statement_companion": Template(Kind.EMAIL),
    "formal_notice": Template(Kind.LETTER, needs=("deadline_days",), due=True, demands=True),
    "notice_copy": Template(Kind.EMAIL, needs=("deadline_days",), due=True, demands=True),
    "thank_you": Template(Kind.EMAIL, statement=False, pay=False),
    "phone_call": Template(Kind.CALL_SHEET, pay=False, due=True),
    "sales_rep_call_notice": Template(Kind.INTERNAL, pay=False, due=True),
    "hold_notice": Template(Kind.INTERNAL, pay=False, needs=("hold",)),
    "bank_details_change": Template(Kind.INTERNAL, statement=False, pay=False, needs=("change",)),
    "sales_rep_question": Template(Kind.INTERNAL, pay=False, needs=("question",)),
    "weekly_digest": Template(Kind.INTERNAL, statement=False, pay=False, needs=("digest",)),
    "reply_copy": Template(Kind.REPLY_COPY, statement=False, pay=False, needs=("reply",)),
}
"""Every message there is, by its name in a policy or in the code that sends it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it will be read.

    :param subject: one line; for a letter, its subject line.
    :param html: None when the message has plain text only.
    :param pdf: the pages to print, of a letter only.
    """

    subject: str
    text: str
    html: str | None
    pdf: bytes | None = field(default=None, repr=False)


def locale_for(language: str) -> str:
    """Return the locale whose templates a language gets: itself if it has some, else English.

    :param language: BCP 47 tag; only its primary part counts (`fr-BE` reads `fr`).
    """
    primary = language.replace("_", "-").split("-")[0].strip().lower()
    return primary if primary in LOCALES else "en"


def templates_for(locale: str) -> dict[str, tuple[str, ...]]:
    """Return the files of each message in a locale: which of `subject.txt`, `words.txt`, `sms.txt` exist.

    :param locale: one of :data:`LOCALES`.
    """
    return {
        name: tuple(sorted(path.name for path in (_FOLDER / locale / name).glob("*.txt")))
        for name in TEMPLATES
    }


def render(message: Message) -> Rendered:
    """Write an e-mail, a letter, or word to our own people.

    :raises RenderError: unknown template, one of another kind, facts it cannot do without, or a template
        that fails.
    """
    return _render(message, {Kind.EMAIL, Kind.LETTER, Kind.INTERNAL, Kind.REPLY_COPY})


def render_call_sheet(message: Message, *, language: str | None = None) -> Rendered:
    """Write what the collector reads before and during a call; what is said, in the debtor's language.

    :param language: of all the rest; by default that of the person to call.
    :raises RenderError: as :func:`render` does.
    """
    return _render(message, {Kind.CALL_SHEET}, language)


def render_sms(message: Message) -> SmsText:
    """Write a text message in two parts at most: 306 places of the GSM 7-bit alphabet.

    Details go first when room is short: the payment link, then the end of a long company name. With a name in
    another script it is written in UCS-2, and may take five parts.

    :raises RenderError: as :func:`render` does, or if it will not fit.
    """
    locale = locale_for(message.recipient.language)
    name = message.step_template
    _check(message, locale, {Kind.SMS})
    sms: SmsText | None = None
    for detail in (2, 1, 0):
        try:
            names = variables(tidy(message), Formats(locale)) | {"detail": detail}
            text = one_line(_environment(locale).get_template(f"{locale}/{name}/sms.txt").render(names))
            _refuse_foreign_ibans(message.creditor, text)
            sms = sms_text(text)
        except Exception as error:
            raise RenderError(name, locale, error) from error
        if sms.parts <= SMS_PARTS:
            return sms
    if sms is not None and sms.encoding == "ucs2" and sms.parts <= UCS2_PARTS:
        return sms
    raise RenderError(
        name, locale, f"the text takes {sms.parts if sms else 0} parts, {SMS_PARTS} are allowed"
    )


def _render(message: Message, kinds: set[Kind], language: str | None = None) -> Rendered:
    locale = locale_for(language or message.recipient.language)
    name = message.step_template
    template = _check(message, locale, kinds)
    layout = "message" if template.kind is Kind.EMAIL else template.kind.value
    # The signatory answers for a message even when its template breaks: whatever the engine raises,
    # the caller gets one error that names the template.
    try:
        environment = _environment(locale)
        names = _names(message, template, locale)
        text = environment.get_template(f"_layouts/{layout}.txt").render(names)
        html = environment.get_template(f"_layouts/{layout}.html").render(names)
        _refuse_foreign_ibans(message.creditor, names["subject"], text, re.sub(r"<[^<>]*>", "", html))
        pdf = letter_pdf(names, Formats(locale)) if template.kind is Kind.LETTER else None
    except Exception as error:
        raise RenderError(name, locale, error) from error
    return Rendered(names["subject"], _neat(text), html.strip() + "\n", pdf)


def _names(message: Message, template: Template, locale: str) -> dict[str, Any]:
    """What every layout of a message shares: its facts, its prose, its subject."""
    environment = _environment(locale)
    name = message.step_template
    facts, formats = tidy(message), Formats(locale)
    names = variables(facts, formats) | {
        "template": name,
        "options": template,
        "letter": template.kind is Kind.LETTER,
    }
    names["labels"] = environment.get_template(f"{locale}/_labels.txt").make_module(names)
    names["words"] = environment.get_template(f"{locale}/{name}/words.txt").make_module(names)
    if template.pay:
        names["payment"] = payment_rows(facts, names, names["labels"], formats)
    if template.kind is Kind.CALL_SHEET:
        names["call_facts"] = call_rows(facts, names["words"], formats)
        names["history"] = call_history(facts, names["words"], formats)
        names["promises"] = call_promises(facts, names["words"], formats)
        names["spoken"] = _spoken(facts)
        names["spoken_lang"] = locale_for(message.recipient.language)
    names["subject"] = one_line(environment.get_template(f"{locale}/{name}/subject.txt").render(names))
    return names


def _spoken(facts: Message) -> Any:
    """The words of a call sheet that are said to the debtor, in the debtor's own language."""
    locale = locale_for(facts.recipient.language)
    words = _environment(locale).get_template(f"{locale}/{facts.step_template}/words.txt")
    return words.make_module(variables(facts, Formats(locale)))


def _check(message: Message, locale: str, kinds: set[Kind]) -> Template:
    name = message.step_template
    template = TEMPLATES.get(name)
    if template is None:
        raise RenderError(name, locale, f"no such template; there are {', '.join(TEMPLATES)}")
    if template.kind not in kinds:
        raise RenderError(name, locale, f"it makes a {template.kind.value}, which was not asked for here")
    for needed in template.needs:
        if getattr(message, needed) is None:
            raise RenderError(name, locale, f"it cannot do without {needed}")
    if template.due and not any(section.due for section in message.sections):
        raise RenderError(name, locale, "no item is late")
    if template.demands and not any(section.asked for section in message.sections):
        raise RenderError(name, locale, "nothing is asked: credits cover what is late")
    return template


def _neat(text: str) -> str:
    """Trim line ends and keep at most one blank line between blocks."""
    out: list[str] = []
    for line in text.strip("\n").splitlines():
        stripped = line.rstrip(" \t")
        if stripped or (out and out[-1]):
            out.append(stripped)
    return "\n".join(out).rstrip("\n") + "\n"


def refuse_ibans(source: str, name: str) -> None:
    """Bank details come from the ledger, where two people look after them: no template holds any.

    :raises ValueError: the source shows an IBAN, in whatever disguise.
    """
    if hidden_ibans(source):
        raise ValueError(f"{name} holds an IBAN; it is to show the company's own")


def _refuse_foreign_ibans(creditor: Creditor, *parts: str | None) -> None:
    """Nobody is told to pay to another account than the company's, whatever a name or a reference holds."""
    own = re.sub(r"\s", "", creditor.iban).upper() if creditor.iban else None
    for part in filter(None, parts):
        if printed_ibans(part) - {own}:
            raise ValueError("it would show an IBAN that is not the company's")


class _TypesetLoader(BaseLoader):
    """Reads templates from the folder, with French typography applied to French sources."""

    def __init__(self) -> None:
        self._files = FileSystemLoader(_FOLDER)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:
        source, filename, uptodate = self._files.get_source(environment, template)
        refuse_ibans(source, template)
        return (typeset_french(source) if template.startswith("fr/") else source), filename, uptodate

    def list_templates(self) -> list[str]:
        return self._files.list_templates()


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, which asks once for each attribute of each type whether a template may read it.

    It looks at nothing else of an object, and a message reads a hundred attributes. The formatting methods of
    texts are the exception: the sandbox gives out its own in their stead, each time.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._plain: set[tuple[type, str]] = set()

    def getattr(self, obj: Any, attribute: str) -> Any:
        if (type(obj), attribute) in self._plain:
            # What one object of its type has, another may still lack: then Jinja says what it is instead.
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        value = super().getattr(obj, attribute)
        if attribute not in _FORMATTING and value is getattr(obj, attribute, self):
            self._plain.add((type(obj), attribute))
        return value

    def call(self, context: Context, called: Any, *args: Any, **options: Any) -> Any:
        if type(called) is not Macro:
            return super().call(context, called, *args, **options)
        # A macro is a template's own: it is safe, and known to want how it is called to escape.
        options.pop("_block_vars", None)
        options.pop("_loop_vars", None)
        return called(context.eval_ctx, *args, **options)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        # Set once, before any template is loaded: a chain of mappings would be walked for each template.
        return {**self.globals, **(d or {})}


@lru_cache(maxsize=len(LOCALES))
def _environment(locale: str) -> Environment:
    formats = Formats(locale)
    environment = _Sandbox(
        loader=_TypesetLoader(),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(functions(formats))
    environment.globals["statement_text"] = partial(statement_text, formats=formats)
    environment.globals["sums_text"] = partial(sums_text, formats=formats)
    environment.globals["line_notes"] = partial(line_notes, formats=formats)
    environment.filters["text_paragraphs"] = text_paragraphs
    environment.filters["html_paragraphs"] = html_paragraphs
    return environment
