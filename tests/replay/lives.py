"""The lives whose histories are committed, and how they are made to happen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from temporalio import activity
from temporalio.client import WorkflowHistory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities import policy_trials
from activities.payment_details import ask_change
from activities.store import outbox
from activities.store.bank_lines import keep_file
from activities.store.engine import transaction
from activities.store.trials import ask_trial
from models.ids import (
    BANK_IMPORT_WORKFLOW,
    CASE_WORKFLOW,
    POLICY_TRIAL_WORKFLOW,
    TASK_QUEUE,
    CaseSignal,
    bank_import_id,
    case_id,
    notices_id,
    outreach_id,
    policy_trial_id,
)
from models.messages import (
    BankImported,
    BankImportInput,
    CaseInput,
    CaseView,
    OutreachNow,
    PolicyTrialInput,
    PolicyTried,
    ReviewInput,
)
from models.tables import Company
from policies import builtin_policy_texts
from tests.unit.bank_files.statements import ACCOUNT, Entry, camt
from tests.workflows.oracle import Act, Debtor, live
from tests.workflows.world import World, world

START = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
ISSUED, DUE, UNTIL = "2026-03-01", "2026-03-31", "2026-07-01"

Histories = dict[str, WorkflowHistory]


def one(ref: str, policy: str = "standard") -> Debtor:
    """A customer with one invoice of 1,200.00 EUR, `<ref>/1`."""
    return Debtor(ref, policy=policy).invoice("1200.00", DUE, issued=ISSUED)


def debtors() -> dict[str, Debtor]:
    """The lives told by facts alone, by the customer's reference."""
    told = [
        one("never-paid"),
        one("paid-early").pays("2026-03-20 11:00"),
        one("part-paid").pays("2026-04-10 11:00", "400.00").pays("2026-05-04 15:00", "800.00"),
        one("disputed").disputes("2026-04-09 10:00").resolves("2026-05-06 10:00", "500.00"),
        one("plan-broken")
        .promises("2026-04-10 10:00", ("2026-04-24", "600.00"), ("2026-05-22", "600.00"))
        .pays("2026-04-24 10:00", "600.00"),
        one("claim").claims_paid("2026-04-08 10:00", "2026-04-07"),
        one("hold").hold("2026-04-02 10:00", pauses=True, lifted="2026-05-05 10:00").pays("2026-05-05 10:00"),
        one("reopened").pays("2026-04-10 11:00").payment_returns("2026-04-22 10:00"),
        one("insolvent").insolvent("2026-04-20 10:00"),
        one("rejected-signals"),
        one("slow-ledger").pays("2026-04-10 11:00"),
        one("sent"),
        one("stale").invoice("800.00", "2026-05-31", issued="2026-03-20"),
        one("thanked").pays("2026-04-10 20:00"),
        one("approval", policy="strict"),
    ]
    return {debtor.ref: debtor for debtor in told}


@dataclass
class Mishaps(Interceptor):
    """What the world does to two of the customers: a ledger that is slow, a payment at a bad moment."""

    slow: str = "slow-ledger/1"
    stale_customer: UUID | None = None
    between: Callable[[], object] | None = None
    spent: set[str] = field(default_factory=set)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Stand before and behind every activity."""
        return _Mishaps(next, self)


class _Mishaps(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, mishaps: Mishaps) -> None:
        super().__init__(next)
        self._mishaps = mishaps

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        what, plan = input.args[0], self._mishaps
        local = activity.info().is_local
        if local and isinstance(what, ReviewInput) and what.number == plan.slow and not what.inbox:
            raise OperationalError("the ledger does not answer", None, ConnectionError())
        result = await super().execute_activity(input)
        mine = isinstance(what, OutreachNow) and what.customer_id == plan.stale_customer
        if mine and result.send and plan.between is not None:
            between, plan.between = plan.between, None
            await asyncio.to_thread(between)
        return result


async def run(engine: Engine) -> Histories:
    """Let all of them happen in one installation, and fetch the histories by name."""
    found: Histories = {}
    mishaps = Mishaps()
    async with world(engine, START, interceptors=[mishaps]) as it:
        known = debtors()

        def keep(name: str, workflow_id: str, run: str | None = None) -> Act:
            async def act() -> None:
                found[name] = await it.env.client.get_workflow_handle(workflow_id, run_id=run).fetch_history()

            return act

        def keep_outreach(name: str, ref: str) -> Act:
            async def act() -> None:
                await it.settled()
                await keep(name, outreach_id(it.customers[ref]))()

            return act

        def at(ref: str, when: str) -> datetime:
            return known[ref].moment(when)

        acts: dict[datetime, Act] = {
            at("sent", "2026-03-19 12:00"): partial(_prepare_mishap, it, mishaps),
            at("sent", "2026-03-24 12:00"): partial(_short_runs, it),
            at("rejected-signals", "2026-03-25 12:00"): partial(_nonsense, it),
            at("sent", "2026-03-30 12:00"): keep_outreach("outreach-sent", "sent"),
            at("stale", "2026-03-30 12:01"): keep_outreach("outreach-stale-composed-again", "stale"),
            at("thanked", "2026-04-13 12:00"): keep_outreach("outreach-thank-you-waited", "thanked"),
            at("approval", "2026-04-21 12:00"): keep_outreach("outreach-approval", "approval"),
            at("reopened", "2026-04-15 12:00"): keep("reopened-first-run", case_id("acme", "reopened/1")),
        }
        await live(it, known.values(), UNTIL, acts)
        for ref in known:
            if ref not in ("sent", "stale", "thanked", "approval"):
                name = "reopened-second-run" if ref == "reopened" else ref
                await keep(name, case_id("acme", f"{ref}/1"))()
        await _keep_runs(it, found)
        await _tell_managers(it)
        await keep("notices-sent", notices_id(it.company_id))()
        await _import_bank_files(it, found)
        await _try_policy(it, found)
    return found


async def _tell_managers(it: World) -> None:
    """Somebody asks for other bank details, and every manager is told."""
    now = await it.now()

    def ask() -> list[int]:
        with transaction(it.engine) as session:
            company = session.get_one(Company, it.company_id)
            return ask_change(session, company, {"bic": "COBADEFF"}, now, "api:treasury")[1]

    await it.courier.deliver_async(await asyncio.to_thread(ask))
    with it.env.auto_time_skipping_disabled():
        await it.env.client.get_workflow_handle(notices_id(it.company_id)).result()


async def _import_bank_files(it: World, found: Histories) -> None:
    """A file of two chunks whose import continues as new between them, and one that is refused."""
    now = await it.now()
    lines = [Entry("1.00", day="2026-06-30", text=str(number)) for number in range(600)]
    files = {
        "bank-import": camt(lines, closed_on="2026-06-30"),
        "bank-import-refused": camt([], closing="1.00"),
    }

    def keep(content: bytes) -> tuple[UUID, str]:
        with transaction(it.engine) as session:
            company = session.get_one(Company, it.company_id)
            company.iban = ACCOUNT
            # The note that would start it stays with the test: its runs are to be short.
            file, notes = keep_file(session, company, content, "releve.xml", now, "test")
            outbox.delivered(session, notes)
            return file.id, bank_import_id(company.ref, file.content_hash)

    for name, content in files.items():
        file_id, workflow_id = await asyncio.to_thread(keep, content)
        with it.env.auto_time_skipping_disabled():
            handle = await it.env.client.start_workflow(
                BANK_IMPORT_WORKFLOW,
                BankImportInput(file_id=file_id, events_per_run=10),
                id=workflow_id,
                task_queue=TASK_QUEUE,
                result_type=BankImported,
            )
            await handle.result()
        last = await it.env.client.get_workflow_handle(workflow_id).fetch_history()
        first = await it.env.client.get_workflow_handle(
            workflow_id, run_id=handle.first_execution_run_id
        ).fetch_history()
        found[f"{name}-first-run" if name == "bank-import" else name] = first
        if name == "bank-import":
            found[f"{name}-last-run"] = last


async def _try_policy(it: World, found: Histories) -> None:
    """A changed policy tried on the whole portfolio, whose run continues as new between two steps."""
    now = await it.now()

    def ask() -> UUID:
        text = builtin_policy_texts()["standard.toml"].replace("offset_days = 15", "offset_days = 20")
        with transaction(it.engine) as session:
            # The note that would start it stays with the test: its runs are to be short.
            row, notes = ask_trial(session, it.company_id, "standard", text, 30, now, "test")
            outbox.delivered(session, notes)
            return row.id

    trial_id = await asyncio.to_thread(ask)
    with it.env.auto_time_skipping_disabled(), patch.object(policy_trials, "CUSTOMERS", 5):
        handle = await it.env.client.start_workflow(
            POLICY_TRIAL_WORKFLOW,
            PolicyTrialInput(trial_id=trial_id, events_per_run=6),
            id=policy_trial_id(trial_id),
            task_queue=TASK_QUEUE,
            result_type=PolicyTried,
        )
        await handle.result()
    client = it.env.client
    first = client.get_workflow_handle(policy_trial_id(trial_id), run_id=handle.first_execution_run_id)
    found["policy-trial-first-run"] = await first.fetch_history()
    found["policy-trial-last-run"] = await client.get_workflow_handle(
        policy_trial_id(trial_id)
    ).fetch_history()


async def _prepare_mishap(it: World, mishaps: Mishaps) -> None:
    """From now on, the next message to `stale` meets a payment of its other invoice."""
    now = await it.now()
    mishaps.stale_customer = it.customers["stale"]
    paid = {"amount": "100.00", "currency": "EUR", "event_id": "between"}
    mishaps.between = partial(it._record, now, CaseSignal.PAYMENT_RECEIVED, "stale/2", paid)


async def _short_runs(it: World) -> None:
    """A case that continues as new after a few events."""
    number = "continued/1"
    await it.invoice(number, "1200.00", ISSUED, DUE, customer="continued", start=False)
    await it.env.client.start_workflow(
        CASE_WORKFLOW,
        CaseInput(company="acme", number=number, invoice_id=it.invoices[number], events_per_run=15),
        id=case_id("acme", number),
        task_queue=TASK_QUEUE,
        result_type=CaseView,
    )


async def _nonsense(it: World) -> None:
    """Signals that no fact can be made of: wrong shape, wrong name, no argument, two."""
    handle = it.handle("rejected-signals/1")
    await handle.signal(CaseSignal.PAYMENT_RECEIVED, {"amount": "twelve"})
    await handle.signal("payment_recieved", {"amount": "12.00"})
    await handle.signal(CaseSignal.CLOSED)
    await handle.signal(CaseSignal.PAUSED, args=[{}, "and more"])


async def _keep_runs(it: World, found: Histories) -> None:
    runs = []
    run: str | None = None
    while True:
        handle = it.env.client.get_workflow_handle(case_id("acme", "continued/1"), run_id=run)
        history = await handle.fetch_history()
        runs.append(history)
        run = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run:
            break
    first, last = runs[-1], runs[0]
    found["continued-first-run"], found["continued-last-run"] = first, last
