"""Dunning policies: published as numbered editions that never change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from activities.rendering import TEMPLATES, Kind
from activities.store.policies import publish
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.problems import FieldError, known_already, problem, responses
from admin.api.security import ManagerEverywhere
from rules.calendar import Channel
from rules.policy import Policy, PolicyError, parse_policy

router = APIRouter(prefix="/v1/policies", tags=["policies"])

MAX_TOML = 100_000

_FILE = "toml"
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_STEP = re.compile(r"step ([a-z0-9_]+): (?:([a-z_]+))?")
_HEADER = re.compile(r"\s*\[\[\s*steps\s*\]\]")

_WRITES = {
    Channel.EMAIL: Kind.EMAIL,
    Channel.SMS: Kind.SMS,
    Channel.LETTER: Kind.LETTER,
    Channel.PHONE: Kind.CALL_SHEET,
}

PolicyKey = Annotated[
    str,
    Path(description="The policy's key", pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["standard"]),
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a text: its line from 1, where it has one, and the rule."""

    line: int | None
    rule: str

    def __str__(self) -> str:
        """As one sentence."""
        return f"line {self.line}: {self.rule}" if self.line else self.rule


class EditionRefused(Exception):
    """A text that is no edition of the policy."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


class EditionIn(BaseModel):
    """A policy as TOML, with the key of the path in it."""

    model_config = example(
        toml='key = "short"\ntitle = "Short"\nentry_cap = "reminder_1"\n\n[[steps]]\nkey = "reminder_1"\n'
        'offset_days = 5\nchannel = "email"\ntemplate = "courteous_reminder"\ntone = "courteous"\n'
        'recipient = ["accounting"]\n'
    )

    toml: Annotated[str, Field(min_length=1, max_length=MAX_TOML)]


class EditionPublished(BaseModel):
    """The edition that new cases take from now on. `created`: it is new."""

    policy: str
    version: int
    title: str
    steps: list[str]
    created: bool


@router.post(
    "/{key}/versions",
    operation_id="publish_policy",
    status_code=201,
    response_model=EditionPublished,
    responses=responses(403) | known_already(EditionPublished),
)
def publish_policy(
    holder: ManagerEverywhere, key: PolicyKey, body: EditionIn, changes: ChangesOf
) -> Response:
    """Publish an edition of a policy. New cases take it; running ones keep theirs."""
    try:
        policy = read_edition(body.toml, key)
    except EditionRefused as error:
        return refused(error)

    def write(work: Work) -> Changed:
        version, new = publish(work.session, policy, body.toml, work.now, work.who)
        return Changed(
            EditionPublished(
                policy=key,
                version=version,
                title=policy.title,
                steps=[step.key for step in policy.steps],
                created=new,
            ),
            audit={"policy": key, "version": version, "new": new},
            status=201 if new else 200,
        )

    return changes.make(holder, write, status=201)


def read_edition(text: str, key: str) -> Policy:
    """The policy that a text is, checked as whoever publishes it needs it to be.

    Args:
        text: TOML.
        key: of the policy it is an edition of.

    Raises:
        EditionRefused: it cannot be published; every fault with its line.
    """
    try:
        policy = parse_policy(text, _FILE)
    except PolicyError as error:
        raise _refusal(str(error).splitlines(), text) from None
    faults = _faults(policy, key)
    if faults:
        raise _refusal(faults, text)
    return policy


def _refusal(faults: list[str], text: str) -> EditionRefused:
    rules = [fault.removeprefix(f"{_FILE}: ") for fault in faults]
    return EditionRefused(tuple(Fault(_line_of(rule, text), rule) for rule in rules))


def _faults(policy: Policy, key: str) -> list[str]:
    """What a policy's own grammar cannot know: the path's key, and the messages there are."""
    faults = []
    if policy.key != key:
        faults.append(f"{_FILE}: key: {policy.key!r} is not the key of the path, {key!r}")
    for step in policy.steps:
        ways = [(step.channel, step.template), *((way.channel, way.template) for way in step.fallback)]
        for channel, template in ways:
            kind = _WRITES.get(channel)
            if kind is not None and (template not in TEMPLATES or TEMPLATES[template].kind is not kind):
                known = ", ".join(name for name, each in TEMPLATES.items() if each.kind is kind)
                faults.append(
                    f"{_FILE}: step {step.key}: template: {template!r} is no message for {channel}; "
                    f"there are {known}"
                )
    return faults


def refused(error: EditionRefused) -> JSONResponse:
    """Every fault of a text, as the API answers it."""
    errors = [FieldError(field="body.toml", rule=str(fault)) for fault in error.faults]
    return problem(422, "; ".join(each.rule for each in errors[:5]), errors=errors)


def _line_of(rule: str, text: str) -> int | None:
    """Where in the text a fault is: its line, from 1; the step's own when the field is not there."""
    found = _TOML_LINE.search(rule)
    if found is not None:
        return int(found[1])
    lines = text.splitlines()
    headers = [place for place, line in enumerate(lines) if _HEADER.match(line)]
    blocks = list(pairwise([*headers, len(lines)]))
    step = _STEP.match(rule)
    if step is None:
        named = re.match(r"[a-z_]+", rule)
        top = headers[0] if headers else len(lines)
        return _assignment(lines, 0, top, named[0]) if named else None
    for place, (start, end) in enumerate(blocks, start=1):
        own = _assignment(lines, start, end, "key", step[1])
        if own is not None or step[1] == str(place):
            return (_assignment(lines, start, end, step[2]) if step[2] else None) or own or start + 1
    return None


def _assignment(lines: list[str], start: int, end: int, name: str, value: str | None = None) -> int | None:
    """The line within a block that sets `name` (to `value`), from 1."""
    wanted = re.compile(rf"\s*{re.escape(name)}\s*=" + (rf"\s*[\"']{re.escape(value)}[\"']" if value else ""))
    return next((place + 1 for place in range(start, end) if wanted.match(lines[place])), None)
