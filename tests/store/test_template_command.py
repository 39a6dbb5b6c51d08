"""`wa template nudge`, as somebody at a terminal sees it."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from deployments.cli import main
from wa_integrasi.approved import replace_templates
from wa_integrasi.content import Template
from wa_integrasi.outbox.nudging import nudge_of
from wa_integrasi.providers.base import ApprovedTemplate
from wa_integrasi.store.engine import Store
from wa_integrasi.store.tables import accounts

READY = ApprovedTemplate("laporan_siap", "id", "APPROVED", "UTILITY")
WITH_NAME = ApprovedTemplate("halo_nama", "id", "APPROVED", "UTILITY", body=1)


@pytest.fixture
def wa(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    with store.writing() as connection:
        connection.execute(insert(accounts).values(name="default", provider="meta"))
    monkeypatch.setenv("WA_DATABASE_URL", database_url)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["wa", "template", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def nudge(store: Store) -> Template | None:
    with store.reading() as connection:
        return nudge_of(connection, "default")


def test_a_template_is_chosen_and_given_up(wa, store: Store) -> None:
    replace_templates(store, "default", [READY, WITH_NAME])
    assert wa("nudge", "laporan_siap") == (0, "default asks silent people by laporan_siap (id)\n")
    assert nudge(store) == Template(name="laporan_siap", language="id")
    assert wa("nudge", "--off")[0] == 0
    assert nudge(store) is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("laporan_siapp",), 1, "did you mean laporan_siap?"),
        (("laporan_siap", "--language", "en"), 1, "language: must be one of id"),
        (("halo_nama",), 1, "body: must have 1 parameter, has 0"),
        (("laporan_siap", "--off"), 2, "give either a template or --off"),
        (("Abc!",), 2, "name: String should match pattern"),
        (("laporan_siap", "--language", "indonesia"), 2, "language: String should match pattern"),
        ((), 2, "give either a template or --off"),
    ],
)
def test_what_cannot_be_is_refused_with_what_is_allowed(wa, store: Store, words, code: int, said: str) -> None:
    replace_templates(store, "default", [READY, WITH_NAME])
    ended, text = wa("nudge", *words)
    assert (ended, said in text, "Traceback" in text) == (code, True, False), text
    assert "TemplateRefused" not in text
    assert nudge(store) is None


def test_an_account_that_is_not_known_is_named(wa, store: Store) -> None:
    replace_templates(store, "lain", [READY])
    said = "error: no account is called lain; there are: default; 'wa deploy' tells the store of new ones\n"
    assert wa("nudge", "laporan_siapp", "--account", "lain") == (1, said)
    assert wa("nudge", "--off", "--account", "lain") == (1, said)
    assert wa("list", "--account", "lain") == (1, said)


def test_without_a_sync_it_says_to_run_one(wa, store: Store) -> None:
    assert wa("nudge", "laporan_siap") == (1, "error: no templates of default are known: run 'wa template sync'\n")
    assert wa("list", "--account", "default") == (0, "no templates: 'wa template sync' asks the channels for them\n")
