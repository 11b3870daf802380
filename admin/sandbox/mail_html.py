"""An e-mail's HTML made fit for a frame: nothing runs, nothing comes from elsewhere, links open outside."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from urllib.parse import unquote

POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'self';"
    " sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_BASE = '<base target="_blank">'
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_HTML = re.compile(r"<html\b[^>]*>", re.IGNORECASE)
_CID = re.compile(r"""(?P<quote>["'(])cid:(?P<id>[^"')]+)""", re.IGNORECASE)


def prepare(source: str, inline: Mapping[str, tuple[str, bytes]]) -> str:
    """The HTML with its ``cid:`` pictures put in place and its links opening in a new tab.

    ``inline`` maps a content id to its type and bytes. The policy that forbids scripts and requests is
    ``POLICY``, and must be sent as a header: the HTML itself is otherwise left as its reader gets it.
    """

    def picture(match: re.Match[str]) -> str:
        found = inline.get(html.unescape(unquote(match["id"])))
        if found is None:
            return match[0]
        kind, content = found
        return f"{match['quote']}data:{html.escape(kind)};base64,{base64.b64encode(content).decode()}"

    page = _CID.sub(picture, source)
    head = _HEAD.search(page) or _HTML.search(page)
    at = head.end() if head else 0
    return f"{page[:at]}{_BASE}{page[at:]}"
