"""What the OpenAPI document shows as an example is taken as a request."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from tests.api.document import DOCUMENT
from tests.api.matrix import OPERATIONS


def bodies() -> dict[str, str]:
    """The model of each operation's body, by operation."""
    return {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]["schema"][
            "$ref"
        ].rpartition("/")[2]
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        # What providers post is in their own forms, and shown as such.
        if "$ref"
        in operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    }


def models(base: type[BaseModel] = BaseModel) -> dict[str, type[BaseModel]]:
    """Every model of the API, by name."""
    found: dict[str, type[BaseModel]] = {}
    for each in base.__subclasses__():
        if each.__module__.startswith("admin.api"):
            found[each.__name__] = each
        found |= models(each)
    return found


@pytest.mark.parametrize(("operation", "name"), sorted(bodies().items()))
def test_the_example_of_a_body_is_accepted(operation: str, name: str) -> None:
    (example,) = DOCUMENT["components"]["schemas"][name]["examples"]
    model = models()[name]
    assert model.model_validate_json(json.dumps(example)).model_fields_set == set(example)
    assert model.model_config.get("extra") == "forbid", "a misspelt field is refused, not passed over"


def test_operations_that_write_have_a_body_or_nothing_to_say() -> None:
    silent = {name for name in OPERATIONS if name not in bodies()}
    writing = {
        operation["operationId"]
        for methods in DOCUMENT["paths"].values()
        for method, operation in methods.items()
        if method != "get"
    }
    assert silent & writing == {
        *("lift_contact_stop", "opt_out_contact", "end_absence", "end_closure", "stop_policy_trial"),
        *("approve_bank_details_change", "cancel_bank_details_change"),
        *("receive_sendgrid_events", "receive_twilio_status", "receive_twilio_text"),
        "import_invoices",
        *("receive_sendgrid_mail", "receive_sendgrid_mail_by_address"),
        # Its body is the file itself.
        "import_bank_file",
    }
