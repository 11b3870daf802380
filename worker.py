"""The worker process: settings to engine, clients and a Temporal worker; SIGTERM stops it gracefully.

Run as many as you like, on as many machines: they share the work through Temporal and PostgreSQL.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import Worker, WorkerDeploymentConfig

import migrations
from activities import logs, metrics
from activities.channels.registered import RegisteredMail
from activities.clock import Clock
from activities.discreet import DiscreetErrors
from activities.doubts import Doubts
from activities.inbound.inbox import Inbox
from activities.inbound.work import Work
from activities.installation import read_offset, record_sending
from activities.outbox import Courier
from activities.providers import Providers, registered_mail
from activities.registered_mail import RegisteredPost
from activities.registry import Needs, activities
from activities.settings import Settings
from activities.store.engine import make_engine
from activities.sweeper import Sweeper
from models.errors import RelanceError
from models.heap import keep_what_is_loaded
from models.ids import TASK_QUEUE
from workflows.ending import run_to_end
from workflows.namespace import require_search_attributes
from workflows.runtime import WORKFLOWS, OneArgument, connect, workflow_runner

log = logging.getLogger("relance.worker")

GRACE = timedelta(seconds=30)


def make_worker(
    client: Client,
    needs: Needs,
    executor: ThreadPoolExecutor,
    *,
    task_queue: str = TASK_QUEUE,
    graceful: timedelta = GRACE,
) -> Worker:
    """The worker on `client`; its slots, threads and database connections are the same number."""
    slots = needs.settings.worker_slots
    return Worker(
        client,
        task_queue=task_queue,
        workflows=WORKFLOWS,
        activities=activities(needs),
        activity_executor=executor,
        max_concurrent_activities=slots,
        max_concurrent_local_activities=slots,
        max_cached_workflows=needs.settings.max_cached_workflows,
        workflow_runner=workflow_runner(),
        interceptors=[OneArgument(), DiscreetErrors()],
        graceful_shutdown_timeout=graceful,
        deployment_config=_deployment(needs.settings),
    )


def _deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    """Worker versioning, where a build id is set: running cases move to the newest build; patches guard them.

    A server refuses a versioning behaviour from workers without a version, so it is not in the definitions.
    """
    if settings.build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=settings.deployment, build_id=settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set; tasks under way are finished first, up to the grace period.

    Raises:
        RelanceError: a setting is missing, the ledger's schema is too old, or Temporal's namespace lacks
            search attributes; nothing was started.
    """
    if settings.database_url is None:
        raise RelanceError("RELANCE_DATABASE_URL is not set: where is the ledger?")
    providers = Providers.of(settings)
    registered = await asyncio.to_thread(registered_mail, settings)
    url = settings.database_url.get_secret_value()
    _require_schema(await asyncio.to_thread(migrations.current, url))
    engine = make_engine(url, settings.worker_slots, "relance worker")
    executor = ThreadPoolExecutor(2 * settings.worker_slots, "activity")
    try:
        with metrics.served(settings.metrics_address):
            await _work(settings, engine, providers, registered, executor, stop)
    finally:
        executor.shutdown(wait=True)
        engine.dispose()


def _require_schema(found: str | None) -> None:
    if migrations.is_behind(found):
        raise RelanceError(
            f"the ledger's schema is at {found or 'nothing'}, this version needs {migrations.head()}: "
            "run `relance migrate` first"
        )
    if found != migrations.head():
        log.warning("the ledger's schema is newer than this version: it will do until this one is replaced")


def _runtime(settings: Settings) -> Runtime:
    """Temporal's core, with its log in ours and, where an address is set, its metrics."""
    prometheus = None
    if settings.sdk_metrics_address is not None:
        prometheus = PrometheusConfig(
            bind_address=settings.sdk_metrics_address, counters_total_suffix=True, durations_as_seconds=True
        )
    try:
        return Runtime(telemetry=TelemetryConfig(logging=logs.core_logging(), metrics=prometheus))
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RelanceError(
            f"RELANCE_SDK_METRICS_ADDRESS: cannot listen on {settings.sdk_metrics_address}: {reason}"
        ) from None


async def _require_namespace(client: Client) -> None:
    try:
        await require_search_attributes(client)
    except RPCError as error:
        # A key may be allowed to work and not to look; then `relance doctor`, run with another, can tell.
        log.warning("search attributes cannot be checked: %s", error.status.name)


async def _work(
    settings: Settings,
    engine: Engine,
    providers: Providers,
    registered: RegisteredMail | None,
    executor: ThreadPoolExecutor,
    stop: asyncio.Event,
) -> None:
    client = await connect(runtime=_runtime(settings))
    await _require_namespace(client)
    clock = Clock(await asyncio.to_thread(read_offset, engine))
    changed = await asyncio.to_thread(record_sending, engine, settings, clock.now())
    if changed:
        log.warning("sending is now %s (recorded in the audit trail)", settings.sending.value)
    courier = Courier(engine, client, asyncio.get_running_loop(), clock)
    needs = Needs(engine, clock, courier, settings, providers)
    work = Work(engine, clock, courier, settings)
    sweeper = Sweeper(
        engine,
        clock,
        courier,
        inbox=Inbox(work),
        doubts=Doubts(work, providers.sms),
        post=None if registered is None else RegisteredPost(engine, clock, courier, settings, registered),
        every=settings.sweep_seconds,
    )
    async with make_worker(client, needs, executor):
        shown = metrics.WORKER.labels(logs.VERSION, TASK_QUEUE, settings.sending.value)
        shown.set(1)
        keep_what_is_loaded()
        _tell_ready(settings, engine, client)
        sweeping = asyncio.create_task(sweeper.run(stop))
        await stop.wait()
        shown.set(0)
        log.info("stopping: tasks under way are finished first")
        await sweeping
    log.info("stopped")


def _tell_ready(settings: Settings, engine: Engine, client: Client) -> None:
    url = engine.url
    log.info(
        "worker ready: %d slots, sending %s",
        settings.worker_slots,
        settings.sending.value,
        extra=logs.fields(
            queue=TASK_QUEUE,
            namespace=client.namespace,
            temporal=client.service_client.config.target_host,
            database=f"{url.host or 'local'}:{url.port or 5432}/{url.database}",
            cached=settings.max_cached_workflows,
            build=settings.build_id,
            metrics=settings.metrics_address,
            sdk_metrics=settings.sdk_metrics_address,
        ),
    )


async def serve(settings: Settings) -> None:
    """`run` until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(settings, stop)


def main() -> int:
    """Entry point; the exit status is 0 after a clean stop, 2 when a setting or a server is missing."""
    try:
        settings = Settings.load()
        logs.set_up(settings.log, settings.log_level)
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(settings))
    except RelanceError as error:
        sys.stderr.write(f"relance worker: {error}\n")
        return 2
    except OperationalError as error:
        sys.stderr.write(f"relance worker: the ledger does not answer: {str(error.orig).splitlines()[0]}\n")
        return 2
    return 0


if __name__ == "__main__":
    run_to_end(main)
