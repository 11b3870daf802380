"""What is asked of whoever carries registered letters, and what it tells: no database, no clock.

A letter is first *staged*: everything the provider needs is with it, durably, and nothing leaves. Then it is
*released* by one step that cannot half happen. Between the two the ledger notes that it is staged; so after a
crash the provider's own place says whether the letter left, and it is neither lost nor handed over twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from models.errors import RelanceError


class Product(StrEnum):
    """How a registered letter travels: on paper with acknowledgement of receipt, or electronically."""

    LRAR = "LRAR"
    EIDAS = "eIDAS"
    """Qualified electronic registered delivery (Regulation (EU) 910/2014, art. 44)."""


class Place(StrEnum):
    """Where a letter is that was staged."""

    STAGED = "staged"
    LEFT = "left"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends, or who is written to. `country` is ISO 3166-1 alpha-2."""

    name: str
    lines: tuple[str, ...]
    country: str
    attention: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class RegisteredLetter:
    """One letter for the post. `content_id` is the same for the same posting of the same bytes.

    :param reference: what the company's people know it by: company, customer, day.
    :param pages: of `pdf`, as they will be printed.
    """

    content_id: str
    product: Product
    reference: str
    sender: Party
    recipient: Party
    pages: int
    pdf: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Of the pages, in hexadecimal: that of the approved bytes."""
        return hashlib.sha256(self.pdf).hexdigest()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a letter ended: `received`, `refused`, `unclaimed` or `returned`, and on which day."""

    outcome: str
    on: date


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider told of one letter so far; telling it again changes nothing.

    :param source: where it stands at the provider's, to be settled or refused.
    :param receipt: the provider's own document, with its name and media type, if there is one.
    """

    source: str
    content_id: str
    number: str
    deposited_on: date
    ended: Ended | None = None
    receipt: tuple[str, str, bytes] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something of the provider's that cannot be used, and why."""

    source: str
    reason: str


class RegisteredMail(Protocol):
    """A registered-mail provider. Every method may be called again after a crash."""

    def stage(self, letter: RegisteredLetter) -> None:
        """Put everything in place, durably; nothing leaves. Staged again, it is the same letter."""
        ...

    def place(self, content_id: str) -> Place:
        """Where a letter is; asked only of one that was staged."""
        ...

    def release(self, content_id: str) -> None:
        """Let a staged letter leave; durably, when this returns."""
        ...

    def take_back(self, content_id: str) -> None:
        """Keep a staged letter from leaving; durably, when this returns."""
        ...

    def told(self) -> Iterator[Told | Unreadable]:
        """What became of letters, as far as it is not settled; one that cannot be used stops no other."""
        ...

    def settle(self, source: str) -> None:
        """What was told is recorded: it is not told again."""
        ...

    def refuse(self, source: str, reason: str) -> bool:
        """What was told cannot be used: it is put aside with the reason, for a person.

        False: it is gone meanwhile, or is not what was read.
        """
        ...

    def put_aside(self) -> int:
        """How many things told by it wait for a person, with the reason why they cannot be used."""
        ...


class RegisteredMailError(RelanceError):
    """The provider cannot be used; the text says what is wrong with it."""
