"""The creditors' particulars and our own people, read from TOML into the ledger: `relance companies FILE`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID, uuid4

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from sqlalchemy import Engine
from sqlmodel import Session, select

from activities.payment_details import ask_change, guarded
from activities.store.engine import transaction
from activities.store.rates import check_late_rate
from admin.portfolio import cells
from admin.portfolio.row import PortfolioError
from models.errors import InvalidFact
from models.tables import Company, Staff
from rules.calendar import business_calendar
from rules.iban import iban
from rules.interest import Imputation, Mode, percent
from rules.terms_text import payment_terms

_BIC: Final = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_LINK: Final = re.compile(r"https?://[^\s<>\"']+")


class CompaniesError(PortfolioError):
    """The file cannot be used; each line of the text names file, place, field and reason."""


def bic(value: str) -> str:
    """A BIC without spaces.

    Raises:
        ValueError: not 8 or 11 letters and digits in its form.
    """
    compact = re.sub(r"\s", "", value).upper()
    if _BIC.fullmatch(compact) is None:
        raise ValueError("not a BIC: expected 8 or 11 letters and digits")
    return compact


def payment_link(value: str) -> str:
    """The address of a payment page.

    Raises:
        ValueError: not an address of the web.
    """
    if _LINK.fullmatch(value) is None:
        raise ValueError("expected an address that begins with https://")
    return value


def _rate(value: object) -> Decimal:
    """Percent a year, as a number of the file or in quotes: exact either way."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("expected percent a year, as 12.5")
    return percent(str(value))


def _lines(value: object) -> object:
    return value.splitlines() if isinstance(value, str) else value


Words = Annotated[str, Field(min_length=1), AfterValidator(cells.text)]
Iban = Annotated[str, AfterValidator(iban)]
Email = Annotated[str, AfterValidator(cells.answered_email)]
# Named apart from the fields: in a class body, a field's name already means its default.
Bic = Annotated[str, AfterValidator(bic)]
PaymentLink = Annotated[str, AfterValidator(payment_link)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SignatoryEntry(_Strict):
    """The credit manager, who signs where a customer has no collector."""

    name: Words
    title: Words | None = None
    email: Email
    phone: Words | None = None


class CompanyEntry(_Strict):
    """One creditor. Only what is given is written; the rest stays as the ledger has it."""

    ref: Words
    name: Words | None = None
    legal_name: Words | None = None
    registration: Words | None = None
    address: Annotated[list[Words], BeforeValidator(_lines)] | None = None
    country: Words | None = None
    timezone: Words | None = None
    language: Annotated[str, AfterValidator(cells.language)] | None = None
    email: Email | None = None
    phone: Words | None = None
    payee: Words | None = None
    iban: Iban | None = None
    bic: Bic | None = None
    payment_link: PaymentLink | None = None
    gap_days: Annotated[int, Field(ge=1, le=60)] | None = None
    reply_pause_days: Annotated[int, Field(ge=0, le=60)] | None = None
    digest_day: Annotated[int, Field(ge=0, le=7)] | None = None
    interest: Annotated[Mode, Field(strict=False)] | None = None
    late_rate: Annotated[Decimal, BeforeValidator(_rate), Field(ge=0)] | None = None
    imputation: Annotated[Imputation, Field(strict=False)] | None = None
    payment_terms: Annotated[Words, AfterValidator(payment_terms)] | None = None
    signatory: SignatoryEntry | None = None

    @model_validator(mode="after")
    def _place(self) -> Self:
        if self.country is not None or self.timezone is not None:
            # Without a country, any will do to look the zone up.
            business_calendar(self.country or "FR", self.timezone)
        return self


class StaffEntry(_Strict):
    """One of our own people; `company` is a reference, needed only where a file names several."""

    email: Email
    name: Words
    title: Words | None = None
    phone: Words | None = None
    role: Literal["collector", "sales_rep", "credit_manager"] = "collector"
    company: Words | None = None


class CompaniesFile(_Strict):
    """What such a file holds."""

    company: list[CompanyEntry] = Field(default_factory=list)
    staff: list[StaffEntry] = Field(default_factory=list)

    @model_validator(mode="after")
    def _once(self) -> Self:
        for words in ([c.ref for c in self.company], [s.email for s in self.staff]):
            twice = sorted({word for word in words if words.count(word) > 1})
            if twice:
                raise ValueError(f"{twice[0]!r} is given twice")
        return self


@dataclass(frozen=True, slots=True)
class Written:
    """How many companies and people were written.

    `asked` names the companies whose bank details would change: that was asked for only.
    """

    companies: int
    staff: int
    asked: tuple[str, ...] = ()


def read_companies(path: Path) -> CompaniesFile:
    """Read and check a companies file.

    Raises:
        CompaniesError: it cannot be read, is not TOML, or says something that cannot be.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise CompaniesError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise CompaniesError(f"{path}: not UTF-8: byte {error.start + 1}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CompaniesError(f"{path}: not valid TOML: {error}") from None
    try:
        return CompaniesFile.model_validate(data)
    except ValidationError as error:
        raise CompaniesError("\n".join(_faults(error, data, path))) from None


def _faults(error: ValidationError, data: Mapping[str, Any], path: Path) -> list[str]:
    """One line a fault: `companies.toml: company LUMIERE: iban: its check digits do not fit`."""
    lines = []
    for fault in error.errors(include_url=False):
        place, *rest = fault["loc"] or ("",)
        words = [str(place)]
        if rest and isinstance(rest[0], int):
            entry = data[str(place)][rest[0]]
            known = entry.get("ref") or entry.get("email") if isinstance(entry, dict) else None
            words = [f"{place} {known or rest[0] + 1}"]
            rest = rest[1:]
        words += [str(part) for part in rest]
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(": ".join([str(path), *(word for word in words if word), message]))
    return lines


def write_companies(engine: Engine, told: CompaniesFile, now: datetime, who: str) -> Written:
    """Write the file into the ledger: new companies and people are made, known ones changed where it says so.

    Bank details are written where a company has none. Where it has, a change is asked for, by `who`, at the
    business time `now`.

    Raises:
        Conflict: another change of bank details is under way for a company.
        CompaniesError: a person belongs to a company that neither the file nor the ledger knows, or an agreed
            rate cannot be agreed.
    """
    with transaction(engine) as session:
        asked: list[str] = []
        ids: dict[str, UUID] = {}
        for entry in told.company:
            row, values = _company(session, entry)
            ids[entry.ref] = row.id
            guard = guarded(row, values)
            try:
                check_late_rate(session, row, values, now)
            except InvalidFact as error:
                raise CompaniesError(f"company {entry.ref}: {error}") from None
            _set(row, {name: value for name, value in values.items() if name not in guard})
            session.flush()
            if guard:
                # The workers' relay has the note that tells the managers.
                ask_change(session, row, guard, now, who)
                asked.append(entry.ref)
        alone = next(iter(ids.values())) if len(ids) == 1 else None
        for person in told.staff:
            company_id = _company_of(session, person, person.company, ids) if person.company else alone
            _staff(session, person, company_id)
        for entry in told.company:
            if entry.signatory is not None:
                write_signatory(session, ids[entry.ref], entry.signatory)
    return Written(len(told.company), len(told.staff), tuple(asked))


def write_signatory(session: Session, company_id: UUID, signatory: SignatoryEntry) -> None:
    """Keep a company's signatory among our own people, as its credit manager."""
    _staff(session, StaffEntry(**signatory.model_dump(), role="credit_manager"), company_id)


def _company(session: Session, entry: CompanyEntry) -> tuple[Company, dict[str, object]]:
    """A company's row, locked or new, and what the file says of it by column."""
    row = session.exec(
        select(Company).where(Company.ref == entry.ref).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        row = Company(id=uuid4(), ref=entry.ref, name=entry.name or entry.ref, country=entry.country or "FR")
        session.add(row)
    values: dict[str, object] = {
        "name": entry.name,
        "legal_name": entry.legal_name,
        "registration": entry.registration,
        "address": "\n".join(entry.address) if entry.address else None,
        "country": entry.country,
        "zone": entry.timezone,
        "language": entry.language,
        "email": entry.email,
        "phone": entry.phone,
        "payee": entry.payee,
        "iban": entry.iban,
        "bic": entry.bic,
        "payment_link": entry.payment_link,
        "gap_days": entry.gap_days,
        "reply_pause_days": entry.reply_pause_days,
        "digest_day": entry.digest_day,
        "interest": entry.interest,
        "late_rate": entry.late_rate,
        "imputation": entry.imputation,
        "payment_terms": entry.payment_terms,
    }
    if entry.signatory is not None:
        values |= {
            "signatory_name": entry.signatory.name,
            "signatory_email": entry.signatory.email,
            "signatory_phone": entry.signatory.phone,
        }
    return row, {name: value for name, value in values.items() if value is not None}


def _staff(session: Session, entry: StaffEntry, company_id: UUID | None) -> None:
    row = session.exec(select(Staff).where(Staff.email == entry.email)).one_or_none()
    if row is None:
        row = Staff(id=uuid4(), email=entry.email, name=entry.name, role=entry.role, company_id=company_id)
        session.add(row)
    given = "role" in entry.model_fields_set
    values = {"name": entry.name, "title": entry.title, "phone": entry.phone}
    _set(row, {**values, "role": entry.role if given else None})
    session.flush()


def _set(row: Company | Staff, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if value is not None:
            setattr(row, name, value)


def _company_of(session: Session, person: StaffEntry, ref: str, ids: Mapping[str, UUID]) -> UUID:
    if ref in ids:
        return ids[ref]
    row = session.exec(select(Company).where(Company.ref == ref)).one_or_none()
    if row is None:
        raise CompaniesError(f"staff {person.email}: company: no company {ref!r}")
    return row.id
