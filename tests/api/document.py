"""The API's OpenAPI document, which takes a second to make: once for all who read it."""

from __future__ import annotations

from typing import Any, Final, cast

from admin.api.app import create_app
from admin.api.context import Api

DOCUMENT: Final[dict[str, Any]] = create_app(cast(Api, None)).openapi()
