"""In and out: the sign-in, the first page, the language."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from activities.store import users
from activities.store.engine import transaction
from admin.console.door import COOKIE, SignInFirst, api_of, companies_of, form_of, is_secure, visit_of
from admin.console.plain import plain_page
from admin.console.render import PREFIX, url


def home(request: Request) -> Response:
    """Go to the only company's morning, or choose among several."""
    visit = visit_of(request)
    companies = companies_of(visit)
    if len(companies) == 1:
        return RedirectResponse(url(companies[0][0], "today"), 303)
    return visit.page.show("home.html", companies=companies)


def sign_in_page(request: Request) -> Response:
    """Show the sign-in, unless somebody is signed in."""
    try:
        visit_of(request)
    except SignInFirst:
        ended = request.query_params.get("ended") == "1"
        return plain_page(request).show(
            "sign_in.html", problem="sign_in.ended" if ended else None, email="", to=_ours(request)
        )
    return RedirectResponse(url(), 303)


def sign_in(request: Request) -> Response:
    """Let somebody in, or say why not, in the same words for whatever is wrong."""
    fields = form_of(request, None)
    api = api_of(request)
    email, password = fields.get("email", ""), fields.get("password", "")
    address = request.client.host if request.client is not None else "unknown"
    with transaction(api.engine) as session:
        begun = users.begin_sign_in(session, email, address, api.clock.now())
    found: str | users.Refused
    if isinstance(begun, users.Refused):
        found = begun
    else:
        # Outside of any transaction: it takes long on purpose.
        right = users.fits(begun, password)
        with transaction(api.engine) as session:
            found = users.end_sign_in(session, begun, password, address, api.clock.now(), right=right)
    if isinstance(found, users.Refused):
        problem, status = ("sign_in.wait", 429) if found.wait else ("sign_in.wrong", 401)
        return plain_page(request).show(
            "sign_in.html", status, problem=problem, email=email[:320], to=_inside(fields.get("to", ""))
        )
    response = RedirectResponse(_inside(fields.get("to", "")) or url(), 303)
    response.set_cookie(
        COOKIE,
        found,
        max_age=int(users.LASTS.total_seconds()),
        path=PREFIX,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return response


def sign_out(request: Request) -> Response:
    """End the session."""
    visit = visit_of(request)
    form_of(request, visit.token)
    with transaction(visit.api.engine) as session:
        users.sign_out(session, visit.token, visit.api.clock.now())
    response = RedirectResponse(url("sign-in"), 303)
    response.delete_cookie(COOKIE, path=PREFIX)
    return response


def change_language(request: Request) -> Response:
    """Change between French and English, for this user from now on."""
    visit = visit_of(request)
    fields = form_of(request, visit.token)
    other = "en" if visit.user.language == "fr" else "fr"
    with transaction(visit.api.engine) as session:
        users.set_language(session, visit.user.holder.key_id, other)
    return RedirectResponse(_inside(fields.get("to", "")) or url(), 303)


def _ours(request: Request) -> str:
    return _inside(request.query_params.get("to", ""))


def _inside(wanted: str) -> str:
    """An address of the console, or nothing: nobody is sent elsewhere after signing in."""
    inside = wanted.startswith(f"{PREFIX}/") and "//" not in wanted and "\\" not in wanted
    return wanted if inside and wanted.isprintable() else ""
