"""A changed policy tried on every customer of a company: asked for, followed, stopped."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from activities.store.trials import ask_trial, stop_trial
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.masters.policies import EditionRefused, PolicyKey, read_edition, refused
from admin.api.masters.policy_dry_run import DryRunIn
from admin.api.paging import Page
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import ManagerOf
from admin.queries.dry_run import CustomerMoved
from admin.queries.policy_trials import MovedFilter, Trial, customers_moved, get_trial, latest_trials
from admin.queries.reading import snapshot

router = APIRouter(prefix="/v1/companies/{company}/policies/{key}/trials", tags=["policies"])

TrialId = Annotated[
    UUID, Path(description="The trial's id", examples=["0b6f8f43-7a0e-4d53-9d3c-6b1a4f0c2e11"])
]


class TrialList(BaseModel):
    """The latest ten trials of a policy, the last one first, without what they found."""

    items: list[Trial]


@router.post(
    "",
    operation_id="try_policy",
    status_code=202,
    response_model=Trial,
    responses=responses(403, 404, 409),
)
def ask(access: ManagerOf, key: PolicyKey, body: DryRunIn, changes: ChangesOf) -> Response:
    """Try an edition on every customer with an open case under the policy. Nothing is written of a case.

    Workers do it, some customers at a time: ask for it until its state is `done` or `stopped`. One runs at a
    time in a company; the same text and days again, meanwhile, are that one.
    """
    try:
        read_edition(body.toml, key)
    except EditionRefused as error:
        return refused(error)

    def write(work: Work) -> Changed:
        row, notes = ask_trial(work.session, access.company_id, key, body.toml, body.days, work.now, work.who)
        told, _ = get_trial(work.session, access.company_id, key, row.id)
        return Changed(told, notes=notes, audit={"trial": str(row.id), "policy": key})

    return changes.make(access, write, status=202)


@router.get("", operation_id="list_policy_trials", response_model=TrialList, responses=responses(403, 404))
def listed(access: ManagerOf, key: PolicyKey, api: ApiContext) -> Response:
    """List the latest trials of a policy."""
    with snapshot(api.engine) as session:
        return answer(TrialList(items=latest_trials(session, access.company_id, key)))


@router.get(
    "/{trial_id}", operation_id="get_policy_trial", response_model=Trial, responses=responses(403, 404)
)
def look(access: ManagerOf, key: PolicyKey, trial_id: TrialId, api: ApiContext) -> Response:
    """Look at a trial: how far it is, and what it found once it is over."""
    with snapshot(api.engine) as session:
        return answer(get_trial(session, access.company_id, key, trial_id)[0])


@router.get(
    "/{trial_id}/customers",
    operation_id="list_policy_trial_customers",
    response_model=Page[CustomerMoved],
    responses=responses(403, 404),
)
def customers(
    access: ManagerOf,
    key: PolicyKey,
    trial_id: TrialId,
    wanted: Annotated[MovedFilter, Query()],
    api: ApiContext,
) -> Response:
    """List every customer that a trial found newly contacted, or no longer, by its first contact."""
    with snapshot(api.engine) as session:
        get_trial(session, access.company_id, key, trial_id)
        return answer(customers_moved(session, trial_id, wanted))


@router.post(
    "/{trial_id}/stop", operation_id="stop_policy_trial", response_model=Trial, responses=responses(403, 404)
)
def stop(access: ManagerOf, key: PolicyKey, trial_id: TrialId, changes: ChangesOf) -> Response:
    """Stop a trial; what it found so far is kept. One that is over stays as it is."""

    def write(work: Work) -> Changed:
        get_trial(work.session, access.company_id, key, trial_id)
        stop_trial(work.session, access.company_id, trial_id, work.now)
        told, _ = get_trial(work.session, access.company_id, key, trial_id)
        return Changed(told, audit={"trial": str(trial_id), "policy": key})

    return changes.make(access, write)
