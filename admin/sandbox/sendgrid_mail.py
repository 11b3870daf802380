"""SendGrid's mail/send body: checked as the real service checks it, then read into messages.

Limits, order of contents and messages: SendGrid's v3 Mail Send documentation, "Errors".
"""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from admin.sandbox.desk import Draft
from admin.sandbox.models import Address, Attachment, Channel, Provider, SandboxMessage

MAX_BYTES = 30 * 1024 * 1024
MAX_RECIPIENTS = 1000
MAX_CUSTOM_ARGS = 10_000
HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]]{1,64}@(?!-)[^\s@<>,;:\"()\[\]]+\.[^\s@<>,;:\"()\[\].]{2,}")

_TO = "The to array is required for all personalization objects, and must have at least one email object."
_UNIQUE = (
    "Each email address in the personalization block should be unique between to, cc, and bcc. We found the"
    " first duplicate instance of [{address}] in the {field} field."
)
_FROM = (
    "The from object must be provided for every email send. It is an object that requires the email"
    ' parameter, but may also contain a name parameter.  e.g. {"email" : "example@example.com"}  or'
    ' {"email" : "example@example.com", "name" : "Example Recipient"}.'
)
_SUBJECT = (
    "The subject is required. You can get around this requirement if you use a template with a subject"
    " defined or if every personalization has a subject defined."
)
_CONTENT = (
    "Unless a valid template_id is provided, the content parameter is required. There must be at least one"
    " defined content block. We typically suggest both text/plain and text/html blocks are included, but only"
    " one block is required."
)
_ORDER = (
    "Following RFC 1341, section 7.2, if either text/html or text/plain are to be sent in your email:"
    " text/plain needs to be first, followed by text/html, followed by any other content."
)

Problem = dict[str, str | None]


def problem(message: str, field: str | None = None, anchor: str | None = None) -> Problem:
    """One entry of SendGrid's ``errors`` array."""
    return {"message": message, "field": field, "help": f"{HELP}#message.{anchor}" if anchor else None}


def _wrong_type(expected: str, given: Any, where: str) -> Problem:
    return problem(f"Invalid type. Expected: {expected}, given: {_kind(given)}.", where)


def check(body: Any) -> list[Problem]:
    """What the service would refuse in a decoded body; nothing when the mail can go."""
    if not isinstance(body, dict):
        return [problem("Bad Request")]
    return [
        *_check_people(body),
        *_check_content(body),
        *_check_attachments(body.get("attachments", [])),
        *_check_args(body),
    ]


def _check_people(body: dict[str, Any]) -> Iterator[Problem]:
    if "from" not in body or not isinstance(body["from"], dict) or not body["from"].get("email"):
        yield problem(_FROM, "from.email", "from")
    else:
        yield from _check_address(body["from"], "from", "from")
    if "reply_to" in body:
        yield from _check_address(body["reply_to"], "reply_to", "reply_to")
    groups = body.get("personalizations")
    if not isinstance(groups, list) or not groups:
        message = "The personalizations field is required and must have at least one personalization."
        yield problem(message, "personalizations", "personalizations")
        return
    total = 0
    for index, group in enumerate(groups):
        where = f"personalizations.{index}"
        if not isinstance(group, dict) or not isinstance(group.get("to"), list) or not group["to"]:
            yield problem(_TO, f"{where}.to", "personalizations.to")
            continue
        seen: set[str] = set()
        for kind in ("to", "cc", "bcc"):
            people = group.get(kind, [])
            if not isinstance(people, list):
                yield _wrong_type("array", people, f"{where}.{kind}")
                continue
            total += len(people)
            for place, person in enumerate(people):
                yield from _check_address(person, f"{where}.{kind}.{place}", f"personalizations.{kind}")
                address = str(person.get("email", "")).casefold() if isinstance(person, dict) else ""
                if address and address in seen:
                    yield problem(
                        _UNIQUE.format(address=address, field=f"{where}.{kind}"), where, "personalizations"
                    )
                seen.add(address)
    if total > MAX_RECIPIENTS:
        yield problem(
            "There is a limit of 1000 total recipients (to + cc + bcc) per request.",
            "personalizations",
            "personalizations",
        )


def _check_address(person: Any, where: str, anchor: str) -> Iterator[Problem]:
    if not isinstance(person, dict):
        yield _wrong_type("object", person, where)
    elif not isinstance(person.get("email"), str) or not _ADDRESS.fullmatch(person["email"]):
        yield problem("Does not contain a valid address.", f"{where}.email", anchor)
    elif not isinstance(person.get("name") or "", str):
        yield _wrong_type("string", person["name"], f"{where}.name")


def _check_content(body: dict[str, Any]) -> Iterator[Problem]:
    templated = isinstance(body.get("template_id"), str)
    subject = body.get("subject")
    groups = body.get("personalizations")
    own = all(isinstance(group, dict) and group.get("subject") for group in _list(groups) or [None])
    if not templated and not (isinstance(subject, str) and subject) and not own:
        yield problem(_SUBJECT, "subject", "subject")
    contents = body.get("content")
    if not isinstance(contents, list) or not contents:
        if not templated:
            yield problem(_CONTENT, "content", "content")
        return
    kinds: list[str] = []
    for index, content in enumerate(contents):
        if not isinstance(content, dict):
            yield _wrong_type("object", content, f"content.{index}")
            continue
        kinds.append(str(content.get("type") or ""))
        if not kinds[-1] or any(char in kinds[-1] for char in ";,\r\n"):
            message = "The content type cannot contain ';', ',', or CRLF characters and must not be empty."
            yield problem(message, f"content.{index}.type", "content.type")
        if not isinstance(content.get("value"), str) or not content["value"]:
            message = "The content value must be a string at least one character in length."
            yield problem(message, f"content.{index}.value", "content.value")
    ranks = [{"text/plain": 0, "text/html": 1}.get(kind, 2) for kind in kinds]
    if ranks != sorted(ranks):
        yield problem(_ORDER, "content", "content")


def _check_attachments(attachments: Any) -> Iterator[Problem]:
    if not isinstance(attachments, list):
        yield _wrong_type("array", attachments, "attachments")
        return
    for index, attachment in enumerate(attachments):
        where = f"attachments.{index}"
        if not isinstance(attachment, dict):
            yield _wrong_type("object", attachment, where)
            continue
        if not isinstance(attachment.get("filename"), str) or not attachment["filename"]:
            message = "The attachment filename parameter is required."
            yield problem(message, f"{where}.filename", "attachments.filename")
        if not _decode(attachment.get("content")):
            message = "The attachment content must be base64 encoded."
            yield problem(message, f"{where}.content", "attachments.content")
        if attachment.get("disposition", "attachment") not in ("attachment", "inline"):
            message = "The disposition of your attachment can be either inline or attachment."
            yield problem(message, f"{where}.disposition", "attachments.disposition")


def _check_args(body: dict[str, Any]) -> Iterator[Problem]:
    groups = body.get("personalizations")
    homes = [("custom_args", body.get("custom_args"))]
    if isinstance(groups, list):
        homes += [
            (f"personalizations.{index}.custom_args", group.get("custom_args"))
            for index, group in enumerate(groups)
            if isinstance(group, dict)
        ]
    for where, args in homes:
        if args is None:
            continue
        if not isinstance(args, dict):
            yield _wrong_type("object", args, where)
            continue
        for name, value in args.items():
            if not isinstance(value, str):
                yield _wrong_type("string", value, f"{where}.{name}")
        if sum(len(str(part).encode()) for item in args.items() for part in item) > MAX_CUSTOM_ARGS:
            yield problem("The custom_args are limited to 10,000 bytes.", where, "custom_args")


def read(body: Any, received_at: datetime) -> list[Draft]:
    """The messages of a body, one for each personalization, all under one ``X-Message-Id``.

    Reads whatever can be understood, so that the inbox also shows what was refused.
    """
    mail: dict[str, Any] = body if isinstance(body, dict) else {}
    files = [item for item in _list(mail.get("attachments")) if isinstance(item, dict)]
    contents = [_decode(item.get("content")) or b"" for item in files]
    attachments = tuple(
        Attachment(
            position=index,
            filename=str(item.get("filename") or "attachment"),
            content_type=str(item.get("type") or "application/octet-stream"),
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            disposition=str(item.get("disposition") or "attachment"),
            content_id=str(item["content_id"]) if item.get("content_id") else None,
        )
        for index, (item, content) in enumerate(zip(files, contents, strict=True))
    )
    parts = [item for item in _list(mail.get("content")) if isinstance(item, dict)]
    bodies = {str(part.get("type")): part.get("value") for part in parts}
    groups = [group for group in _list(mail.get("personalizations")) if isinstance(group, dict)] or [{}]
    provider_id = secrets.token_urlsafe(16)
    return [
        Draft(
            SandboxMessage(
                provider=Provider.SENDGRID,
                channel=Channel.EMAIL,
                received_at=received_at,
                provider_id=provider_id,
                sender=_address(mail.get("from")),
                to=_addresses(group.get("to")),
                cc=_addresses(group.get("cc")),
                bcc=_addresses(group.get("bcc")),
                reply_to=_address(mail.get("reply_to")),
                subject=str(group.get("subject") or mail.get("subject") or "") or None,
                text=_text(bodies.get("text/plain")),
                html=_text(bodies.get("text/html")),
                attachments=attachments,
                custom_args={**_strings(mail.get("custom_args")), **_strings(group.get("custom_args"))},
                headers={**_strings(mail.get("headers")), **_strings(group.get("headers"))},
                categories=tuple(str(item) for item in _list(mail.get("categories"))),
            ),
            contents,
        )
        for group in groups
    ]


def _decode(content: Any) -> bytes | None:
    if not isinstance(content, str) or not content:
        return None
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _strings(value: Any) -> dict[str, str]:
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, dict) else {}


def _address(value: Any) -> Address | None:
    if not isinstance(value, dict) or not value.get("email"):
        return None
    return Address(address=str(value["email"]), name=str(value["name"]) if value.get("name") else None)


def _addresses(value: Any) -> tuple[Address, ...]:
    return tuple(found for item in _list(value) if (found := _address(item)))


def _kind(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")
