"""Functions that a query may call, by dialect: what only computes. Whatever is not here is refused.

Left out on purpose: what waits, locks, writes, reads files, reaches the network, changes the session, runs SQL that is
in a text, or makes a huge value of a small one (`repeat`, `space`, `lpad` where nothing bounds it).
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


_COMMON = words("""
    abs acos asin atan atan2 avg ceil ceiling coalesce concat cos count cume_dist degrees dense_rank exp extract
    first_value floor greatest lag last_value lead least length ln log lower ltrim max min mod ntile nth_value nullif
    percent_rank pi power radians rank replace round row_number rtrim sign sin sqrt substr sum tan trim upper
    cast cot
""")

_ALLOWED = {
    "sqlite": _COMMON
    | words("""
        char concat_ws date datetime format glob group_concat hex if ifnull iif instr json json_array json_array_length
        json_each json_extract json_object json_tree json_type json_valid json_group_array json_group_object julianday
        like likelihood likely log10 log2 printf quote random soundex strftime string_agg substring time
        timediff total trunc typeof unicode unixepoch unlikely pow octet_length
    """),
    "postgresql": _COMMON
    | words("""
        age array_agg array_length array_position array_to_string ascii bit_and bit_or bool_and bool_or btrim
        cardinality char_length character_length chr concat_ws corr date date_bin date_part date_trunc div
        every generate_series
        generate_subscripts grouping initcap isfinite json_agg json_array_elements json_array_elements_text
        json_array_length json_build_array json_build_object json_each json_each_text json_extract_path
        json_extract_path_text json_object_agg jsonb_agg jsonb_array_elements jsonb_array_elements_text
        jsonb_array_length jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path_text jsonb_object_agg
        justify_days justify_hours justify_interval left log10 make_date make_interval make_time make_timestamp
        make_timestamptz md5 mode now octet_length overlay percentile_cont percentile_disc position random
        regexp_count regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
        regexp_substr regr_slope regr_intercept regr_r2 reverse right row_to_json split_part starts_with stddev
        stddev_pop stddev_samp string_agg string_to_array strpos substring time timezone to_char to_date to_json
        to_jsonb to_number to_timestamp translate trunc unnest var_pop var_samp variance width_bucket
        clock_timestamp statement_timestamp transaction_timestamp
    """),
    "mysql": _COMMON
    | words("""
        adddate addtime ascii bit_and bit_or bit_xor char char_length character_length concat_ws conv convert convert_tz
        crc32 curdate curtime date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear
        elt field find_in_set format from_days from_unixtime group_concat hex hour if ifnull inet_ntoa insert instr
        isnull json_array json_arrayagg json_contains json_extract json_keys json_length json_object json_objectagg
        json_table json_type json_unquote json_valid json_value last_day lcase left locate log10 log2 makedate maketime
        md5 median microsecond mid minute month monthname now octet_length ord percentile_cont period_add period_diff
        position pow quarter rand regexp_instr regexp_like regexp_replace regexp_substr reverse right sec_to_time second
        sha1 sha2 std stddev stddev_pop stddev_samp str_to_date strcmp subdate substring substring_index subtime sysdate
        time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_days to_seconds truncate ucase
        unhex unix_timestamp utc_date utc_time utc_timestamp current_date current_time current_timestamp localtime
        localtimestamp var_pop var_samp variance week weekday weekofyear year yearweek
    """),
    "oracle": _COMMON
    | words("""
        add_months ascii bitand chr corr current_timestamp decode from_tz grouping grouping_id initcap instr
        json_array json_arrayagg json_exists json_object json_objectagg json_query json_table json_value last_day
        listagg localtimestamp lpad median months_between new_time next_day numtodsinterval numtoyminterval nvl nvl2
        percentile_cont percentile_disc ratio_to_report regexp_count regexp_instr regexp_like regexp_replace
        regexp_substr rpad rowidtochar stddev stddev_pop stddev_samp systimestamp to_char to_date to_dsinterval
        to_number to_timestamp to_timestamp_tz to_yminterval translate trunc tz_offset validate_conversion var_pop
        var_samp variance width_bucket first last
    """),
}

GRAMMAR = words("""
    select from where having join on using and or not in any all some exists as with recursive union intersect except
    minus distinct between like ilike is when then else case by over filter group within sets rollup cube values lateral
    limit offset fetch first next interval array row table partition window materialized escape return end
    columns passing default only keep connect start prior index match against xor div mod regexp rlike similar to zone
""")
"""Words that may stand before a parenthesis without being functions."""

TYPES = words("""
    binary bit bpchar char character clob date datetime dec decimal double float int integer nchar nclob number numeric
    nvarchar nvarchar2 raw real second signed smallint bigint tinyint mediumint text time timestamp timestamptz unsigned
    varbinary varbit varchar varchar2 varying year precision blob
""")


def allowed(dialect: str, more: frozenset[str] = frozenset()) -> frozenset[str]:
    """The functions of a dialect, and `more` that a source's own settings allow."""
    return _ALLOWED[dialect] | {name.lower() for name in more}
