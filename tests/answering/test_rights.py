"""Who may run what, where; and what comes from people who try what they should not."""

from __future__ import annotations

import pytest

from tests.answering.world import PEOPLE, World
from wa_integrasi.store.tables import audit_log, commands, wa_outbox

ALLOWED = {
    # who and where: the triggers that answer; every other one is refused
    ("budi", None): {"produksi", "suhu boiler 2"},
    ("siti", None): {"produksi", "suhu boiler 2"},
    ("dewi", None): {"produksi"},
    ("tamu", None): set(),
    ("orang", None): set(),
    ("budi", "ruang-kendali"): {"produksi"},
    ("dewi", "ruang-kendali"): {"produksi"},
    ("tamu", "ruang-kendali"): set(),
    ("orang", "ruang-kendali"): set(),
    ("budi", "kantin"): {"kantin hari ini"},
    ("tamu", "kantin"): {"kantin hari ini"},
    ("orang", "kantin"): {"kantin hari ini"},
    ("budi", "lain"): set(),
    ("orang", "lain"): set(),
}
TRIGGERS = ("produksi", "suhu boiler 2", "kantin hari ini", "terkunci")


@pytest.mark.parametrize(("who", "group"), ALLOWED, ids=str)
def test_rights(world: World, who: str, group: str | None) -> None:
    answered = set()
    for text in TRIGGERS:
        world.clock.tick(seconds=20)
        before = len(world.plant.asked)
        world.write(who, f"!{text}", group)
        world.answer()
        if len(world.plant.asked) > before:
            answered.add(text)
    assert answered == ALLOWED[who, group]
    refused = [row for row in world.rows(commands) if row.state == "refused"]
    assert len(refused) == len(TRIGGERS) - len(answered)
    assert len([row for row in world.rows(audit_log) if row.outcome == "refused"]) == len(refused)


def test_a_refusal_is_written_down_without_a_number_in_full(world: World) -> None:
    world.said("dewi", "suhu boiler 2")
    world.said("orang", "suhu boiler 2")
    assert world.audited() == [
        ("contact:dewi", "refused", "suhu-boiler: role"),
        ("+62…9999", "refused", "unknown_sender"),
    ]
    assert PEOPLE["orang"] not in str([(row.subject, row.details) for row in world.rows(audit_log)])


def test_a_dangerous_trigger_that_ran_is_written_down(world: World) -> None:
    world.said("budi", "setel 5")
    world.said("budi", f"ya {world.code_for('budi')}")
    [row] = world.rows(audit_log)
    assert (row.actor, row.action, row.outcome, row.details["trigger"]) == (
        "contact:budi",
        "command.run",
        "done",
        "setel",
    )


def test_what_one_approves_the_other_cannot_approve_again(world: World) -> None:
    with world.store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE contacts SET definition = json_set(definition, '$.roles', json('[\"operator\",\"kepala-shift\"]')) "
            "WHERE name = 'john'"
        )
    world.clock.tick(minutes=2)
    world.said("budi", "kosongkan silo 3")
    codes = {who: world.code_for(who) for who in ("siti", "john")}
    assert codes["siti"] != codes["john"]
    assert "silo dikosongkan" in world.said("siti", f"ya {codes['siti']}")[0]
    assert world.said("john", f"yes {codes['john']}") == ["That request has been decided already, or was cancelled."]
    assert len([row for row in world.rows(wa_outbox) if "dikosongkan" in row.content]) == 1


@pytest.mark.parametrize("who", ["budi", "siti", "orang"])
def test_the_right_code_is_worth_nothing_elsewhere(world: World, who: str) -> None:
    world.said("budi", "setel 5")
    code = world.code_for("budi")
    before = len(world.plant.asked)
    world.said(who, f"!ya {code}", "ruang-kendali")
    if who != "budi":
        world.said(who, f"ya {code}")
    assert len(world.plant.asked) == before
    assert {outcome for _, outcome, _ in world.audited()} == {"refused"}


ATTACKS = {
    "suhu boiler 2; DROP TABLE boiler": "sql",
    "suhu boiler 1 UNION SELECT 1": "sql",
    "produksi hari=2040-11-19' OR 1=1 --": "sql",
    "suhu boiler 2 or 1=1": "sql",
    "suhu boiler {{ 7 * 7 }}": "template",
    "produksi {% for x in range(10) %}": "template",
    "setel ${jndi:ldap://x}": "template",
    "menu {{ config }}": "template",
    "suhu boiler \u202e2": "direction",
    "\u0455uhu boiler 2": "lookalike",
    "suhu b\u043eiler 2": "lookalike",
    "suhu boiler " + "9" * 3_900: "long",
    "produksi " + "a " * 2_000: "long",
    "menu " + "x" * 4_000: "long",
}


@pytest.mark.parametrize("text", ATTACKS, ids=lambda text: text[:25])
def test_an_attack_reaches_no_source_is_answered_politely_and_written_down(world: World, text: str) -> None:
    asked = len(world.plant.asked)
    [answer] = world.said("budi", text)
    assert len(world.plant.asked) == asked
    assert len(answer) < 4_096
    assert "Traceback" not in answer
    assert world.audited() == [("contact:budi", "refused", f"text: {ATTACKS[text]}")]
    assert world.said("siti", "suhu boiler 3")[0].startswith("Boiler 3")


@pytest.mark.parametrize(
    "text",
    [
        "poduksi; kemarin",
        "suhu boiler -- 9",
        "suhu boiler 9 dan 8",
        "produksi pompa/kipas",
        "produksi \uff42oiler",
        "@\u2068Budi\u2069 x",
    ],
)
def test_a_slip_is_no_attack(world: World, text: str) -> None:
    world.said("budi", text)
    assert world.audited() == []


def test_a_code_that_is_used_again_is_refused_and_written_down(world: World) -> None:
    world.said("budi", "setel 5")
    code = world.code_for("budi")
    world.said("budi", f"ya {code}")
    asked = len(world.plant.asked)
    assert world.said("budi", f"ya {code}") == ["Tidak ada yang menunggu kode."]
    assert len(world.plant.asked) == asked
    assert world.audited()[-1] == ("contact:budi", "refused", "code: none_open")


def test_nobody_is_another_by_what_they_write_or_where(world: World) -> None:
    """A number in the text, a name, an old message of the bot, another group: none of it gives a right."""
    world.said("budi", "!produksi kemarin", "ruang-kendali")
    asked = len(world.plant.asked)
    spoofs = [
        ("orang", "@6281200000001 suhu boiler 2", None, {}),
        ("orang", "suhu boiler 2 #operator", None, {}),
        ("orang", "!produksi kemarin", "kantin", {}),
        ("orang", "produksi kemarin", "ruang-kendali", {"quoting": True}),
        ("orang", "@6281100000001 produksi kemarin", "ruang-kendali", {"mentioning": True}),
        ("budi", "!produksi kemarin", "lain", {}),
        ("budi", "@6281100000001 suhu boiler 2", "ruang-kendali", {"mentioning": True}),
    ]
    for who, text, group, how in spoofs:
        world.clock.tick(seconds=20)
        world.said(who, text, group, **how)
    assert len(world.plant.asked) == asked
    assert {outcome for _, outcome, _ in world.audited()} == {"refused"}
    assert len(world.audited()) == len(spoofs)


def test_a_text_too_long_for_a_command_is_refused_and_written_down(world: World) -> None:
    world.said("budi", "suhu boiler")
    assert world.said("budi", "2" * 5_000) == [
        "Pesan itu terlalu panjang untuk sebuah perintah. Ketik *menu* untuk melihat yang ada."
    ]
    assert world.audited() == [("contact:budi", "refused", "too_long")]


def test_free_text_is_data_to_the_query_and_to_the_template(world: World) -> None:
    for text in ("x' OR '1'='1", "{{ config }}", "*tebal* _miring_ ```kode```", "a" * 1_990):
        world.clock.tick(seconds=20)
        [answer] = world.said("budi", f"cari catatan {text}")
        assert world.plant.asked[-1]["kata"] == text
        shown = answer.rpartition("\n")[0]
        assert shown.replace("\u200b", "").replace("\u2060", "") == text or text.startswith("*")
