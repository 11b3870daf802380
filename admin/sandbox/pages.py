"""The inbox: what a person sees of the messages, served without anything from another host."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from babel.dates import format_date, format_datetime, format_time
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from admin.sandbox import mail_html
from admin.sandbox.desk import Desk
from admin.sandbox.models import Channel, SandboxMessage
from admin.sandbox.segments import segment
from admin.sandbox.store import MessageFilter
from admin.sandbox.texts import TEXTS, choose_language, plural

PAGE_SIZE = 60
_HERE = Path(__file__).parent
_FILTERS = ("q", "channel", "outcome", "to", "customer", "company", "communication", "before")
_VIEWS = ("html", "text", "headers", "raw")
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}

_environment = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def install(app: FastAPI, desk: Desk) -> None:
    """Add the inbox and its files to the application."""
    app.include_router(router(desk))
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")


def router(desk: Desk) -> APIRouter:
    """The pages, and the parts of a message that a page shows."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    def inbox(request: Request) -> Response:
        return _page(request, desk, None)

    @routes.get("/messages/{message_id}")
    def open_message(request: Request, message_id: int) -> Response:
        return _page(request, desk, message_id)

    @routes.get("/messages/{message_id}/html")
    def message_html(message_id: int) -> Response:
        message = desk.store.get(message_id)
        if message is None or message.html is None:
            return PlainTextResponse("no HTML here", 404, headers=_SAFE)
        inline = {
            item.content_id: (item.content_type, found[1])
            for item in message.attachments
            if item.content_id and (found := desk.store.attachment(message_id, item.position))
        }
        headers = {**_SAFE, "Content-Security-Policy": mail_html.POLICY}
        return HTMLResponse(mail_html.prepare(message.html, inline), headers=headers)

    @routes.get("/messages/{message_id}/attachments/{position}")
    def download(message_id: int, position: int) -> Response:
        found = desk.store.attachment(message_id, position)
        if found is None:
            return PlainTextResponse("no such attachment", 404, headers=_SAFE)
        attachment, content = found
        name = quote(attachment.filename, safe="")
        headers = {
            **_SAFE,
            # Whatever the file is, it is saved and never run on this page's origin.
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        kind = attachment.content_type
        known = kind if kind.isascii() and "/" in kind and kind.isprintable() else "application/octet-stream"
        return Response(content, media_type=known, headers=headers)

    return routes


def _page(request: Request, desk: Desk, message_id: int | None) -> Response:
    query = {key: value for key in _FILTERS if (value := request.query_params.get(key, "").strip())}
    language = choose_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))
    # The language travels in the links only when it was asked for; otherwise the browser says it each time.
    kept = {"lang": language} if request.query_params.get("lang") in TEXTS else {}
    view = request.query_params.get("view", "html")

    def link(path: str, **changes: str | int | None) -> str:
        parts = {**query, **kept, **changes}
        encoded = urlencode({key: value for key, value in parts.items() if value not in (None, "")})
        return f"{path}?{encoded}" if encoded else path

    wanted = _wanted(query)
    found = desk.store.find(wanted, newest_first=True, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    message = desk.store.get(message_id) if message_id is not None else None
    missing = message_id is not None and message is None
    html = _environment.get_template("inbox.html").render(
        t=TEXTS[language],
        lang=language,
        other_language=next(code for code in TEXTS if code != language),
        asked_language=kept.get("lang"),
        plural=lambda key, n: plural(TEXTS[language], key, n),
        link=link,
        query=query,
        narrowed=[key for key in ("to", "customer", "company", "communication") if key in query],
        filtered=any(key != "before" for key in query),
        messages=shown,
        total=desk.store.count(wanted),
        latest=desk.store.counts().latest,
        older=shown[-1].id if len(found) > PAGE_SIZE else None,
        faults=desk.faults.rules(),
        message=message,
        missing=missing,
        view=view if view in _VIEWS else "html",
        cost=segment(message.text or "") if message and message.channel is Channel.SMS else None,
        short_time=lambda item: _short_time(item, language),
        long_time=lambda item: format_datetime(
            item.received_at.astimezone(), "EEEE d MMMM y, HH:mm:ss", locale=language
        ),
        size=lambda count: _size(count, language),
        raw_body=_raw_body,
        initials=_initials,
        hue=_hue,
        visible=_visible,
    )
    headers = {**_SAFE, "Content-Security-Policy": _PAGE_POLICY}
    return HTMLResponse(html, 404 if missing else 200, headers=headers)


def _wanted(query: Mapping[str, str]) -> MessageFilter:
    channel, before = query.get("channel"), query.get("before", "")
    return MessageFilter(
        channel=Channel(channel) if channel in tuple(Channel) else None,
        text=query.get("q"),
        to=query.get("to"),
        customer=query.get("customer"),
        company=query.get("company"),
        communication=query.get("communication"),
        accepted={"accepted": True, "refused": False}.get(query.get("outcome", "")),
        before_id=int(before) if before.isdecimal() else None,
    )


def _short_time(message: SandboxMessage, language: str) -> str:
    at = message.received_at.astimezone()
    # A list of one day's messages reads better by the hour; older ones by the day.
    if at.date() == at.now(at.tzinfo).date():
        return str(format_time(at, "HH:mm", locale=language))
    return str(format_date(at, "d MMM", locale=language))


def _size(count: int, language: str) -> str:
    unit = TEXTS[language]["bytes"]
    value, prefixes = float(count), ["", "k", "M"]
    while value >= 1000 and len(prefixes) > 1:
        value, prefixes = value / 1000, prefixes[1:]
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number.replace('.', ',') if language == 'fr' else number}\u00a0{prefixes[0]}{unit}"


def _raw_body(message: SandboxMessage) -> str:
    """The request's body, set out for reading; contents of attachments are named instead of shown."""
    body = message.raw.body if message.raw else ""
    try:
        decoded: Any = json.loads(body)
    except ValueError:
        return body.replace("&", "\n&")
    if isinstance(decoded, dict) and isinstance(decoded.get("attachments"), list):
        for attachment in decoded["attachments"]:
            if isinstance(attachment, dict) and isinstance(attachment.get("content"), str):
                attachment["content"] = f"({len(attachment['content'])} characters of base64)"
    return json.dumps(decoded, ensure_ascii=False, indent=2)


def _initials(name: str) -> str:
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def _visible(char: str) -> str:
    """A character a person can see: itself, or its code point when it is a space or a control."""
    return f"U+{ord(char):04X}" if char.isspace() or not char.isprintable() else char


def _hue(name: str) -> int:
    """One of eight colours, the same each time for the same name."""
    return sum(name.encode()) % 8
