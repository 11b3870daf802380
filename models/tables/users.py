"""People who sign in to the console: their passwords' hashes, their sessions, and who tried."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from models.tables.columns import Instant, Table, check


class ConsoleUser(Table, table=True):
    """Somebody with a password; `email` in small letters. Roles and companies as those of API keys."""

    __tablename__ = "console_user"
    __table_args__ = (
        check("role", "role IN ('viewer', 'collector', 'manager')"),
        check("language", "language IN ('fr', 'en')"),
        check("email", "email = lower(email)"),
    )

    id: UUID = Field(primary_key=True)
    email: str = Field(unique=True)
    name: str
    password_hash: str
    role: str
    language: str
    all_companies: bool
    created_at: datetime = Field(sa_type=Instant)
    created_by: str
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class ConsoleUserCompany(Table, table=True):
    """A company that a user is limited to."""

    __tablename__ = "console_user_company"

    user_id: UUID = Field(foreign_key="console_user.id", primary_key=True)
    company_id: UUID = Field(foreign_key="company.id", primary_key=True)


class ConsoleSession(Table, table=True):
    """A sign-in that lasts. Of its token only a hash is kept; `told` is said on the next page, once."""

    __tablename__ = "console_session"

    token_hash: str = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="console_user.id", index=True)
    begun_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    told: str | None = None


class SignInFailure(Table, table=True):
    """A sign-in that failed, or is being examined; kept as long as it counts against the next one."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index(None, "email", "at"), Index(None, "address", "at"))

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant)
    email: str
    address: str
