"""The part of the contract that all collections of named resources share: to put, read and delete one resource."""

from analytics.api.codes import RESOURCE_CODES, WRITE_CODES, Codes
from analytics.api.operation import Operation, RequestBody
from analytics.schemas.catalog import PutQuery, Recorded, ResourcePath


def resource_operations(
    path: str,
    tag: str,
    article: str,
    noun: str,
    *,
    put: tuple[str, RequestBody, type[Recorded], Codes],
    get: tuple[str, type[Recorded]],
) -> tuple[Operation, ...]:
    """The operations on one resource of a collection.

    Args:
        path: that of the collection: `/annotations`.
        article, noun: what a resource is called: `an`, `annotation`.
        put: description, body, answer and problems of the PUT, without the problems that all have.
        get: description and answer of the GET.
    """
    about_put, body, outcome, problems = put
    about_get, recorded = get
    path = f"{path}/{{id}}"
    return (
        Operation(
            "put",
            path,
            tag,
            f"Put {article} {noun}",
            about_put,
            {200: (outcome,), 201: (outcome,)},
            {**problems, **WRITE_CODES, 404: ("not_found",)},
            query=PutQuery,
            body=body,
            path_schema=ResourcePath,
            has_conditions=True,
        ),
        Operation(
            "get",
            path,
            tag,
            f"Read one {noun}",
            about_get,
            {200: (recorded,), 304: ()},
            RESOURCE_CODES,
            path_schema=ResourcePath,
        ),
        Operation(
            "delete",
            path,
            tag,
            f"Delete {article} {noun}",
            "With `If-Match` only where it still has that version.",
            {204: ()},
            {**RESOURCE_CODES, **WRITE_CODES},
            path_schema=ResourcePath,
            has_conditions=True,
        ),
    )
