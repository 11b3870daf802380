"""The newest part of a mail, apart from its signature and from the mail it answers.

Mail programs mark what they quote in as many ways as there are programs and languages. A wrong guess folds a
few lines too many or too few; nothing is lost by it, for the whole text is kept and shown on demand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from activities.inbound.markup import QUOTE

_LOOK: Final = 4000
"""Lines looked at: what comes after them is not the newest part of anything."""

_LINE: Final = 1000
"""Characters looked at of one line."""


@dataclass(frozen=True, slots=True)
class Split:
    """A mail's text in three: what is new in it, the signature under that, and what it quotes."""

    new: str
    signature: str = ""
    quoted: str = ""


# A line that by itself says that the answered mail follows.
_RULE: Final = re.compile(
    r"""^[\s>*_]*-{2,}\s*(?:
        original\ message | message\ d[’']origine | message\ (?:original|initial|transf[ée]r[ée]|transmis)
        | forwarded\ (?:by|message)\b.* | reply\ message | e-?mail\ d[’']origine
        | urspr(?:ü|ue)ngliche\ (?:nachricht|e-?mail) | weitergeleitete\ nachricht
        | mensaje\ original | messaggio\ originale | oorspronkelijk\ bericht | mensagem\ original
    )\s*-{2,}[\s*_]*$""",
    re.IGNORECASE | re.VERBOSE,
)
# "On Mon, 9 Mar 2026 at 10:12, Claire <claire@acme.example> wrote:", on one line or several.
_ATTRIBUTION: Final = re.compile(
    r"""^[\s*_]*(?:
        le\ .{4,300}?(?:a\ [ée]crit|écrivait) | on\ .{4,300}?\ wrote | el\ .{4,300}?escribi[óo]
        | am\ .{4,300}?schrieb(?:\ .{1,200})? | il\ .{4,300}?ha\ scritto | op\ .{4,300}?schreef(?:\ .{1,200})?
        | em\ .{4,300}?escreveu | .{3,200}?(?:\ a\ [ée]crit|\ wrote|\ schrieb)(?:\ le\ .{4,80})?
    )\s?:[\s*_]*$""",
    re.IGNORECASE | re.VERBOSE,
)
_ATTRIBUTION_BEGINS: Final = re.compile(r"^[\s*_]*(?:le|on|el|am|il|op|em)\s.*\d", re.IGNORECASE)
# Outlook's block: "De : …", "Envoyé : …", "À : …", "Objet : …".
_FROM: Final = re.compile(r"^[\s*_]*(?:de|from|von|da|van|expéditeur)[*_]?\s?:[*_]?\s*\S", re.IGNORECASE)
_SENT: Final = re.compile(
    r"^[\s*_]*(?:envoyé(?:\ le)?|sent|gesendet|date|datum|enviado(?:\ el)?|inviato|data|verzonden)[*_]?\s?:",
    re.IGNORECASE,
)
_TO: Final = re.compile(
    r"^[\s*_]*(?:à|a|to|an|para|aan|cc|objet|subject|betreff|asunto|oggetto|onderwerp)[*_]?\s?:",
    re.IGNORECASE,
)
_SIGNED: Final = re.compile(
    r"""^(?:--\ ?$ | —$
        | (?:envoyé|envoye)\ (?:de|depuis|à\ partir|via)\b.{0,80}$ | sent\ (?:from|via)\ .{0,80}$
        | (?:obtenir|télécharger)\ outlook\ (?:pour|for)\b.{0,80}$ | get\ outlook\ for\b.{0,80}$
        | (?:gesendet|von\ meinem)\ .{0,80}(?:gesendet|iphone|ipad|android|mobil\S*|outlook).{0,40}$
        | enviado\ desde\ .{0,80}$ | inviato\ da(?:l|\ )\ ?.{0,80}$ | verstuurd\ vanaf\ .{0,80}$
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def split(text: str) -> Split:
    """Part a mail's text. Everything is new where nothing else would be left.

    Args:
        text: plain text with plain line ends; `QUOTE` lines where HTML said that a quotation begins.
    """
    lines = text.split("\n")
    looked = [line[:_LINE] for line in lines[:_LOOK]]
    begins, resumes = _quotation(looked)
    if begins and begins < len(lines):
        begins -= _drawn(lines, begins)
    above, quoted = lines[:begins], lines[begins:]
    if resumes:
        # Answers under the quotation; or between its lines, which then are what they answer.
        under = quoted[resumes:]
        between = any(line.lstrip().startswith(">") for line in under)
        above, quoted = (lines, []) if between else ([*above, *under], quoted[:resumes])
    signed = _signature(above)
    new, signature = _neat(above[:signed]), _neat(above[signed:])
    if not new:
        return Split(new=_neat(lines)) if not signature else Split(signature, quoted=_neat(quoted))
    return Split(new, signature, _neat(quoted))


def unmarked(text: str) -> str:
    """A mail's whole text, as tidy as its parts, without the marks at which HTML began a quotation."""
    return _neat(text.split("\n"))


def _quotation(lines: list[str]) -> tuple[int, int]:
    """The line at which the quoted mail begins, and how many lines further new text resumes (0: never)."""
    for place, line in enumerate(lines):
        if line == QUOTE or _RULE.match(line) or _is_block(lines, place):
            return place, 0
        length = _attribution(lines, place)
        if length:
            return place, _resumes(lines, place + length, place)
        if line.startswith(">") and _mostly_quoted(lines, place):
            return place, _resumes(lines, place, place)
    return len(lines), 0


def _drawn(lines: list[str], begins: int) -> int:
    """How many lines above a quotation are the line that Outlook draws there."""
    for above in (1, 2):
        if above <= begins and set(lines[begins - above].strip()) in ({"_"}, {"-"}):
            return above
        if above > begins or lines[begins - above].strip():
            return 0
    return 0


def _attribution(lines: list[str], place: int) -> int:
    """How many lines the words above a quotation take, from `place`; 0 when there are none."""
    line = lines[place].strip()
    if not line or len(line) > 400:
        return 0
    if line.endswith(":") and _ATTRIBUTION.match(line):
        return 1
    if not _ATTRIBUTION_BEGINS.match(line):
        return 0
    for more in (2, 3, 4):
        part = [each.strip() for each in lines[place : place + more]]
        if len(part) < more or not part[-1]:
            return 0
        if part[-1].endswith(":") and _ATTRIBUTION.match(" ".join(part)[:400]):
            return more
    return 0


def _is_block(lines: list[str], place: int) -> bool:
    """Whether the headers of a quoted mail stand here: who, and within a few lines when and to whom."""
    if not _FROM.match(lines[place]):
        return False
    following = [line for line in lines[place + 1 : place + 8] if line.strip()][:5]
    return any(_SENT.match(line) for line in following) and any(_TO.match(line) for line in following)


def _mostly_quoted(lines: list[str], place: int) -> bool:
    """Whether a quotation without words above it begins: two such lines, or nothing else left."""
    following = [line for line in lines[place : place + 3] if line.strip()]
    return all(line.startswith(">") for line in following[:2])


def _resumes(lines: list[str], place: int, begins: int) -> int:
    """How far after `begins` unquoted text comes again, where the quotation is marked line by line."""
    quoted = False
    for at in range(place, len(lines)):
        line = lines[at]
        if not line.strip():
            continue
        if line.lstrip().startswith(">"):
            quoted = True
        elif quoted:
            return 0 if _SIGNED.match(line.strip()) else at - begins
        else:
            return 0
    return 0


def _signature(lines: list[str]) -> int:
    """The line at which the signature begins, among the new ones."""
    for place, line in enumerate(lines[:_LOOK]):
        if _SIGNED.match(line[:_LINE].strip() if line.strip() != "--" else "-- "):
            return place
    return len(lines)


def _neat(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines if line != QUOTE).strip("\n").strip()
