"""The part of the contract about the catalog: annotations, and all resources together."""

from analytics.api.codes import BODY_CODES, READ_CODES, Codes
from analytics.api.contract_resource import resource_operations
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import catalog
from analytics.schemas.annotation import AnnotationSchema

ANNOTATION = {"text": "Deploy 1.4.2", "service": "checkout", "tags": ["deploy"], "link": "https://ci.example/runs/142"}
ANNOTATION_CODES: Codes = {
    **BODY_CODES,
    422: ("validation_failed", "timestamp_in_future", "timestamp_too_old", "end_before_time"),
}

CATALOG_OPERATIONS = (
    Operation(
        "post",
        "/annotations",
        "Annotations",
        "Add an annotation",
        "Something that happened, such as a deploy or an incident, drawn in every chart. With an `end` it is a span. "
        "Times may be up to 5 years ahead. "
        "The service names it (`id`); PUT instead lets you name it, which makes a retry safe. The newest 10,000 are "
        "kept, as long as days are.",
        {201: (catalog.AnnotationPut,)},
        ANNOTATION_CODES,
        body=RequestBody(AnnotationSchema, ANNOTATION),
    ),
    Operation(
        "get",
        "/annotations",
        "Annotations",
        "Read annotations",
        "Those that overlap a span of time, newest first.",
        {200: (catalog.AnnotationPage,), 304: ()},
        READ_CODES,
        query=catalog.AnnotationsQuery,
        asked={"limit": 20},
    ),
    *resource_operations(
        "/annotations",
        "Annotations",
        "an",
        "annotation",
        put=(
            "Creates or replaces the annotation of that name. With `If-Match` only where it still has that version, "
            "with `If-None-Match: *` only where there is none; a later request gets a 412. The same content again "
            "changes nothing, not even the version.",
            RequestBody(AnnotationSchema, ANNOTATION),
            catalog.AnnotationPut,
            ANNOTATION_CODES,
        ),
        get=("Its version is its ETag.", catalog.RecordedAnnotation),
    ),
    Operation(
        "get",
        "/catalog",
        "Catalog",
        "Read all resources",
        "The whole configuration, in the order of collections and names, as `analytics export-config` writes it to a "
        "file.",
        {200: (catalog.CatalogPage,), 304: ()},
        READ_CODES,
        query=catalog.CatalogQuery,
        asked={"collection": "annotations", "limit": 20},
    ),
)
