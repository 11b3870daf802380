"""Whether this process lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

import migrations
from activities.metrics import POST_REGISTRY
from activities.store.engine import transaction
from admin.api.context import ApiContext
from admin.api.problems import problem, responses
from admin.api.security import Viewer, everywhere
from admin.metrics import ledger_metrics

_PAGE = {"schema": {"type": "string"}, "example": "relance_outbox_notes 0.0"}

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """`ok`, or the request is answered with a problem."""

    status: str = "ok"


@router.get("/healthz", operation_id="healthz", response_model=Health)
def healthz() -> Health:
    """The process answers. It says nothing about the servers behind it."""
    return Health()


@router.get("/readyz", operation_id="readyz", response_model=Health, responses={503: responses()[503]})
def readyz(api: ApiContext) -> Response:
    """The ledger answers and has this version's schema, so requests can be taken."""
    try:
        with transaction(api.engine) as session:
            found = session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError:
        return problem(503, "the ledger does not answer")
    if found != migrations.head():
        return problem(
            503, f"the ledger's schema is {found}, this version's {migrations.head()}: relance migrate"
        )
    return JSONResponse(Health().model_dump())


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=PlainTextResponse,
    responses=responses(403)
    | {
        200: {
            "content": {
                CONTENT_TYPE_LATEST: {"schema": {"type": "string"}, "example": "relance_outbox_notes 0.0"}
            }
        }
    },
)
def metrics(api: ApiContext, holder: Viewer) -> Response:
    """What the ledger holds, for Prometheus: cases, sums, messages, tasks, the outbox; what came to webhooks.

    It counts every company, so the key must open every company. The posts are those of this process alone.
    """
    everywhere(holder)
    page = ledger_metrics(api.engine, api.clock) + generate_latest(POST_REGISTRY)
    return Response(page, media_type=CONTENT_TYPE_LATEST)
