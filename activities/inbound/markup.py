"""HTML of a mail as plain text. Nothing of it is ever shown as HTML.

Written for what strangers send: one pass, no backtracking, whatever is left open.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from activities.inbound.charsets import clean

MAX_HTML: Final = 1024 * 1024
"""Characters read of an HTML part; what a person writes takes a hundredth of it."""

QUOTE: Final = "\ue03a"
"""A line of its own where a mail program's mark says that the quoted mail begins."""

_SKIPPED: Final = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "object", "svg", "math"}
)
_BLOCKS: Final = frozenset(
    {
        "p",
        "div",
        "table",
        "tr",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "section",
        "article",
        "header",
        "footer",
    }
    | {"h1", "h2", "h3", "h4", "h5", "h6", "hr", "address", "form", "dl", "dt", "dd", "center"}
)
_APART: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table"})
# What Gmail, Outlook (new and old), Apple Mail, Thunderbird, Yahoo and Proton put around the mail answered.
_QUOTE_MARKS: Final = re.compile(
    r"gmail_quote|gmail_attr|divrplyfwdmsg|appendonsend|mail-editor-reference-message-container|olk_src_body_section"
    r"|moz-cite-prefix|yahoo_quoted|protonmail_quote|zmail_extra|type\s*=\s*[\"']?cite|x_gmail_quote"
)
# "3 < 5" is text.
_TAG: Final = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME: Final = re.compile(r"/?[a-zA-Z][a-zA-Z0-9]*")
_HREF: Final = re.compile(
    r"href\s*=\s*(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|([^\s>\"']{1,2000}))", re.IGNORECASE
)
_END_OF: Final = {tag: re.compile(rf"</{tag}\b", re.IGNORECASE) for tag in _SKIPPED}
_TAG_CHARS: Final = 4000


def html_text(html: str) -> str:
    """The text of an HTML part: paragraphs apart, links with their address, `QUOTE` before a quoted mail."""
    source = html[:MAX_HTML]
    out = _Text()
    place, end = 0, len(source)
    # Where the next ">" stands: looked for once, however many "<" come before it.
    closing = -1
    while place < end:
        opens = _TAG.search(source, place)
        if opens is None:
            out.words(source[place:])
            break
        opened = opens.start()
        out.words(source[place:opened])
        name = _NAME.match(source, opened + 1)
        if source.startswith("<!--", opened):
            ends = source.find("-->", opened + 4)
            place = end if ends < 0 else ends + 3
            continue
        if closing < opened:
            closing = source.find(">", opened)
        if closing < 0:
            # Never closed: what is left is no tag.
            out.words(source[opened:])
            break
        inside = source[opened + 1 : min(closing, opened + 1 + _TAG_CHARS)]
        place = closing + 1
        tag = name.group().lower() if name else ""
        if tag in _SKIPPED and not inside.endswith("/"):
            closes = _END_OF[tag].search(source, place)
            place = end if closes is None else closes.start()
        elif tag:
            out.tag(tag, inside)
    return out.done()


class _Text:
    """The text as it is put together."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._pre = 0

    def words(self, raw: str) -> None:
        if not raw:
            return
        text = unescape(raw) if "&" in raw else raw
        self._parts.append(text if self._pre else re.sub(r"[ \t\r\n\f]+", " ", text))

    def tag(self, tag: str, inside: str) -> None:
        closes, bare = tag.startswith("/"), tag.lstrip("/")
        if bare == "a":
            self._link(closes, inside)
        elif bare == "br":
            self._parts.append("\n")
        elif bare in {"td", "th"}:
            self._parts.append("" if closes else "\t")
        elif bare == "pre":
            self._pre = max(0, self._pre + (-1 if closes else 1))
        if bare in _BLOCKS:
            self._parts.append("\n\n" if bare in _APART else "\n")
            if bare == "li" and not closes:
                self._parts.append("- ")
        if not closes and len(inside) > 4 and _QUOTE_MARKS.search(inside.lower()):
            self._parts.append(f"\n{QUOTE}\n")

    def _link(self, closes: bool, inside: str) -> None:
        if not closes:
            found = _HREF.search(inside)
            href = next((group for group in found.groups() if group), "") if found else ""
            if len(self._links) < 50:
                self._links.append((unescape(href).strip(), len(self._parts)))
            return
        if not self._links:
            return
        href, since = self._links.pop()
        shown = "".join(self._parts[since:]).strip()
        # Where a link leads is said wherever it does not say so itself: what it shows may be a lie.
        if href.lower().startswith(("http://", "https://")) and href.rstrip("/") != shown.rstrip("/"):
            self._parts.append(f" <{href[:500]}>")

    def done(self) -> str:
        text = clean("".join(self._parts)).replace("\xa0", " ")
        lines = [" ".join(line.split(" ")).strip(" ") if line.strip() else "" for line in text.split("\n")]
        out: list[str] = []
        for line in lines:
            tidy = re.sub(r" {2,}", " ", line.replace(" \t", "\t").strip())
            if tidy or (out and out[-1]):
                out.append(tidy)
        return "\n".join(out).strip("\n")
