"""Who is at the console, and whether a request is theirs: cookie, CSRF token, origin, company, role.

The session's cookie is HttpOnly and SameSite=Lax. A form carries a token made of the session's own, which
other sites cannot read; besides, browsers say where a request comes from (Fetch Metadata, Origin).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from sqlmodel import Session
from starlette.requests import Request

from activities.store.engine import glance, transaction
from activities.store.sql import run
from activities.store.users import SignedIn, leave_word, signed_in
from admin.api.context import Api
from admin.api.limits import BODY
from admin.api.paths import decoded
from admin.console.render import Page
from models.errors import NotFound
from models.tables import AuditEvent
from models.tables.words import ApiRole

COOKIE: Final = "relance_session"
CSRF: Final = "csrf"
MOST_FIELDS: Final = 200
_ROLES: Final = list(ApiRole)

_COMPANY: Final = """
    SELECT c.id, c.name,
           (SELECT json_object_agg(s.email, s.name) FROM app_user s
             WHERE s.company_id = c.id OR s.company_id IS NULL) AS staff
      FROM company c
     WHERE c.ref = %(ref)s
"""
_COMPANIES: Final = """
    SELECT ref, name FROM company
     WHERE %(every)s OR id = ANY (%(opened)s::uuid[])
     ORDER BY name, ref
     LIMIT 50
"""


class SignInFirst(Exception):
    """Nobody is signed in: to the sign-in page. `ended`: they were."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__("sign in first")
        self.ended = ended


class Forbidden(Exception):
    """A request that is not let through; `key` is the word that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in."""

    api: Api
    request: Request
    user: SignedIn
    token: str

    @property
    def who(self) -> str:
        """How the journal and the audit trail name them."""
        return f"console:{self.user.email}"

    def may(self, role: ApiRole) -> bool:
        """Whether their role is this one, or a stronger one."""
        return _ROLES.index(self.user.holder.role) >= _ROLES.index(role)

    def audit(self, session: Session, what: str, company_id: UUID | None, **detail: Any) -> None:
        """Write in the audit trail that they did it; without a company it concerns the installation."""
        session.add(
            AuditEvent(
                at=self.api.clock.now(),
                company_id=company_id,
                who=self.who,
                what=what,
                detail={"user": str(self.user.holder.key_id), **detail},
            )
        )

    @property
    def page(self) -> Page:
        """Renders for them."""
        return Page(
            self.user.language,
            {
                "user": self.user,
                "csrf": csrf_of(self.token),
                "company": None,
                "company_name": None,
                "told": self.user.told,
                "path": self.request.url.path,
            },
        )


@dataclass(frozen=True, slots=True)
class CompanyVisit:
    """A request about a company that is open to whoever makes it."""

    visit: Visit
    company_id: UUID
    ref: str
    name: str
    staff: Mapping[str, str]
    """Names of our own people by e-mail address."""

    @property
    def api(self) -> Api:
        """The installation."""
        return self.visit.api

    @property
    def page(self) -> Page:
        """Renders for them, with the company at the top."""
        page = self.visit.page
        return Page(
            page.language,
            {**page.shared, "company": self.ref, "company_name": self.name, "staff": self.staff},
        )

    def audit(self, session: Session, what: str, **detail: Any) -> None:
        """Write in the audit trail of the company that they did it; `what` is the API's name for it."""
        self.visit.audit(session, what, self.company_id, **detail)

    def tell(self, text: str) -> None:
        """Have something said on their next page."""
        with transaction(self.api.engine) as session:
            leave_word(session, self.visit.token, text)


def api_of(request: Request) -> Api:
    """The installation a request came to."""
    return cast(Api, request.app.state.api)


def visit_of(request: Request) -> Visit:
    """Who asks; SignInFirst when nobody does, or a session has ended."""
    token = request.cookies.get(COOKIE, "")
    if not token:
        raise SignInFirst(ended=False)
    api = api_of(request)
    with transaction(api.engine) as session:
        user = signed_in(session, token, api.clock.now())
    if user is None:
        raise SignInFirst(ended=True)
    return Visit(api, request, user, token)


def company_visit(request: Request, at_least: ApiRole = ApiRole.VIEWER) -> CompanyVisit:
    """Who asks about the company in the path.

    Raises:
        SignInFirst: nobody is signed in.
        NotFound: no such company, or none of theirs: the same answer.
        Forbidden: their role is weaker.
    """
    visit = visit_of(request)
    ref = decoded(request.path_params["company"])
    with glance(visit.api.engine) as session:
        found = run(session, _COMPANY, ref=ref).one_or_none()
    if found is None or not visit.user.holder.opens(found.id):
        raise NotFound(f"no company {ref!r}")
    if not visit.may(at_least):
        raise Forbidden("error.403")
    return CompanyVisit(visit, found.id, ref, found.name, found.staff or {})


def companies_of(visit: Visit) -> list[tuple[str, str]]:
    """Reference and name of the companies open to them, 50 at most."""
    opened = visit.user.holder.companies
    with glance(visit.api.engine) as session:
        rows = run(session, _COMPANIES, every=opened is None, opened=sorted(opened or ()))
        return [(row.ref, row.name) for row in rows]


def csrf_of(token: str) -> str:
    """The token that a session's forms carry."""
    return hmac.new(token.encode(), b"relance console form", hashlib.sha256).hexdigest()


def form_id(fields: Mapping[str, str]) -> UUID | None:
    """The id that a form carries, so that what is sent twice counts once; None where it carries none."""
    try:
        return UUID(fields.get("form", ""))
    except ValueError:
        return None


def form_of(request: Request, token: str | None) -> Mapping[str, str]:
    """The fields of a form that comes from our own page.

    Args:
        request: the POST.
        token: the session's; None where there is none yet.

    Raises:
        Forbidden: it comes from elsewhere, or its form is of another session.
    """
    from_our_page(request)
    try:
        pairs = parse_qsl(request.scope[BODY].decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise Forbidden("error.csrf") from None
    fields = dict(pairs)
    if token is not None:
        of_session(fields, token)
    return fields


def from_our_page(request: Request) -> None:
    """See that the browser says so.

    Raises:
        Forbidden: it comes from elsewhere.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden("error.csrf")
    origin = request.headers.get("origin")
    public = urlsplit(str(api_of(request).settings.public_url or "")).netloc
    if origin is not None and _place(origin) not in {request.headers.get("host"), public} - {""}:
        raise Forbidden("error.csrf")


def of_session(fields: Mapping[str, str], token: str) -> None:
    """See that a form carries the token of the session.

    Raises:
        Forbidden: it is of another session, or of none.
    """
    if not hmac.compare_digest(fields.get(CSRF, "").encode(), csrf_of(token).encode()):
        raise Forbidden("error.csrf")


def _place(origin: str) -> str | None:
    """Host and port of an origin; None where there is none to read."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def is_secure(request: Request) -> bool:
    """Whether readers come over TLS, be it that of a proxy before us."""
    public = str(api_of(request).settings.public_url or "")
    return request.url.scheme == "https" or public.startswith("https:")
