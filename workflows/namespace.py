"""What the Temporal namespace must know before cases run: the search attributes they write.

A server answers a case that writes an unknown attribute by failing its workflow task, again and again: the
case is reviewed each time and never gets to sleep. So a worker looks before it takes the first task.
"""

from __future__ import annotations

from collections.abc import Mapping

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client

from models.errors import RelanceError
from models.ids import SEARCH_ATTRIBUTE_TYPES

_TYPES: Mapping[str, IndexedValueType.ValueType] = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}
_CLOUD = ".tmprl.cloud"
_CLOUD_API = ".api.temporal.io"


class NamespaceIncomplete(RelanceError):
    """Search attributes are missing, or have another type; the text has the command that makes them."""


async def missing_search_attributes(client: Client) -> dict[str, str]:
    """Type by name of the search attributes that cases write and the client's namespace lacks.

    One that is there under another type counts as missing.

    Raises:
        RPCError: the server does not tell (a role may not ask).
    """
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    return {
        name: kind
        for name, kind in SEARCH_ATTRIBUTE_TYPES.items()
        if listed.custom_attributes.get(name) != _TYPES[kind]
    }


def how_to_create(missing: Mapping[str, str], namespace: str, address: str) -> str:
    """The command line that makes the missing attributes: the cluster's, or Temporal Cloud's."""
    host = address.rpartition(":")[0]
    if host.endswith((_CLOUD, _CLOUD_API)):
        wanted = " ".join(f"--search-attribute {name}={kind}" for name, kind in missing.items())
        return f"tcld namespace search-attributes add --namespace {namespace} {wanted}"
    # Given several names, the command makes the first and says that all is well.
    return " && ".join(
        f"temporal operator search-attribute create --namespace {namespace} --type {kind} --name {name}"
        for name, kind in missing.items()
    )


async def require_search_attributes(client: Client) -> None:
    """Refuse a namespace in which no case could sleep.

    Raises:
        NamespaceIncomplete: with the command to run.
        RPCError: the server does not tell.
    """
    missing = await missing_search_attributes(client)
    if missing:
        command = how_to_create(missing, client.namespace, client.service_client.config.target_host)
        raise NamespaceIncomplete(
            f"the Temporal namespace {client.namespace} lacks search attributes "
            f"({', '.join(missing)}), and no case could go to sleep; run: {command}"
        )
