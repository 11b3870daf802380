"""Cells of requests, checked as the import checks them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from activities import addresses
from admin.portfolio import cells
from models.errors import InvalidFact
from rules.calendar import BusinessCalendar, UnknownCountry, UnknownZone, business_calendar
from rules.interest import Imputation, LawCode, Mode
from rules.terms_text import payment_terms

Words = Annotated[str, Field(min_length=1, max_length=cells.MAX_TEXT), AfterValidator(cells.text)]
Email = Annotated[
    str, Field(max_length=254, examples=["compta@client.example"]), AfterValidator(addresses.email)
]
OurEmail = Annotated[
    str,
    Field(max_length=254, description="Somebody must read it", examples=["claire@brunet.example"]),
    AfterValidator(cells.answered_email),
]
Language = Annotated[str, Field(max_length=5, examples=["fr"]), AfterValidator(cells.language)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["FR"])]
Zone = Annotated[str, Field(max_length=64, description="IANA name", examples=["Europe/Paris"])]
InterestMode = Annotated[
    Mode,
    Field(
        description="What customers hear of interest and fixed sums: nothing; that they are due, reckoned in "
        "the formal notice; or their sum in firm reminders, too"
    ),
]
PaymentTerms = Annotated[
    str,
    Field(
        max_length=200,
        description="For invoices that come without a due date; 'end of month' is read in the order of "
        "the words",
        examples=["45 jours fin de mois", "net 30"],
    ),
    AfterValidator(payment_terms),
]
Imputes = Annotated[
    Imputation,
    Field(
        description="What a payment goes to first where interest is reckoned: the invoice it names, or "
        "interest (by law, where the creditor does not say otherwise)"
    ),
]
LateLaw = Annotated[
    LawCode,
    Field(description="The law on late payment that was agreed, in the place of the countries' own"),
]
LateRate = Annotated[
    Decimal,
    Field(
        ge=0,
        le=100,
        max_digits=7,
        decimal_places=4,
        description="Agreed rate of late-payment interest, percent a year; it takes the law's place",
        examples=["12.5"],
    ),
]
LetGo = Annotated[
    Decimal,
    Field(
        ge=0,
        le=1000,
        max_digits=8,
        decimal_places=4,
        description="In the invoice's currency",
        examples=["1.00"],
    ),
]
Number = Annotated[
    str,
    Field(
        min_length=3,
        max_length=40,
        description="International, or as dialled there",
        examples=["+33612345678"],
    ),
]


class Given(BaseModel):
    """A body of which only what is given counts: `null` empties a field, leaving it out changes nothing."""

    model_config = ConfigDict(extra="forbid")

    def told(self, *, required: tuple[str, ...] = ()) -> dict[str, Any]:
        """What was given, by name.

        Raises:
            InvalidFact: nothing, or null for one of the `required`.
        """
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if not given:
            raise InvalidFact("give at least one field to change")
        for name in required:
            if name in given and given[name] is None:
                raise InvalidFact(f"{name}: required, it cannot be emptied")
        return given


def calendar_of(country: str, zone: str | None) -> BusinessCalendar:
    """The business calendar there.

    Raises:
        InvalidFact: an unknown country or zone.
    """
    try:
        return business_calendar(country, zone)
    except UnknownCountry as error:
        raise InvalidFact(f"country: {error}") from None
    except UnknownZone as error:
        raise InvalidFact(f"timezone: {error}") from None


def phone_of(number: str, country: str, field: str = "phone") -> addresses.Phone:
    """A telephone number in E.164 with its kind.

    Raises:
        InvalidFact: no such number.
    """
    try:
        return addresses.phone(number, country)
    except ValueError as error:
        raise InvalidFact(f"{field}: {error}") from None
