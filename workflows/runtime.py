"""One place for what worker, API, tests and replay must share: converter, sandbox, client, workflows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfigProfile
from temporalio.runtime import Runtime
from temporalio.worker import (
    HandleSignalInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from models.errors import Unreachable
from models.ids import CaseSignal
from workflows.bank_import import BankImport
from workflows.company_notices import CompanyNotices
from workflows.customer_outreach import CustomerOutreach
from workflows.invoice_case import InvoiceCase
from workflows.policy_trial import PolicyTrial

WORKFLOWS: Sequence[type[Any]] = (InvoiceCase, CustomerOutreach, CompanyNotices, BankImport, PolicyTrial)


class LenientPayloadConverter(PydanticPayloadConverter):
    """Pydantic's converter, but what was sent without a known type and does not decode stays raw.

    A signal with too many arguments has no known types; dropped by the SDK, nobody would ever see it.
    """

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """As the base class; undecodable payloads without a type hint come back as `RawValue`."""
        try:
            return super().from_payloads(payloads, type_hints)
        except Exception:
            if type_hints is not None:
                raise
            return [RawValue(payload) for payload in payloads]


DATA_CONVERTER = DataConverter(payload_converter_class=LenientPayloadConverter)

KNOWN_SIGNALS = frozenset(CaseSignal)
# Pure modules, and pydantic: loading them again for each run would cost about ten times a run's start.
PASSED_THROUGH = ("models", "pydantic", "pydantic_core", "annotated_types", "typing_extensions")


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox every worker and replayer uses."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    )


class OneArgument(Interceptor):
    """A signal with more than one argument would fail the workflow task for ever: mark it malformed."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: ARG002 - the SDK's signature
    ) -> type[WorkflowInboundInterceptor] | None:
        """The inbound interceptor of every run."""
        return _OneArgument


class _OneArgument(WorkflowInboundInterceptor):
    async def handle_signal(self, input: HandleSignalInput) -> None:
        if input.signal in KNOWN_SIGNALS and len(input.args) > 1:
            input.args = ["more than one argument"]
        await super().handle_signal(input)


def namespace() -> str:
    """The namespace of the standard Temporal client configuration, without connecting."""
    return ClientConfigProfile.load().namespace or "default"


async def connect(
    address: str | None = None,
    namespace: str | None = None,
    *,
    runtime: Runtime | None = None,
    lazy: bool = False,
) -> Client:
    """Connect by the standard Temporal client configuration: environment, then `temporal.toml`.

    `address` and `namespace`, where given, go before it (the local stack knows its own ports). A `lazy`
    client connects at its first call.

    With `TEMPORAL_API_KEY`, or any `TEMPORAL_TLS_…`, the connection is encrypted.

    Raises:
        Unreachable: no server answers there, its certificate is not to be trusted, or the configuration
            names what cannot be read.
    """
    try:
        config = ClientConfigProfile.load().to_client_connect_config()
    except (RuntimeError, OSError) as error:
        reason = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        raise Unreachable(f"Temporal's client configuration cannot be used: {_line(reason)}") from None
    if address is not None:
        config["target_host"] = address
    if namespace is not None:
        config["namespace"] = namespace
    config.setdefault("target_host", "localhost:7233")
    try:
        return await Client.connect(**config, data_converter=DATA_CONVERTER, runtime=runtime, lazy=lazy)
    except RuntimeError as error:
        told = _line(str(error))
        raise Unreachable(f"Temporal at {config['target_host']} does not answer: {told}") from error


def _line(text: str) -> str:
    return " ".join(text.split())
