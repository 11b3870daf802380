"""Stored bytes as an answer: shown, never run (docs/decisions/0042)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from fastapi.responses import Response

from admin.queries.communications import Part

# No script, no frame, no form, nothing fetched from anywhere.
SAFE: Final = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
"""Headers under which a browser runs nothing of what it shows."""
SHOWN: Final = frozenset({"application/pdf", "image/png", "image/jpeg", "text/plain"})
"""Types of files that a browser may show; others are saved."""


def binary(what: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI says that bytes are answered."""
    return {
        200: {
            "description": what,
            "content": {media: {"schema": {"type": "string"}} for media in media_types},
        }
    }


def shown(part: Part, *, inline: bool) -> Response:
    """Stored bytes as an answer that runs nothing."""
    how = "inline" if inline else "attachment"
    headers = {
        **SAFE,
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(part.name, safe='')}",
        "ETag": f'"{part.hash}"',
    }
    return Response(part.body, headers=headers, media_type=part.media_type)
