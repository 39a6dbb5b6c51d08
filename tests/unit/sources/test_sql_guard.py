"""What a query must be before a database sees it, on each dialect."""

from __future__ import annotations

import pytest

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql.database import DIALECTS
from wa_integrasi.sources.sql.guard import check

EVERYWHERE = [
    "",
    ";",
    "-- SELECT 1",
    "/* SELECT 1 */",
    "SELECT 1; SELECT 2",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; COMMIT; BEGIN; DELETE FROM t",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "DELETE FROM t",
    "MERGE INTO t USING u ON (t.a = u.a) WHEN MATCHED THEN UPDATE SET a = 1",
    "WITH a AS (DELETE FROM t RETURNING b) SELECT * FROM a",
    "WITH a AS (SELECT 1) DELETE FROM t",
    "SELECT * INTO u FROM t",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t FOR UPDATE SKIP LOCKED",
    "CREATE TABLE t (a INTEGER)",
    "CREATE TEMPORARY TABLE u (a INTEGER)",
    "DROP TABLE t",
    "ALTER TABLE t ADD b INTEGER",
    "TRUNCATE TABLE t",
    "GRANT ALL ON t TO someone",
    "SET a = 1",
    "CALL f()",
    "EXEC f",
    "EXECUTE IMMEDIATE 'DELETE FROM t'",
    "BEGIN",
    "COMMIT",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE DELETE FROM t",
    "USE other",
    "SHOW TABLES",
    "SELECT own_function(1)",
    "SELECT f.own(1)",
    "SELECT public.upper('a')",
    'SELECT "own function"(1)',
    "SELECT /*+ MAX_EXECUTION_TIME(0) */ 1",
    "SELECT 1 /*!50000 , 2 */",
    "SELECT 1 /*M! , 2 */",
    "SELECT 1 /*M!100100 , 2 */",
    "SELECT 1 /* /* */ , f() /* */ */",
    "SELECT 1 /* without an end",
    "SELECT ?",
    "SELECT @a",
    "SELECT 1 \x00",
    "SELECT :1",
    "SELECT s.nextval FROM t",
    "SELECT s.currval FROM t",
    "SELECT nextval('s')",
    "WITH load_file(a) AS (SELECT 1) SELECT load_file('/etc/passwd') FROM load_file",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT '" + "x" * 100_001 + "'",
]

HOLES = {
    "postgresql": [
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT pg_catalog.set_config('statement_timeout', '0', false)",
        "SELECT \"set_config\"('statement_timeout', '0', false)",
        "SELECT set_config/**/('statement_timeout', '0', false)",
        "SELECT current_setting('data_directory')",
        "SELECT pg_sleep(9)",
        "SELECT * FROM pg_sleep(9)",
        "SELECT * FROM ROWS FROM (pg_sleep(9)) AS t",
        "SELECT (pg_sleep(9)).x",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_binary_file('/etc/passwd')",
        "SELECT * FROM pg_ls_dir('/')",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_reload_conf()",
        "SELECT pg_notify('a', 'b')",
        "NOTIFY a",
        "LISTEN a",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock(1)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/x')",
        "SELECT lo_create(0)",
        "SELECT * FROM dblink('', 'DELETE FROM t') AS t (a text)",
        "SELECT dblink_exec('', 'DELETE FROM t')",
        "SELECT setval('s', 1)",
        "SELECT lastval()",
        "SELECT query_to_xml('DELETE FROM t', true, true, '')",
        "SELECT table_to_xml('t', true, true, '')",
        "SELECT database_to_xml(true, true, '')",
        "SELECT ts_stat('SELECT 1')",
        "SELECT repeat('x', 1000000000)",
        "SELECT E'\\' , pg_sleep(9) --'",
        "SELECT E'\\', upper2(1), E'\\''",
        "SELECT a$$, shift_of(9) AS b$$ FROM t",
        "SELECT $$a$$",
        "SELECT $x$a$x$",
        "SELECT U&'\\', shift_of(9), ''",
        "SELECT $1",
        "COPY t FROM '/etc/passwd'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "DO $$ BEGIN END $$",
        "PREPARE p AS DELETE FROM t",
        "LOCK TABLE t",
        "SELECT * FROM t FOR SHARE",
        "SELECT * FROM t FOR NO KEY UPDATE",
        "VACUUM",
        "LOAD 'x'",
    ],
    "mysql": [
        "SELECT load_file('/etc/passwd')",
        "SELECT LOAD_FILE ('/etc/passwd')",
        "SELECT `load_file`('/etc/passwd')",
        "SELECT 1 --1 + load_file('/etc/passwd')\n",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 INTO DUMPFILE '/tmp/x'",
        "SELECT 1 INTO @a",
        "SELECT @a := 1",
        "SELECT sleep(9)",
        "SELECT benchmark(1000000000, md5('x'))",
        "SELECT get_lock('a', 9)",
        "SELECT release_all_locks()",
        "SELECT is_free_lock('a')",
        "SELECT master_pos_wait('a', 1)",
        "SELECT nextval(s)",
        "SELECT NEXT VALUE FOR s",
        "SELECT setval(s, 1)",
        "SELECT lastval(s)",
        "SELECT last_insert_id(1)",
        "SELECT sys_exec('true')",
        "SELECT extractvalue(1, load_file('/etc/passwd'))",
        "HANDLER t OPEN",
        "HANDLER t READ FIRST",
        "SET SESSION TRANSACTION READ WRITE",
        "SET STATEMENT max_statement_time = 0 FOR SELECT 1",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
        "REPLACE INTO t VALUES (1)",
        "SELECT * FROM t LOCK IN SHARE MODE",
        "SELECT * FROM t PROCEDURE analyse()",
        "DO sleep(9)",
        "KILL 1",
        "LOCK TABLES t WRITE",
        "SELECT repeat('x', 1000000000)",
        "SELECT 'a\\'', own(1), '\\''",
        "SELECT version()",
        "SELECT @@version",
        "SELECT user()",
    ],
    "sqlite": [
        "ATTACH 'x' AS y",
        "DETACH y",
        "PRAGMA query_only = OFF",
        "SELECT * FROM pragma_table_info('t')",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "SELECT readfile('/etc/passwd')",
        "SELECT edit('x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT zeroblob(900000000)",
        "SELECT randomblob(900000000)",
        "VACUUM INTO 'x'",
        "REINDEX",
        "REPLACE INTO t VALUES (1)",
        "SELECT 1 /* /* */ , own(1) /* */",
    ],
    "oracle": [
        "SELECT utl_http.request('http://x') FROM dual",
        "SELECT UTL_INADDR.get_host_address('x') FROM dual",
        "SELECT dbms_lock.sleep(9) FROM dual",
        "SELECT dbms_xmlgen.getxml('SELECT 1 FROM dual') FROM dual",
        "SELECT dbms_pipe.receive_message('a', 9) FROM dual",
        "SELECT sys.utl_http.request('http://x') FROM dual",
        "SELECT httpuritype('http://x').getclob() FROM dual",
        "SELECT xmltype('<a/>').getclobval() FROM dual",
        "SELECT q'[ ' ]' || own.f('x') || q'[ ' ]' FROM dual",
        "SELECT nq'[ ' ]' FROM dual",
        "SELECT own.function_without_arguments FROM dual",
        "SELECT * FROM t@link",
        "SELECT s.nextval FROM dual",
        "SELECT sys_context('USERENV', 'HOST') FROM dual",
        "SELECT * FROM TABLE(own_rows())",
        "WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; SELECT f FROM dual",
        "BEGIN NULL; END;",
        "SELECT * FROM t FOR UPDATE WAIT 5",
        "SELECT 1 INTO a FROM dual",
        "ALTER SESSION SET NLS_LANGUAGE = 'x'",
    ],
}

HIDDEN = [
    ("postgresql", "SELECT E'a'\n'\\' || ', own(1) --'"),
    ("postgresql", "SELECT e'a' || 'b'"),
    ("postgresql", "SELECT 'a\\', own(1), 'b'"),
    ("postgresql", 'SELECT "a\\", own(1), "b" FROM t'),
    ("postgresql", "SELECT n'\\', own(1), ''"),
    ("postgresql", "SELECT 1 -- x\r, own(1)"),
    ("postgresql", "SELECT 1 WHERE a OPERATOR(own.+) b"),
    ("postgresql", "SELECT own\u00a0(1)"),
    ("mysql", "SELECT `a\\`, own(1), `b` FROM t"),
    ("mysql", 'SELECT "a\\"", own(1), "b"'),
    ("mysql", "SELECT 'a''', own(1), ''''"),
    ("mysql", "SELECT {fn own(1)}"),
    ("mysql", "SELECT {# \n fn own(1)} -- #}"),
    ("mysql", "SELECT 1 --\u00a0+ own(1)\n"),
    ("mysql", "SELECT 1 # x\n, own(1)"),
    ("mysql", "SELECT own/**/(1)"),
    ("mysql", "SELECT _utf8'\\'', own(1), ''"),
    ("mysql", "TABLE t INTO OUTFILE '/tmp/x'"),
    ("mysql", "SELECT 1 UNION SELECT 2 INTO OUTFILE '/tmp/x'"),
    ("oracle", "SELECT '\\', own.f(1), '' FROM dual"),
    ("oracle", 'SELECT "a\\", own.f(1), "b" FROM dual'),
    ("sqlite", "SELECT [a'], own(1), [b'] FROM t"),
    ("sqlite", "SELECT '\\', own(1), ''"),
]
"""Calls where a parser that reads quotes, comments or escapes otherwise than the server would see none."""

GOOD = {
    "sqlite": [
        "SELECT unit, strftime('%H.00', ts, '+7 hours') AS jam FROM t WHERE ts >= :slot_start AND (:unit IS NULL OR 1)",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a UNION ALL SELECT 2 ORDER BY 1;",
    ],
    "postgresql": [
        "SELECT date_trunc('day', ts AT TIME ZONE 'Asia/Jakarta')::date, sum(ton) FILTER (WHERE ton > 0) FROM t",
        "SELECT unit, rank() OVER (PARTITION BY a ORDER BY b DESC) FROM plant.t JOIN u USING (unit) -- :x",
        "SELECT a->>'b', a @> '{}' FROM t WHERE ts > now() - interval '1 day' LIMIT 5",
        "SELECT * FROM generate_series(1, 3) AS g (n), LATERAL (SELECT n + 1 AS m) AS l",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT 'DELETE FROM t; -- /* it''s only a text */'",
    ],
    "mysql": [
        "SELECT date_format(ts, '%d/%m'), ifnull(sum(ton), 0), group_concat(DISTINCT a ORDER BY a SEPARATOR ',')",
        "SELECT `unit`, if(ton > 5, 'a', \"b\"), timestampdiff(HOUR, a, b), ts + INTERVAL 1 DAY FROM t # words",
    ],
    "oracle": [
        "SELECT to_char(e.ts, 'YYYY-MM-DD'), NVL(e.a, 0), trunc(sysdate) FROM hr.t e WHERE ROWNUM < 10",
        "SELECT CAST(ts AT TIME ZONE 'Asia/Jakarta' AS TIMESTAMP), listagg(a, ',') WITHIN GROUP (ORDER BY a) FROM t",
        "SELECT a FROM t ORDER BY a FETCH FIRST 5 ROWS ONLY",
    ],
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("statement", EVERYWHERE, ids=lambda text: repr(text[:60]))
def test_whatever_does_more_than_read_is_refused_on_every_dialect(dialect: str, statement: str) -> None:
    with pytest.raises(SourceError, match="refused") as error:
        check(statement, dialect)
    assert not error.value.transient


@pytest.mark.parametrize(
    ("dialect", "statement"), [(dialect, each) for dialect, holes in HOLES.items() for each in holes]
)
def test_every_known_hole_is_shut(dialect: str, statement: str) -> None:
    with pytest.raises(SourceError, match="refused"):
        check(statement, dialect)


@pytest.mark.parametrize(("dialect", "statement"), HIDDEN)
def test_a_call_that_is_hidden_from_a_parser_is_not_hidden_from_the_guard(dialect: str, statement: str) -> None:
    with pytest.raises(SourceError, match="refused"):
        check(statement, dialect)


@pytest.mark.parametrize(
    ("dialect", "statement"), [(dialect, each) for dialect, queries in GOOD.items() for each in queries]
)
def test_what_reports_ask_is_let_through_unchanged(dialect: str, statement: str) -> None:
    checked = check(statement, dialect)
    assert statement.startswith(checked.text)


def test_a_refusal_says_what_and_where() -> None:
    with pytest.raises(SourceError, match=r"the function shift_of\(\) is not on the list .* \(line 2\)"):
        check("SELECT 1,\n shift_of(2)", "postgresql")
    with pytest.raises(SourceError, match="syntax error: line 1, column"):
        check("SELECT 1 FROM (", "postgresql")


def test_a_source_may_allow_functions_of_its_own_and_no_others() -> None:
    own = frozenset({"shift_of", "plant.Shift_Name"})
    check("SELECT shift_of(ts), plant.shift_name(ts) FROM t", "postgresql", own)
    for call in ("other.shift_of(ts)", "shift_name(ts)", "shift_end(ts)"):
        with pytest.raises(SourceError, match="not on the list"):
            check(f"SELECT {call} FROM t", "postgresql", own)
    with pytest.raises(SourceError, match="pg_sleep"):
        check("SELECT pg_sleep(1)", "postgresql", frozenset({"pg_sleep"}))


@pytest.mark.parametrize(
    ("percent", "written"),
    [
        (True, "SELECT '5 %% :a', %(p_end)s, x::text FROM t WHERE b IN (%(p_b_0)s, %(p_b_1)s)"),
        (False, "SELECT '5 % :a', :p_end, x::text FROM t WHERE b IN (:p_b_0, :p_b_1)"),
    ],
)
def test_binds_are_written_as_the_driver_takes_them(percent: bool, written: str) -> None:
    checked = check("SELECT '5 % :a', :end, x::text FROM t WHERE b IN :b", "postgresql")
    assert checked.names == {"end", "b"}
    text, values = checked.written({"end": 1, "b": ["x", "y"], "more": 2}, percent=percent)
    assert (text, values) == (written, {"p_end": 1, "p_b_0": "x", "p_b_1": "y"})
