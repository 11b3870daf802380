"""Example bodies for the OpenAPI document."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.config import JsonDict, JsonValue


def example(**values: JsonValue) -> ConfigDict:
    """The configuration of a request body: nothing unknown is taken, and this is what one looks like."""
    shown: JsonDict = {"examples": [values]}
    return ConfigDict(extra="forbid", json_schema_extra=shown)
