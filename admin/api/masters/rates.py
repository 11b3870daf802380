"""Reference rates of interest: what is known, and a half-year's entered once it is published."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from activities.store.rates import enter_rate
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.masters.words import Words
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import ManagerEverywhere, Viewer
from admin.queries.interest import RateRow, RatesPage, rates_known
from admin.queries.reading import snapshot
from models.errors import InvalidFact
from rules.interest import Series
from rules.interest.rates import half_year_named

router = APIRouter(prefix="/v1/rates", tags=["interest"])


class RateIn(BaseModel):
    """A half-year's rate; of the Bank of England, the one in force on the day before the half-year."""

    model_config = example(series="ecb", half_year="2026-2", percent="2.40", source="ECB, main refinancing")

    series: Series
    half_year: Annotated[str, Field(description="2027-1 is January to June", examples=["2026-2"])]
    percent: Annotated[Decimal, Field(ge=-100, le=100, max_digits=7, decimal_places=4, examples=["2.40"])]
    source: Words


@router.get("", operation_id="list_rates", response_model=RatesPage, responses=responses())
def look(holder: Viewer, api: ApiContext) -> Response:  # noqa: ARG001 (any key will do)
    """List every reference rate that is known."""
    with snapshot(api.engine) as session:
        return answer(rates_known(session))


@router.post("", operation_id="enter_rate", status_code=201, response_model=RateRow, responses=responses(403))
def enter(holder: ManagerEverywhere, body: RateIn, changes: ChangesOf) -> Response:
    """Enter a half-year's rate once it is published; it goes before one that was known.

    This takes a manager's key that opens every company: the rate serves all of them.
    """

    def write(work: Work) -> Changed:
        try:
            first = half_year_named(body.half_year)
        except ValueError as error:
            raise InvalidFact(f"half_year: {error}") from None
        before = enter_rate(work.session, body.series, first, body.percent, body.source, work.now, work.who)
        return Changed(
            RateRow(series=body.series, half_year=body.half_year, percent=body.percent, source=body.source),
            audit={
                "series": body.series,
                "half_year": body.half_year,
                "percent": str(body.percent),
                "before": None if before is None else str(before),
                "source": body.source,
            },
            status=201,
        )

    return changes.make(holder, write, status=201)
