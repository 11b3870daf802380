"""Settings, read from the environment once at start. Secrets never show in a repr or a log."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from activities.channels.registered import Product
from activities.inbound.signatures import sendgrid_key
from models.errors import RelanceError
from rules.calendar import Channel

LEAST_SECRET = 20
"""Characters of a secret that mail is let in by."""

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


class Sending(StrEnum):
    """The switch: `off` decides and renders but nothing leaves; `allowlist` sends to named addresses only."""

    OFF = "off"
    ALLOWLIST = "allowlist"
    LIVE = "live"


class LogFormat(StrEnum):
    """How log records are written: a JSON object a line, or a line for reading."""

    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least that is logged. At `debug` every review has its line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SettingInvalid(RelanceError):
    """A setting that cannot be used; the text names the variable and what it takes."""


@lru_cache(maxsize=16)
def _fingerprint(sending: str, allowlist: tuple[str, ...]) -> str:
    text = "\n".join((sending, *allowlist))
    return f"{sending}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


class Settings(BaseSettings):
    """What an installation is told. Times are seconds.

    Temporal's own settings (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, TLS …) are read
    by the standard client configuration, not here.
    """

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    database_url: SecretStr | None = Field(default=None, validation_alias="RELANCE_DATABASE_URL")
    sending: Sending = Field(default=Sending.OFF, validation_alias="RELANCE_SENDING")
    allowlist: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), validation_alias="RELANCE_SENDING_ALLOWLIST"
    )
    sendgrid_api_key: SecretStr | None = Field(default=None, validation_alias="SENDGRID_API_KEY")
    sendgrid_host: str = Field(default="https://api.sendgrid.com", validation_alias="SENDGRID_HOST")
    sendgrid_timeout: float = Field(default=20.0, gt=0, le=60, validation_alias="SENDGRID_TIMEOUT")
    sendgrid_webhook_public_key: str | None = Field(
        default=None, validation_alias="SENDGRID_WEBHOOK_PUBLIC_KEY"
    )
    twilio_account_sid: str | None = Field(default=None, validation_alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr | None = Field(default=None, validation_alias="TWILIO_AUTH_TOKEN")
    twilio_from: str | None = Field(default=None, validation_alias="TWILIO_FROM")
    twilio_messaging_service_sid: str | None = Field(
        default=None, validation_alias="TWILIO_MESSAGING_SERVICE_SID"
    )
    twilio_base_url: str | None = Field(default=None, validation_alias="TWILIO_BASE_URL")
    twilio_timeout: float = Field(default=20.0, gt=0, le=60, validation_alias="TWILIO_TIMEOUT")
    email_per_second: float | None = Field(
        default=100.0, gt=0, le=10_000, validation_alias="RELANCE_EMAIL_PER_SECOND"
    )
    sms_per_second: float | None = Field(
        default=1.0, gt=0, le=10_000, validation_alias="RELANCE_SMS_PER_SECOND"
    )
    public_url: str | None = Field(default=None, validation_alias="RELANCE_PUBLIC_URL")
    inbound_domain: str | None = Field(default=None, validation_alias="RELANCE_INBOUND_DOMAIN")
    inbound_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), validation_alias="RELANCE_INBOUND_SECRET"
    )
    webhook_fresh_seconds: float = Field(
        default=600.0, gt=0, le=172_800, validation_alias="RELANCE_WEBHOOK_FRESH_SECONDS"
    )
    evidence_seconds: float = Field(
        default=1800.0, ge=0, le=604_800, validation_alias="RELANCE_EVIDENCE_SECONDS"
    )
    registered_drop: Path | None = Field(default=None, validation_alias="RELANCE_REGISTERED_DROP")
    registered_product: Product = Field(default=Product.LRAR, validation_alias="RELANCE_REGISTERED_PRODUCT")
    temporal_ui: str | None = Field(default=None, validation_alias="RELANCE_TEMPORAL_UI")
    sandbox_url: str | None = Field(default=None, validation_alias="RELANCE_SANDBOX_URL")
    worker_slots: int = Field(default=20, ge=2, le=500, validation_alias="RELANCE_WORKER_SLOTS")
    max_cached_workflows: int = Field(default=500, ge=10, validation_alias="RELANCE_CACHED_WORKFLOWS")
    deployment: str = Field(default="relance", validation_alias="RELANCE_DEPLOYMENT")
    build_id: str | None = Field(default=None, validation_alias="RELANCE_BUILD_ID")
    sweep_seconds: float = Field(default=30.0, gt=0, validation_alias="RELANCE_SWEEP_SECONDS")
    log: LogFormat | None = Field(default=None, validation_alias="RELANCE_LOG")
    log_level: LogLevel = Field(default=LogLevel.INFO, validation_alias="RELANCE_LOG_LEVEL")
    metrics_address: str | None = Field(default=None, validation_alias="RELANCE_METRICS_ADDRESS")
    sdk_metrics_address: str | None = Field(default=None, validation_alias="RELANCE_SDK_METRICS_ADDRESS")

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        # The address holds a password: it is never quoted.
        expected = "expected postgresql://user:password@host:port/database"
        if value is not None:
            try:
                url = make_url(value.get_secret_value())
            except ArgumentError:
                raise ValueError(expected) from None
            if not url.drivername.startswith("postgres"):
                raise ValueError(expected)
        return value

    @field_validator("email_per_second", "sms_per_second", mode="before")
    @classmethod
    def _rate(cls, value: object) -> object:
        return None if isinstance(value, str) and value.strip().lower() == "unlimited" else value

    @field_validator("sendgrid_webhook_public_key")
    @classmethod
    def _p256(cls, value: str | None) -> str | None:
        if value is not None:
            sendgrid_key(value)
        return value

    @field_validator("inbound_domain")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host = value.strip().lower().rstrip(".")
        if not _HOST.fullmatch(host):
            raise ValueError("expected the host name whose mail comes here, as in replies.example.com")
        return host

    @field_validator("inbound_secrets", mode="before")
    @classmethod
    def _secrets(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        # What was typed is not quoted: it is a secret all the same.
        if any(len(part) < LEAST_SECRET or not _PLAIN.fullmatch(part) for part in parts):
            raise ValueError(f"expected {LEAST_SECRET} letters and figures or more; two, during a change")
        return tuple(parts)

    @field_validator("registered_drop")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_absolute():
            raise ValueError("expected the whole path of a folder, as /srv/registered")
        return value

    @field_validator("registered_product", mode="before")
    @classmethod
    def _product(cls, value: object) -> object:
        if isinstance(value, str):
            return next((each for each in Product if each.lower() == value.strip().lower()), value)
        return value

    @field_validator("public_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.strip())
        plain = not (parts.query or parts.fragment or parts.username)
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
            raise ValueError("expected https://host, with the path before /webhooks if there is one")
        return value.strip().rstrip("/")

    @field_validator("log", "log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("metrics_address", "sdk_metrics_address")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None:
            split_address(value)
        return value

    @classmethod
    def load(cls) -> Settings:
        """The settings of this process's environment.

        Raises:
            SettingInvalid: one of them cannot be used.
        """
        try:
            return cls()
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            lines = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
            raise SettingInvalid("\n".join(lines)) from None

    @field_validator("allowlist", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    def evidence_may_come(self, channel: str) -> bool:
        """Whether a provider can tell by itself what became of a message nobody is sure of."""
        if not self.evidence_seconds:
            return False
        if channel == Channel.SMS:
            return self.public_url is not None and self.twilio_auth_token is not None
        return self.sendgrid_webhook_public_key is not None

    @property
    def sending_fingerprint(self) -> str:
        """Names the position of the switch: what one position withheld is looked at again under another."""
        return _fingerprint(self.sending.value, tuple(sorted(self.allowlist)))

    def may_send_to(self, address: str) -> bool:
        """Whether a message to `address` may leave: an allowlist names addresses, numbers or `@domains`."""
        if self.sending is Sending.LIVE:
            return True
        if self.sending is Sending.OFF:
            return False
        target = address.lower()
        return any(
            target == entry or (entry.startswith("@") and target.endswith(entry)) for entry in self.allowlist
        )


def split_address(text: str) -> tuple[str, int]:
    """Host and port of `host:port`; an IPv6 host stands in brackets.

    Raises:
        ValueError: it is no such address.
    """
    host, _, port = text.strip().rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise ValueError("expected host:port, as in 127.0.0.1:9464 or [::1]:9464")
    return host.removeprefix("[").removesuffix("]"), int(port)
