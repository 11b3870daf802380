"""A changed policy tried on a company's running cases, before anybody publishes it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.masters.policies import MAX_TOML, EditionRefused, PolicyKey, read_edition, refused
from admin.api.problems import ProblemError, responses
from admin.api.reads.answers import answer
from admin.api.security import ManagerOf
from admin.queries.dry_run import Busy, DryRun, dry_run

router = APIRouter(prefix="/v1/companies/{company}/policies", tags=["policies"])


class DryRunIn(BaseModel):
    """A policy as TOML, with the key of the path in it, and how many days to look ahead, today included."""

    model_config = example(
        toml='key = "standard"\ntitle = "Soon"\nentry_cap = "reminder_1"\n\n[[steps]]\nkey = "reminder_1"\n'
        'offset_days = 3\nchannel = "email"\ntemplate = "courteous_reminder"\ntone = "courteous"\n'
        'recipient = ["accounting"]\n',
        days=30,
    )

    toml: Annotated[str, Field(min_length=1, max_length=MAX_TOML)]
    days: Literal[7, 30, 60] = 30


@router.post(
    "/{key}/dry-run",
    operation_id="dry_run_policy",
    response_model=DryRun,
    responses=responses(403, 404),
)
def dry_run_policy(access: ManagerOf, key: PolicyKey, body: DryRunIn, api: ApiContext) -> Response:
    """Try an edition on running cases: what would come if those of the policy were moved to it.

    Nothing is written. A large portfolio is sampled: `portfolio` says how much of it was looked at in the
    seconds there are, and every figure is of that part.
    """
    try:
        candidate = read_edition(body.toml, key)
    except EditionRefused as error:
        return refused(error)
    try:
        found = dry_run(
            api.engine,
            access.company_id,
            candidate,
            body.days,
            api.clock.now(),
            api.settings.sending_fingerprint,
        )
    except Busy:
        raise ProblemError(
            503, "busy", "another dry run is under way: try again in some seconds", {"Retry-After": "10"}
        ) from None
    return answer(found)
