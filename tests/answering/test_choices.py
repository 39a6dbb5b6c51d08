"""Native lists and buttons: shown where the channel has them, and a tap says what would have been typed."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sqlalchemy import insert

from tests.answering.world import PEOPLE, World
from tests.store.told import KEY, ToldReceiver, keep
from wa_integrasi.content import Buttons, Menu, load_content
from wa_integrasi.providers.base import MessageEvent, Outbound
from wa_integrasi.providers.meta_request import request_body
from wa_integrasi.recipient import Recipient
from wa_integrasi.simulator.contents import read_content
from wa_integrasi.store.tables import accounts, audit_log, commands

_NUMBERS = itertools.count(1)


@pytest.fixture
def meta(world: World) -> World:
    """The world on a channel that has lists and buttons."""
    with world.store.writing() as connection:
        connection.execute(insert(accounts).values(name="default", provider="meta"))
    return world


def shown(world: World) -> Buttons | Menu:
    [row] = world.news()
    content = load_content(row.type, row.content)
    assert isinstance(content, Buttons | Menu), content
    return content


def offered(content: Buttons | Menu) -> dict[str, str]:
    """Titles and ids."""
    if isinstance(content, Buttons):
        return {button.title: button.id for button in content.buttons}
    return {choice.title: choice.id for section in content.sections for choice in section.choices}


def tap(world: World, who: str, choice_id: str, title: str = "") -> list[Any]:
    number = next(_NUMBERS)
    reply = {"type": "list_reply", "list_reply": {"id": choice_id, "title": title}}
    item = MessageEvent(f"wamid.tap{number}", PEOPLE[who], world.clock(), "interactive", title, {"interactive": reply})
    receiver = ToldReceiver()
    keep(world.inbox, receiver, f"tap {number}".encode(), lambda: [item])
    assert world.inbox.work({KEY: receiver}) == 1
    while world.router.work():
        pass
    world.answer()
    return world.news()


def ask(world: World, who: str, text: str) -> Buttons | Menu:
    world.write(who, text)
    world.answer()
    return shown(world)


def test_the_menu_is_a_list_whose_rows_are_numbers(meta: World) -> None:
    content = ask(meta, "dewi", "menu")
    assert isinstance(content, Menu)
    assert [choice.title for section in content.sections for choice in section.choices] == ["produksi", "angka direksi"]
    assert content.body.endswith("Juga: *status*, *siapa saya*, *bantuan*.")
    [row] = tap(meta, "dewi", offered(content)["produksi"], "produksi")
    assert row.content.startswith("*Produksi*, 19 November 2040")


def test_a_menu_that_no_list_can_hold_is_numbered_text(meta: World) -> None:
    meta.write("budi", "menu")
    meta.answer()
    [row] = meta.news()
    assert row.type == "text"
    assert "11. *" in row.content


def test_a_choice_is_asked_for_by_buttons_and_a_tap_gives_what_its_number_gives(meta: World) -> None:
    content = ask(meta, "john", "production pump")
    assert isinstance(content, Buttons)
    assert list(offered(content)) == ["Crusher", "giling 1", "giling 2"]
    [tapped] = tap(meta, "john", offered(content)["giling 1"], "giling 1")
    ask(meta, "john", "production pump")
    meta.write("john", "2")
    meta.answer()
    [typed] = meta.news()
    assert tapped.content == typed.content
    assert tapped.content.partition("\n")[2].startswith("GL1: 1.235 ton")


def test_what_may_have_been_meant_is_offered(meta: World) -> None:
    content = ask(meta, "budi", "poduksi")
    assert offered(content) == {"Ya": "K1:ya", "Batal": "K1:batal"}
    [row] = tap(meta, "budi", "K1:ya", "Ya")
    assert "*Produksi*" in row.content
    listed = ask(meta, "budi", "sumber")
    assert list(offered(listed)) == ["sumber hilang", "sumber lain"]


def test_a_code_is_given_by_a_button_once(meta: World) -> None:
    content = ask(meta, "budi", "setel 5")
    assert f"Balas *ya {meta.code_for('budi')}*" in content.body, "it can be typed as well"
    yes = offered(content)["Ya"]
    [row] = tap(meta, "budi", yes, "Ya")
    assert row.content.startswith("disetel ke 5.0")
    [row] = tap(meta, "budi", yes, "Ya")
    assert row.content.startswith("Pilihan itu sudah tidak berlaku.")
    assert len([row for row in meta.rows(audit_log) if row.action == "command.run"]) == 1


def test_no_runs_nothing(meta: World) -> None:
    content = ask(meta, "john", "set value 5")
    assert list(offered(content)) == ["Yes", "Cancel"]
    [row] = tap(meta, "john", offered(content)["Cancel"], "Cancel")
    assert row.content == "Cancelled."
    [row] = tap(meta, "john", offered(content)["Yes"], "Yes")
    assert row.content == "That choice is over. Type the command, or *menu*."
    assert meta.plant.asked == []


def test_the_second_person_agrees_by_a_button(meta: World) -> None:
    meta.write("budi", "kosongkan silo 3")
    meta.answer()
    [_, asked] = meta.news()
    content = load_content(asked.type, asked.content)
    assert isinstance(content, Buttons)
    answers = tap(meta, "siti", offered(content)["Ya"], "Ya")
    assert [row.chat for row in answers] == [PEOPLE["budi"], PEOPLE["siti"]]
    assert "silo dikosongkan" in answers[0].content


def test_a_choice_of_a_question_that_is_over_leaves_the_one_that_is_open(meta: World) -> None:
    old = ask(meta, "budi", "produksi pompa")
    ask(meta, "budi", "produksi pompa")
    [row] = tap(meta, "budi", offered(old)["Crusher"], "Crusher")
    assert row.content.startswith("Pilihan itu sudah tidak berlaku.")
    meta.write("budi", "1")
    meta.answer()
    assert "Crusher: 1.501 ton" in meta.news()[0].content


def test_a_forgotten_question_and_another_persons_choice_run_nothing(meta: World) -> None:
    content = ask(meta, "budi", "produksi pompa")
    [row] = tap(meta, "siti", offered(content)["Crusher"], "Crusher")
    assert row.content.startswith("Pilihan itu sudah tidak berlaku.")
    meta.clock.tick(minutes=6)
    [row] = tap(meta, "budi", offered(content)["Crusher"], "Crusher")
    assert row.content.startswith("Pilihan itu sudah tidak berlaku.")
    assert meta.plant.asked == []


@pytest.mark.parametrize("choice_id", ["", "x", "K:1", "K1:", "K1", "K99999999999999999999:1", "K1:" + "9" * 250])
def test_what_is_no_choice_of_ours_is_only_what_it_says(meta: World, choice_id: str) -> None:
    tap(meta, "budi", choice_id, "Terima kasih")
    assert [row.text for row in meta.rows(commands)] in ([], ["Terima kasih"])


def test_meta_takes_what_is_offered(meta: World) -> None:
    """Within the limits of the Cloud API, whatever the words of the catalog are."""
    for who, text in [("dewi", "menu"), ("john", "production pump"), ("budi", "sumber"), ("budi", "setel 5")]:
        content = ask(meta, who, text)
        payload = request_body(Outbound(Recipient.parse(PEOPLE[who]), content, "1"))
        found = read_content(payload, ())
        assert [choice["id"] for choice in found.details["choices"]] == list(offered(content).values())


def test_a_mistyped_command_has_a_button_while_the_question_stays(meta: World) -> None:
    meta.write("budi", "suhu boiler")
    meta.answer()
    meta.news()
    content = ask(meta, "budi", "poduksi kemarin")
    assert isinstance(content, Buttons)
    assert "Balas dengan bilangan bulat 1 sampai 4" in content.body
    [row] = tap(meta, "budi", offered(content)["Ya"], "Ya")
    assert row.content.startswith("*Produksi*, 19 November 2040")
