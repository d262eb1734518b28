"""The functions of statements about records, for DuckDB: see `RecordQuery`, and `query/records/functions.py`."""

_FREQUENCIES = "zqjxkvwyphgumlrsnitofbdcae-_./:, 0123456789"
"""Characters of texts, from rare to frequent."""
RECORD_MACROS = (
    "member(name) AS '\"' || name || '\"'",
    # a JSON pointer takes any name, and the first of several members; the last one counts
    "json_text(object, name) AS CASE WHEN contains(object, '\\') "
    "OR contains(object[strpos(object, member(name)) + 1:], member(name)) "
    "THEN json_extract_string(object, '$.*')"
    "[len(json_keys(object)) + 1 - list_position(list_reverse(json_keys(object)), name)] "
    "ELSE json_extract_string(object, '/' || replace(replace(name, '~', '~0'), '/', '~1')) END",
    "folded(text) AS replace(lower(replace(text, '\u0130', 'i')), '\u03c2', '\u03c3')",
    # the rarest character of a text: it is searched for first, which takes less time than to make letters small
    "rarest(text) AS (list_sort(list_transform(string_split(lower(text), ''), "
    f"lambda c: printf('%02d', strpos('{_FREQUENCIES}', c)) || c)))[1][3:]",
    "has_rarest(text, c) AS contains(text, c) OR contains(text, upper(c)) OR (c = 'k' AND contains(text, '\u212a')) "
    "OR (c = 'i' AND contains(text, '\u0130'))",
    # what depends on `searched` alone is decided once
    "has_text(text, searched) AS CASE WHEN text IS NULL OR searched IS NULL THEN NULL WHEN searched = '' THEN true "
    "WHEN strlen(searched) <> length(searched) THEN contains(folded(text), folded(searched)) "
    "WHEN has_rarest(text, rarest(searched)) THEN contains(folded(text), lower(searched)) ELSE false END",
    "whole(a, b) AS (a // nullif(b, 0)) - CASE WHEN a % nullif(b, 0) <> 0 AND (a < 0) <> (b < 0) THEN 1 ELSE 0 END",
    "percentile(number, share) AS quantile_cont(number, share)",
)
"""The functions that DuckDB does not have; it has `regexp_matches`."""
