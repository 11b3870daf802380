"""Pages for whoever is not signed in."""

from __future__ import annotations

from starlette.requests import Request

from admin.console.render import Page


def plain_page(request: Request) -> Page:
    """A page in the browser's language."""
    french = request.headers.get("accept-language", "fr").lower().startswith("fr")
    shared = {"user": None, "csrf": "", "company": None, "company_name": None, "told": None, "path": ""}
    return Page("fr" if french else "en", shared)
