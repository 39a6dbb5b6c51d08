"""Exported YAML: reads back as the same catalog, and people like to read it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.catalog.models import Catalog, ChatTemplate, Report
from wa_integrasi.catalog.people import Contact, Group
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.catalog.writing import write_catalog
from wa_integrasi.sources.sql.guard import never_run

_ODD = st.sampled_from(
    [
        "no",
        "~",
        "null",
        "08",
        "1e3",
        "2026-11-19",
        "- a",
        "a: b",
        "a #b",
        "'",
        '"',
        "|",
        "%x",
        "---",
        "...",
        "<<",
        "✅",
        "👩‍🏭",
    ]
)
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_SPACES = st.text(alphabet=" \t\n\r\x85\u2028\ufeff#:-'\"|>ab⚠️", max_size=30)
prose = st.text(_CHARACTERS, max_size=40) | _SPACES | _ODD
lines = prose.map(lambda text: " ".join(text.splitlines())).filter(lambda text: len(text.splitlines()) < 2)
titles = lines.filter(str.strip)
bodies = prose.filter(str.strip).map(lambda text: text.replace("{", "(")) | st.just(
    "{% for row in rows %}\n{{ row.unit }}\n\n---\n{% endfor %}\n"
)
queries = prose.map(
    lambda text: "SELECT '" + text.translate({ord("'"): "''", ord(":"): ";", ord("\r"): "\n"}) + "'"
).filter(lambda query: never_run(query) is None)
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,6}", fullmatch=True) | st.sampled_from(["no", "null", "1", "0x1", "on"])
phones = st.integers(1, 99).map(lambda number: f"+628120000{number:04}")
contacts = st.builds(
    Contact, phone=phones, display_name=titles, salutation=lines, language=st.sampled_from(["id", "en"])
)
templates = st.builds(ChatTemplate, body=bodies, language=st.sampled_from(["id", "en"]))


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    people = draw(st.dictionaries(names, contacts, min_size=1, max_size=3))
    texts = draw(st.dictionaries(names, templates, min_size=1, max_size=2))
    some = st.lists(st.sampled_from(sorted(people)), min_size=1, unique=True).map(tuple)
    groups = st.one_of(
        st.builds(Group, members=some), st.builds(Group, chat_id=st.sampled_from(["env", "120363012345678901@g.us"]))
    )
    reports = st.builds(
        Report,
        title=titles,
        description=prose,
        cadence=st.sampled_from(["daily", "weekly", "monthly"]),
        enabled=st.booleans(),
        owner=st.sampled_from(sorted(people)),
        source=names,
        query=queries,
        template=st.sampled_from(sorted(texts)),
        recipients=some,
        when_empty=st.sampled_from(["nihil", "skip", "alert"]),
        account=names,
        max_rows=st.integers(1, 10_000),
    )
    return Catalog(
        version=1,
        contacts=people,
        groups=draw(st.dictionaries(names.filter(lambda name: name not in people), groups, max_size=2)),
        chat_templates=texts,
        reports=draw(st.dictionaries(names, reports, max_size=2)),
    )


@settings(max_examples=150, deadline=None)
@given(catalogs())
def test_what_is_written_reads_back_the_same(catalog: Catalog) -> None:
    text = write_catalog(catalog)
    again = read_catalog(text, "c.yaml")
    assert again == catalog
    assert write_catalog(again) == text


def test_it_looks_as_a_person_would_write_it() -> None:
    catalog = Catalog(
        version=1,
        contacts={
            "sari": Contact(phone="0812-0000-0002", display_name="Sari", salutation="Ibu"),
            "budi": Contact(phone="0812-0000-0001", display_name="Budi"),
        },
        groups={"produksi": Group(members=("sari", "budi"))},
        chat_templates={"rekap": ChatTemplate(body="✅ {{ report.title }}\n\n{{ rows | length }} baris\n")},
        reports={
            "harian": Report(
                title="Rekap: harian",
                cadence="daily",
                owner="budi",
                source="pabrik",
                query="SELECT unit\nFROM produksi",
                template="rekap",
                recipients=("produksi",),
            )
        },
    )
    assert write_catalog(catalog) == (
        """\
version: 1

contacts:
  sari:
    phone: '+6281200000002'
    display_name: Sari
    salutation: Ibu

  budi:
    phone: '+6281200000001'
    display_name: Budi

groups:
  produksi:
    members:
      - sari
      - budi

chat_templates:
  rekap:
    body: |
      ✅ {{ report.title }}

      {{ rows | length }} baris

reports:
  harian:
    title: 'Rekap: harian'
    cadence: daily
    owner: budi
    source: pabrik
    query: |-
      SELECT unit
      FROM produksi
    template: rekap
    recipients:
      - produksi
"""
    )


def test_an_empty_catalog_is_short() -> None:
    assert write_catalog(Catalog(version=1)) == "version: 1\n"
