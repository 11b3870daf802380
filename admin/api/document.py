"""The OpenAPI document: what the framework knows of each operation, and what every operation may answer."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from admin.api.problems import MEDIA_TYPE, TITLES, Problem

_PROBLEM = {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}


class Documented(FastAPI):
    """An application whose document names what no operation says for itself."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            for methods in document["paths"].values():
                for operation in methods.values():
                    _complete(operation)
        return super().openapi()


def _complete(operation: dict[str, Any]) -> None:
    """Whoever sends a body may be told that it cannot be read, or is too large; a problem is one by type."""
    answers = operation["responses"]
    body = operation.get("requestBody")
    if body is not None:
        answers.setdefault("413", {"description": TITLES[413][1]})
        if "application/json" in body["content"]:
            answers.setdefault("400", {"description": TITLES[400][1]})
    for status, answer in answers.items():
        if status >= "4":
            # The framework writes the model under the type of what is answered when all is well.
            answer["content"] = {MEDIA_TYPE: _PROBLEM}
