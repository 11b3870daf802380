"""Ageing: what was owed on any day, by how late it was."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from admin.api.context import ApiContext
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import ViewerOf
from admin.queries.ageing import Ageing, AgeingFilter, get_ageing
from admin.queries.reading import snapshot

router = APIRouter(prefix="/v1/companies/{company}", tags=["customers"])


@router.get("/ageing", operation_id="get_ageing", response_model=Ageing, responses=responses(403, 404))
def ageing(access: ViewerOf, wanted: Annotated[AgeingFilter, Query()], api: ApiContext) -> Response:
    """Reckon what was owed at the end of a day: totals by currency and lateness, and who owed it."""
    with snapshot(api.engine) as session:
        return answer(get_ageing(session, access.company_id, wanted, api.clock.now()))
