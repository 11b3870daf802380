"""Requests made from the OpenAPI document, sent to the API in this process, their answers held against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from requests import Request
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

Made: TypeAlias = Case[Any]
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
Signing: TypeAlias = Callable[[str, str, bytes], Mapping[str, str]]
"""Operation, address and body of a request: the headers it takes besides."""

_CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_HOST: Final = "http://testserver"


def operations_of(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Every operation of an OpenAPI document, by its id."""
    # Keys are the tests' own: a request that forgets its key would only be told so.
    config = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_dict(deepcopy(dict(document)), config=config)
    found: dict[str, Operation] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        found[operation.definition.raw["operationId"]] = operation
    return found


def boundaries(operation: Operation, names: Mapping[str, str], most: int | None) -> list[Made]:
    """Values at and beyond the bounds that the document sets, one at a time; the same ones in every run.

    What is not tried itself is as `names` has it, so that requests come through to what they are about. Of
    more than `most` cases some are taken, evenly.
    """
    schema = operation.schema
    generation = schema.config.generation
    made = schema.iter_coverage_cases(
        operation, generation_modes=list(GenerationMode), generation_config=generation
    )
    cases = [case for case in made if case.method.lower() == operation.method.lower()]
    if most is not None and len(cases) > most:
        cases = [cases[place * len(cases) // most] for place in range(most)]
    for case in cases:
        assert case.meta is not None
        tried = getattr(case.meta.phase.data, "parameter_location", None)
        known = {"company": names["company"]} if tried == "path" else names
        case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
    return cases


def drawn(operation: Operation, names: Mapping[str, str], examples: int) -> Iterator[Made]:
    """Whatever Hypothesis thinks of, fitting the document and not; the same in every run."""
    of_path = {name: names[name] for name in names if f"{{{name}}}" in operation.path}
    company = {name: of_path[name] for name in of_path if name == "company"}
    for mode in GenerationMode:
        for fixed in (of_path, company):
            yield from _draw(operation, mode, fixed, examples)


def _draw(operation: Operation, mode: GenerationMode, fixed: dict[str, str], examples: int) -> list[Made]:
    cases: list[Made] = []

    # Only made here, and sent later: an answer depends on all that was sent before, which Hypothesis would
    # call flaky.
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=fixed))
    def collect(case: Made) -> None:
        cases.append(case)

    try:
        collect()
    except Unsatisfiable:
        # Nothing can be wrong about an operation without parameters.
        return []
    return cases


@dataclass
class Fuzz:
    """Sends requests and keeps what was wrong with their answers."""

    client: TestClient
    signing: Signing
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    sent: int = 0

    def case(self, name: str, case: Made) -> None:
        """Send a case."""
        made = Request(**case.as_transport_kwargs(base_url=_HOST)).prepare()
        body = made.body.encode() if isinstance(made.body, str) else made.body or b""
        assert isinstance(body, bytes)
        self._send(name, case, str(made.method), str(made.url), body, dict(made.headers))

    def send(
        self, name: str, operation: Operation, path: str, body: bytes = b"", media: str = "application/json"
    ) -> None:
        """Send what no schema describes."""
        # A failure is told with the operation's path, which needs some value for each of its places.
        anywhere = {parameter.name: "_" for parameter in operation.path_parameters}
        case = operation.Case(path_parameters=anywhere)
        self._send(name, case, operation.method, f"{_HOST}{path}", body, {"Content-Type": media})

    def _send(
        self, name: str, case: Made, method: str, url: str, body: bytes, headers: Mapping[str, str | bytes]
    ) -> None:
        all_headers = {**headers, **self.signing(name, url, body)}
        given = {key.lower().encode(): _on_the_wire(value) for key, value in all_headers.items()}
        given.pop(b"content-length", None)
        answer = self.client.request(method.upper(), url, content=body, headers=given, follow_redirects=False)
        self.sent += 1
        try:
            case.validate_response(answer, checks=_CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                kind = f"{type(failure).__name__} {answer.status_code}"
                what = f"{failure}\n{method} {url[:300]}\n{body[:300]!r}\n{answer.text[:500]}"
                self.faults.setdefault((name, kind), what)

    def report(self) -> str:
        """Each kind of fault of each operation once, with the first request that met it."""
        return "\n\n".join(f"{name}: {kind}: {what}" for (name, kind), what in self.faults.items())


def _on_the_wire(value: str | bytes) -> bytes:
    return value.encode("latin-1", "replace") if isinstance(value, str) else value
