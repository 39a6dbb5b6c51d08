"""Catalog files: what is accepted, and that every mistake is named with its file, line, field and remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deployments.cli import app
from wa_integrasi.catalog.nodes import MAX_BYTES
from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.catalog.reading import read_catalog, read_catalog_files

GOOD = """\
version: 1
contacts:
  budi:
    phone: 0812-0000-0001
    display_name: Budi Santoso
    salutation: Bapak
  sari: {phone: "+62 812-0000-0002", display_name: Sari, language: en}
groups:
  produksi:
    members: [budi, sari]
  grup-pabrik:
    chat_id: env
chat_templates:
  rekap:
    body: |
      Halo {{ recipient.name }},
      {{ report.title }}: {{ rows | length }}
reports:
  rekap-harian:
    title: Rekap Harian
    cadence: daily
    owner: budi
    source: pabrik
    query: SELECT unit FROM produksi WHERE ts >= :slot_start AND ts < :slot_end
    template: rekap
    recipients: [produksi, grup-pabrik]
"""


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        read_catalog(text, "c.yaml")
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_good_file_is_read() -> None:
    catalog = read_catalog(GOOD, "c.yaml")
    assert catalog.contacts["budi"].phone == "+6281200000001"
    assert catalog.contacts["sari"].language == "en"
    assert catalog.groups["produksi"].members == ("budi", "sari")
    report = catalog.reports["rekap-harian"]
    assert (report.enabled, report.when_empty, report.account, report.max_rows) == (True, "nihil", "default", 200)
    assert catalog.chat_templates["rekap"].body.startswith("Halo {{ recipient.name }},\n")


def test_bytes_with_a_byte_order_mark_are_read() -> None:
    assert read_catalog(b"\xef\xbb\xbf" + GOOD.encode(), "c.yaml") == read_catalog(GOOD, "c.yaml")


def test_empty_sections_are_no_mistake() -> None:
    assert read_catalog("version: 1\ncontacts:\ngroups:\n", "c.yaml").contacts == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "daily",
            "dayly",
            "reports.rekap-harian.cadence: found 'dayly', must be daily, weekly, monthly or task_delivery",
        ),
        ("    cadence: daily\n", "", "reports.rekap-harian.cadence: found nothing, must be given: How often"),
        ("owner: budi", "owner: bud", "reports.rekap-harian.owner: found 'bud', must be the name of a contact: budi"),
        ("owner: budi", "owner: produksi", "owner: found the group 'produksi', must be the name of a contact"),
        ("template: rekap", "template: rekpa", "template: found 'rekpa', must be the name of a chat template: rekap"),
        ("[produksi, grup", "[produksy, grup", "recipients[0]: found 'produksy', must be the name of a contact or"),
        ("[produksi, grup-pabrik]", "[]", "recipients: found an empty list, must be one name at least"),
        ("[produksi, grup-pabrik]", "produksi", "recipients: found 'produksi', must be a list of names"),
        ("[produksi, grup-pabrik]", "[budi, budi]", "recipients: found 'budi' more than once, must be once"),
        ("[budi, sari]", "[budi, rina]", "groups.produksi.members[1]: found 'rina', must be the name of a contact"),
        ("[budi, sari]", "[]", "groups.produksi: found no members, must be at least one contact"),
        ("[budi, sari]", "[budi]\n    chat_id: env", "groups.produksi: found members and chat_id, must be one of"),
        ("chat_id: env", "chat_id:", "groups.grup-pabrik: found neither members nor chat_id, must be one of the two"),
        ("chat_id: env", "chat_id: 0812-0000-0001", "chat_id: found a phone, must be the id of a group chat"),
        (
            "language: en}",
            "ids: [08123456789]}",
            "contacts.sari.ids[0]: found a phone, must be the id by which a channel",
        ),
        (
            "    salutation: Bapak\n  sari: {",
            "    ids: [12345678@lid]\n  sari: {ids: [ID.1a2b3c, 12345678@lid], ",
            "contacts.sari.ids[1]: found an id that budi has too, must be of one person",
        ),
        ("source: pabrik", "source: Pabrik 1", "source: found 'Pabrik 1', must be a name of 1 to 63 small letters"),
        (":slot_end", ":slot_stop", "query: found ':slot_stop', must be :slot_start, :slot_end, :slot_date"),
        (":slot_end", ":slot_end::date", "query: found ':slot_end::', must be CAST(:slot_end AS …)"),
        ("title: Rekap Harian", "title:", "title: found nothing, must be text"),
        ("title: Rekap Harian", "title: {a: b}", "title: found a mapping (key: value), must be text"),
        ("title: Rekap Harian", 'title: "  "', "title: found nothing but spaces, must be text"),
        ("title: Rekap Harian", 'title: "a\\nb"', "title: found 2 lines, must be one line"),
        ("title: Rekap Harian", 'title: "a\\0b"', "title: found the character U+0000"),
        ("source: pabrik", "source: pabrik\n    enabled: maybe", "enabled: found 'maybe', must be true or false"),
        ("source: pabrik", 'source: pabrik\n    max_rows: "10"', "max_rows: found '10', must be a whole number"),
        ("source: pabrik", "source: pabrik\n    max_rows: 010", "max_rows: found '010', must be a whole number"),
        ("source: pabrik", "source: pabrik\n    max_rows: 0", "max_rows: found 0, must be 1 or more"),
        ("source: pabrik", "source: pabrik\n    max_rows: 10001", "max_rows: found 10001, must be 10000 or less"),
        ("language: en", "language: no", "contacts.sari.language: found 'no', must be id or en"),
        (
            "source: pabrik",
            'source: pabrik\n    always: ["07:00"]',
            "found always, must not be given: only a report of the",
        ),
        (
            "cadence: daily",
            'cadence: task_delivery\n    always: ["7 pagi"]',
            "always[0]: found '7 pagi', must be a time of",
        ),
        (
            "cadence: daily",
            "cadence: task_delivery\n    compare: true",
            "found compare, must not be given: previous has",
        ),
        ("version: 1\n", "version: 2\n", "version: found '2', must be 1"),
        ("version: 1\n", "", "version: found nothing, must be given: version: 1"),
        ("rows | length", "row | length", "chat_templates.rekap.body: found 'row', must be rows, report, slot, now"),
        ("phone: 0812-0000-0001", "phone: !!str 081200000001", "phone: found the tag '!!str', must be a value without"),
        ("phone: 0812-0000-0001", "phone: *telepon", "found *telepon, must be the name of an anchor that ends above"),
    ],
)
def test_a_mistake_is_named_with_what_is_valid(old: str, new: str, expected: str) -> None:
    found = problems(changed(old, new))
    assert len(found) == 1, found
    assert expected in found[0]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("UPDATE produksi SET ton = 0", "a source only takes SELECT"),
        ("DROP TABLE produksi", "a source only takes SELECT"),
        ("PRAGMA table_info(produksi)", "a source only takes SELECT"),
        ("SELECT 1; DELETE FROM produksi", "more than one statement"),
        ("WITH x AS (DELETE FROM produksi RETURNING unit) SELECT unit FROM x", "DELETE is not allowed"),
        ("SELECT unit INTO salinan FROM produksi", "SELECT INTO is not allowed"),
        ("SELECT pg_sleep(60)", "pg_sleep() is not allowed"),
        ("SELECT unit FROM WHERE ton", "syntax error: line 1"),
    ],
)
def test_a_query_that_no_database_would_be_asked_is_a_mistake(query: str, reason: str) -> None:
    [found] = problems(GOOD.replace(GOOD[GOOD.index("SELECT") : GOOD.index("    template: rekap")], f"{query}\n"))
    assert found.startswith("c.yaml:24: reports.rekap-harian.query: found '")
    assert found.endswith("; must be one SELECT that only reads, WITH before it or not")
    assert reason in found


@pytest.mark.parametrize(
    "query",
    [
        "WITH x AS (SELECT unit FROM produksi) SELECT unit FROM x",
        "-- tiap unit\nSELECT /* ton */ unit FROM produksi;",
        "SELECT ton::int, milik_kita(ton) FROM produksi WHERE ts >= CAST(:slot_start AS timestamptz)",
        "SELECT `unit` FROM `produksi` WHERE DATE_FORMAT(ts, '%Y') = '2026' LIMIT 1, 2",
        "SELECT NVL(unit, '-') FROM produksi WHERE ROWNUM < 5 CONNECT BY PRIOR induk = unit",
        "SELECT TOP 5 tag, value FROM piarchive..picomp2 WHERE time BETWEEN '*-1d' AND '*'",
    ],
)
def test_a_query_that_one_kind_of_database_takes_is_none(query: str) -> None:
    block = query.replace("\n", "\n      ")
    text = GOOD.replace(GOOD[GOOD.index("SELECT") : GOOD.index("    template: rekap")], f"|-\n      {block}\n")
    assert read_catalog(text, "c.yaml").reports["rekap-harian"].query == query


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("cadence:", "cadense:", "reports.rekap-harian.cadense: unknown key (did you mean 'cadence'?), must be title"),
        ("  grup-pabrik:\n", "  budi:\n", "groups.budi: found a contact of the same name, must be a name that no"),
        ("  grup-pabrik:\n", "  Grup Pabrik:\n", "groups.Grup Pabrik: found 'Grup Pabrik', must be a name of 1 to 63"),
    ],
)
def test_a_wrong_name_is_told_with_what_misses_it(old: str, new: str, expected: str) -> None:
    named, missing = problems(changed(old, new))
    assert expected in named or expected in missing


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines() -> None:
    text = changed("daily", "dayly").replace("language: en", "languag: en").replace("template: rekap", "template: x")
    text = text.replace("chat_id: env", "chat_id: env\n    members: [nobody]").replace("{{ report", "{{ }} {{ report")
    found = problems(text)
    fields = [problem.split(": ")[1] for problem in found]
    assert fields == [
        "contacts.sari.languag",
        "groups.grup-pabrik",
        "groups.grup-pabrik.members[0]",
        "chat_templates.rekap.body",
        "reports.rekap-harian.cadence",
        "reports.rekap-harian.template",
    ]
    parts = ["languag:", "grup-pabrik:", "nobody", "{{ }}", "dayly", "template: x"]
    assert [int(problem.split(":")[1]) for problem in found] == [line_of(text, part) for part in parts]


def test_a_template_mistake_has_the_line_of_the_file() -> None:
    text = changed("Halo {{ recipient.name }},", "Halo\n\n      {% if %}")
    (found,) = problems(text)
    assert found.startswith(f"c.yaml:{line_of(text, '{% if')}: chat_templates.rekap.body: ")


def test_a_template_mistake_in_quotes_has_the_line_of_the_text() -> None:
    text = changed("    body: |\n", '    body: "Halo\\n{{"\n').replace(
        "      Halo {{ recipient.name }},\n      {{ report.title }}: {{ rows | length }}\n", ""
    )
    (found,) = problems(text)
    assert found.startswith(f"c.yaml:{line_of(text, 'Halo')}: chat_templates.rekap.body: line 2: ")


@pytest.mark.parametrize("phone", ["081200000001", "+6281200000001", "62812_0000_0001x", "0o12", "1:20"])
def test_a_phone_is_never_read_as_a_number(phone: str) -> None:
    text = changed("phone: 0812-0000-0001", f"phone: {phone}")
    if phone.strip("+").isdigit():
        assert read_catalog(text, "c.yaml").contacts["budi"].phone == "+6281200000001"
    else:
        (found,) = problems(text)
        assert "contacts.budi.phone: " in found
        assert "must be a phone number such as" in found


def test_a_wrong_phone_is_not_repeated_in_the_message() -> None:
    (found,) = problems(changed("0812-0000-0001", "0812-98"))
    assert "0812-98" not in found


@pytest.mark.parametrize("word", ["no", "on", "2026-11-19", "12:30:45", "1e3", "0x1f"])
def test_words_that_yaml_takes_for_something_else_stay_words(word: str) -> None:
    assert read_catalog(changed("Rekap Harian", word), "c.yaml").reports["rekap-harian"].title == word


def test_yes_and_no_switch_a_report() -> None:
    text = changed("source: pabrik", "source: pabrik\n    enabled: off")
    assert read_catalog(text, "c.yaml").reports["rekap-harian"].enabled is False


def test_a_key_that_is_there_twice_is_a_mistake() -> None:
    text = changed("    source: pabrik\n", "    source: pabrik\n    source: lain\n")
    (found,) = problems(text)
    assert found.startswith(f"c.yaml:{line_of(text, 'source: lain')}: reports.rekap-harian.source: found twice, first")


def test_anchors_and_merges_are_written_out() -> None:
    text = GOOD.replace("rekap-harian:", "rekap-harian: &harian") + "  lain:\n    <<: *harian\n    title: Lain\n"
    catalog = read_catalog(text, "c.yaml")
    assert catalog.reports["lain"] == catalog.reports["rekap-harian"].model_copy(update={"title": "Lain"})


def test_aliases_cannot_make_a_small_file_large() -> None:
    lines = ["version: 1", "a: &a [x]", "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]"]
    for before, name in zip("bcdefghi", "cdefghij", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    assert any("than the catalog may hold" in problem for problem in problems("\n".join(lines)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "c.yaml:1: found no keys, must be a mapping with the keys version"),
        ("- a", "c.yaml:1: found a list, must be a mapping with the keys version"),
        ("version: 1\nreports: [a]", "c.yaml:2: reports: found a list, must be a mapping of names"),
        ("version: 1\nreports: a: b", "c.yaml:2:11: not YAML: mapping values are not allowed"),
        ("version: 1\ncontacts:\n\tbudi: 1", "c.yaml:3:1: not YAML: "),
        ("version: 1\n---\nversion: 1", "c.yaml:2: found a second document after ---"),
        ("version: 1\ncontacts: \x07", "c.yaml:2:11: found the control character U+0007"),
        ("version: 1\n? [a]\n: b", "c.yaml:2: found a list or mapping as a key, must be text"),
        ("? " * 5000 + "x", "levels, must be fewer"),
        ("[" * 5000, "levels, must be fewer"),
        (b"version: 1\n# Pabrik \xff", "c.yaml:2: found the byte 0xff, must be text saved as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "c.yaml:1: found 1,048,577 bytes, must be 1,048,576 at most"),
    ],
)
def test_what_is_no_catalog_at_all(text: str | bytes, expected: str) -> None:
    assert any(expected in problem for problem in problems(text))


def test_files_and_folders_make_one_catalog(tmp_path: Path) -> None:
    people, rest = GOOD.split("chat_templates:")
    (tmp_path / "reports").mkdir()
    (tmp_path / "people.yaml").write_text(people)
    (tmp_path / "reports" / "daily.yml").write_text(f"version: 1\nchat_templates:{rest}")
    expected = read_catalog(GOOD, "c.yaml")
    assert read_catalog_files([tmp_path]) == expected
    assert read_catalog_files([tmp_path / "people.yaml", tmp_path, tmp_path / "reports"]) == expected


def test_a_name_in_two_files_is_a_mistake_that_names_both(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(GOOD)
    two.write_text("version: 1\ncontacts:\n  budi: {phone: 081200000009, display_name: Budi}\n")
    with pytest.raises(CatalogError) as caught:
        read_catalog_files([one, two])
    assert str(caught.value) == f"{two}:3: contacts.budi: found also at {one}:3, must be in one file only"


def test_a_file_that_cannot_be_read_hides_no_mistake_of_another(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\ncontacts: [")
    (tmp_path / "b.yaml").write_text(changed("daily", "dayly").replace("owner: budi", "owner: in-a"))
    with pytest.raises(CatalogError) as caught:
        read_catalog_files([tmp_path])
    assert [Path(problem.place.file).name for problem in caught.value.problems] == ["a.yaml", "b.yaml"]
    assert "cadence" in str(caught.value)


def test_a_path_without_files_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"must be a file or a folder with \.yaml files"):
        read_catalog_files([tmp_path / "nothing.yaml", tmp_path])


def test_the_command_counts_everything_that_files_say(tmp_path: Path) -> None:
    file = tmp_path / "intake.yaml"
    contact = "contacts:\n  piket: {phone: 0812-3456-7890, display_name: Piket}\n"
    file.write_text(f"version: 1\n{contact}policies:\n  intake: {{duty_group: piket}}\n")
    said = CliRunner().invoke(app, ["catalog", "check", str(file)]).stdout
    assert said == "good: 0 reports, 0 triggers, 0 chat templates, 0 groups, 1 contact, 1 policy\n"


def test_a_wrong_word_of_a_list_is_told_without_the_list(tmp_path: Path) -> None:
    file = tmp_path / "intake.yaml"
    file.write_text("version: 1\npolicies:\n  intake:\n    words:\n      stoppages: ['']\n")
    with pytest.raises(CatalogError) as caught:
        read_catalog_files([file])
    assert "stoppages" in str(caught.value)
    assert "''" in str(caught.value)
    assert "found a list" not in str(caught.value)


def test_a_number_of_two_contacts_is_doubtful(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(GOOD.replace("+62 812-0000-0002", "+62 812-0000-0001"))
    ran = CliRunner().invoke(app, ["catalog", "check", "--strict", str(file)])
    assert ran.exit_code == 1
    assert f"warning: {file}:7: contacts.sari.phone: found the number of the contact 'budi', should be" in ran.stderr


def test_programs_read_what_was_found_as_one_object(tmp_path: Path) -> None:
    def told(text: str, *options: str) -> tuple[int, dict[str, Any]]:
        (tmp_path / "c.yaml").write_text(text)
        ran = CliRunner().invoke(app, ["catalog", "check", "--json", *options, str(tmp_path / "c.yaml")])
        assert ran.stderr == ""
        return ran.exit_code, json.loads(ran.stdout)

    file = str(tmp_path / "c.yaml")
    assert told(GOOD) == (0, {"ok": True, "problems": [], "warnings": []})
    code, wrong = told(changed("language: en", "language: fr"))
    assert (code, wrong["ok"], wrong["warnings"]) == (1, False, [])
    [problem] = wrong["problems"]
    assert problem["text"] == "found 'fr', must be id or en"
    assert (problem["file"], problem["line"], problem["field"]) == (file, 7, "contacts.sari.language")
    assert told("a: b: c")[1]["problems"][0]["column"] == 5
    doubtful = changed("Halo {{ recipient.name }}", "*Halo {{ recipient.name }}")
    code, warned = told(doubtful)
    assert (code, warned["ok"], [each["line"] for each in warned["warnings"]]) == (
        0,
        True,
        [line_of(doubtful, "*Halo")],
    )
    code, strict = told(doubtful, "--strict")
    assert (code, strict) == (1, {**warned, "ok": False})
