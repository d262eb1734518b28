"""The functions that a query may call: those that read nothing but their arguments.

All others are refused, among them those that read files, settings or catalogs, run text as SQL, sleep, or write.
"""

OPERATORS = """
    + - * / // % ^ ** & | << >> ~ ~~ !~~ ~~* !~~* ~~~ || -> ->> = == != <> < > <= >= @> <@ && <-> <=> <^@ ^@ @ !
    !__postfix
"""

AGGREGATES = """
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_min
    arg_min_null argmax argmin array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count count_if
    count_star countif covar_pop covar_samp entropy favg first fsum geomean geometric_mean group_concat
    histogram kahan_sum kurtosis last list listagg mad max max_by mean median min min_by mode product quantile
    quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy skewness stddev stddev_pop stddev_samp string_agg sum sumkahan var_pop var_samp variance
"""

WINDOWS = """
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank rank_dense row_number
"""

NUMBERS = """
    abs acos acosh add asin asinh atan atan2 atanh bit_count cbrt ceil ceiling cos cosh cot degrees divide even
    exp fdiv floor fmod gamma gcd greatest greatest_common_divisor isfinite isinf isnan lcm least
    least_common_multiple lgamma ln log log10 log2 mod multiply nextafter pi pow power radians random round
    round_even sign signbit sin sinh sqrt subtract tan tanh trunc xor
"""

TEXTS = """
    ascii bar bit_length char_length character_length chr concat concat_ws contains ends_with format
    format_bytes formatreadablesize from_base64 from_hex hash hex ilike_escape instr lcase left left_grapheme
    len length length_grapheme like_escape lower lpad ltrim md5 nfc_normalize not_ilike_escape not_like_escape
    ord position prefix printf regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches
    regexp_replace regexp_split_to_array repeat replace reverse right rpad rtrim sha1 sha256 split split_part
    starts_with str_split str_split_regex string_split string_split_regex string_to_array strip_accents strlen
    strpos substr substring suffix to_base64 to_hex translate trim ucase unhex unicode upper url_decode
    url_encode
"""

TIMES = """
    age ago century current_date current_localtime current_localtimestamp date_add date_diff date_part date_sub
    date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month
    decade epoch epoch_ms epoch_ns epoch_us era get_current_timestamp hour isodow isoyear julian last_day
    make_date make_time make_timestamp make_timestamptz microsecond millennium millisecond minute month
    monthname now quarter second strftime strptime time_bucket timezone to_centuries to_days to_decades to_hours
    to_microseconds to_milliseconds to_minutes to_months to_seconds to_timestamp to_weeks to_years today
    transaction_timestamp try_strptime week weekday weekofyear year yearweek
"""

JSON = """
    array_to_json from_json json json_array json_array_length json_contains json_exists json_extract
    json_extract_path json_extract_path_text json_extract_string json_group_array json_group_object json_keys
    json_object json_quote json_structure json_type json_valid json_value row_to_json to_json try_cast
"""

LISTS = """
    apply array_append array_concat array_contains array_distinct array_extract array_filter array_has
    array_has_all array_has_any array_indexof array_length array_position array_prepend array_reverse
    array_slice array_sort array_to_string array_transform array_unique cardinality element_at filter flatten
    generate_series generate_subscripts list_aggregate list_append list_apply list_avg list_concat list_contains
    list_count list_distinct list_element list_extract list_filter list_has list_has_all list_has_any
    list_indexof list_max list_median list_min list_pack list_position list_prepend list_reduce list_reverse
    list_reverse_sort list_select list_slice list_sort list_sum list_transform list_unique list_value list_where
    list_zip map map_contains map_entries map_extract map_extract_value map_from_entries map_keys map_values
    range reduce row struct_extract struct_insert struct_pack unnest
"""

OTHERS = """
    coalesce constant_or_null error gen_random_uuid hash if ifnull nullif typeof uuid
"""

ALLOWED = frozenset(" ".join((OPERATORS, AGGREGATES, WINDOWS, NUMBERS, TEXTS, TIMES, JSON, LISTS, OTHERS)).split())
"""Names of functions, in lower case, that may be called in expressions."""

ALLOWED_TABLES = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
"""Names of functions, in lower case, that may stand in FROM."""
