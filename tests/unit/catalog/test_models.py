"""Catalogs that are built in Python, and how groups find their chat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from wa_integrasi.catalog.models import Catalog
from wa_integrasi.catalog.people import Contact, Group, GroupUnresolvedError
from wa_integrasi.catalog.problems import CatalogError
from wa_integrasi.catalog.reading import json_schema, read_catalog
from wa_integrasi.catalog.rules import missing
from wa_integrasi.policy.words import Words

ROOT = Path(__file__).parents[3]


def test_the_committed_schema_is_current() -> None:
    expected = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    committed = (ROOT / "docs" / "catalog.schema.json").read_text(encoding="utf-8")
    assert committed == expected, "write it again as docs/catalog.md says"


def test_every_field_is_described() -> None:
    schema = json_schema()
    models = [schema, *schema["$defs"].values()]
    assert all(field.get("description") for model in models for field in model["properties"].values())


def test_a_catalog_with_broken_references_cannot_be_built() -> None:
    with pytest.raises(ValidationError, match=r"groups\.produksi\.members\.0: found 'budi'"):
        Catalog(version=1, groups={"produksi": Group(members=("budi",))})


def test_a_validation_error_does_not_show_a_phone_number() -> None:
    with pytest.raises(ValidationError) as caught:
        Contact(phone="0812-98", display_name="Budi")
    assert "0812-98" not in str(caught.value)


@pytest.mark.parametrize("phone", ["120363012345678901@g.us", "ID.abcdefgh", "", "12"])
def test_a_contact_has_a_phone_number(phone: str) -> None:
    with pytest.raises(ValidationError, match="must be a phone number"):
        Contact(phone=phone, display_name="Budi")


def test_a_stored_entry_is_the_same_when_it_comes_back() -> None:
    for group in (Group(members=("budi",)), Group(chat_id="120363012345678901@g.us"), Group(chat_id="env")):
        assert Group.model_validate(group.model_dump(mode="json")) == group


def test_a_distribution_list_has_no_chat() -> None:
    assert Group(members=("budi",)).chat("produksi", {}) is None


def test_a_group_chat_has_its_id() -> None:
    assert Group(chat_id="120363012345678901@G.US").chat("pabrik", {}) == "120363012345678901@g.us"


def test_a_group_chat_may_have_its_id_from_the_environment() -> None:
    ids = {"grup-pabrik": "120363012345678901@g.us"}
    assert Group(chat_id="env").chat("grup-pabrik", ids) == "120363012345678901@g.us"


@pytest.mark.parametrize("ids", [{}, {"grup-pabrik": ""}, {"grup-pabrik": "0812-0000-0001"}, {"grup-pabrik": "x"}])
def test_a_missing_or_wrong_group_id_names_the_variable(ids: dict[str, str]) -> None:
    with pytest.raises(GroupUnresolvedError, match="WA_GROUP_GRUP_PABRIK_ID"):
        Group(chat_id="env").chat("grup-pabrik", ids)


@pytest.mark.parametrize(
    ("query", "fine"),
    [
        ("SELECT 1", True),
        ("SELECT :slot_start, :slot_end, :slot_date, :as_of, :as_of_date", True),
        ("SELECT a::text, '12:30', strftime('%H:%M', x) FROM t", True),
        ("SELECT ' :word', \"a :word\" FROM t -- :word", True),
        ("SELECT a /* :word\n:word */ FROM t WHERE b = 'it''s :word'", True),
        ("SELECT 'a', :word", False),
        ("SELECT a FROM t WHERE hari = ':slot_date'", False),
        ("SELECT a FROM t WHERE b = 'dari :slot_date'", True),
        ("SELECT 'a' || ':b' || :word", False),
        ("SELECT :unit", False),
        ("SELECT :SLOT_START", False),
        ("   ", False),
    ],
)
def test_a_query_binds_the_slot_only(query: str, fine: bool) -> None:
    def build() -> Catalog:
        report = {"title": "Rekap", "cadence": "daily", "owner": "a", "source": "s", "query": query}
        return Catalog.model_validate(
            {
                "version": 1,
                "contacts": {"a": {"phone": "0812-0000-0001", "display_name": "A"}},
                "chat_templates": {"t": {"body": "x"}},
                "reports": {"r": {**report, "template": "t", "recipients": ["a"]}},
            }
        )

    if fine:
        assert build().reports["r"].query == query
    else:
        with pytest.raises(ValidationError, match="must be"):
            build()


def test_words_of_the_plant_stand_beside_those_that_are_built_in() -> None:
    words = {"hazards": ["kiln + merah"]}
    catalog = Catalog.model_validate({"version": 1, "policies": {"intake": {"words": words}}})
    assert {"kiln + merah", "kebakaran"} <= set(catalog.intake.words.words.hazards)
    assert Catalog(version=1).intake.words.words == Words()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("duty_group: siapa", "policies.intake.duty_group: found 'siapa', must be the name of a contact or group"),
        ("spam: {per_minute: 0}", "policies.intake.spam.per_minute: found 0, must be 1 or more"),
        ("words: {hazards: [a + b + c]}", "in 'a + b + c' the + must stand between two single words"),
        ("sapm: {}", "unknown key (did you mean 'spam'?)"),
    ],
)
def test_a_wrong_policy_is_told_with_its_line(line: str, said: str) -> None:
    with pytest.raises(CatalogError) as caught:
        read_catalog(f"version: 1\npolicies:\n  intake:\n    {line}\n", "c.yaml")
    assert str(caught.value).startswith("c.yaml:4: ")
    assert said in str(caught.value)


def test_who_names_what_is_not_there_is_told_what_is_near_and_not_hundreds() -> None:
    assert missing("report", "harain", {"mingguan", "harian"}) == (
        "no report is called harain (did you mean 'harian'?); there are: harian, mingguan"
    )
    assert missing("report", "x", ()) == "no report is called x; there are: none"
    many = missing("report", "rekap-98", [f"rekap-{number:03}" for number in range(100)])
    assert many.startswith(
        "no report is called rekap-98 (did you mean 'rekap-098'?); there are: rekap-000, rekap-001, "
    )
    assert many.endswith(", rekap-011 and 88 more")
