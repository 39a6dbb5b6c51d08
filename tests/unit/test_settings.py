"""The environment: one clear line for each mistake, and no secret in any of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wa_integrasi.settings import PREFIX, ProviderName, Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
SECRET = "rahasia-sekali-0123456789abcdef-0123456789"
META = {
    "WA_PROVIDER": "meta",
    "WA_API_KEY": SECRET,
    "WA_APP_SECRET": SECRET,
    "WA_VERIFY_TOKEN": SECRET,
    "WA_PHONE_NUMBER_ID": "106540352242922",
}
ID = "the id from the provider's dashboard: digits only"
ADDRESS = "an address that begins with http:// or https://"
CLAMD = "the path of clamd's socket, such as /run/clamav/clamd.ctl, or host:port, or off"
FIELDS = "five fields: minute, hour, day of month, month, day of week; or six, with the second first"


@pytest.fixture
def no_file(tmp_path: Path) -> Path:
    return tmp_path / "none.env"


def refused(environment: dict[str, str], file: Path) -> str:
    with pytest.raises(SettingsError) as error:
        load_settings(environment, file)
    return str(error.value)


def test_without_any_variable_there_is_a_default_for_everything(no_file: Path) -> None:
    settings = load_settings({}, no_file)
    assert settings.timezone == "Asia/Jakarta"
    assert settings.provider is ProviderName.SIMULATOR
    assert settings.database_url.get_secret_value() == f"sqlite+pysqlite:///{Path.cwd()}/.wa/wa.db"
    assert settings.secret_key is None
    assert (settings.former_keys, settings.clamav) == ([], None)
    assert (settings.media_path, settings.media_days) == (Path.cwd() / ".wa/media", 90)


@pytest.mark.parametrize("address", ["/run/clamav/clamd.ctl", "clamd:3310", "[::1]:3310", "off"])
def test_who_scans_may_be_a_socket_a_server_or_nobody(address: str, no_file: Path) -> None:
    assert load_settings({"WA_CLAMAV": address}, no_file).clamav == address


def test_former_keys_are_taken_apart(no_file: Path) -> None:
    former = load_settings({"WA_FORMER_SECRET_KEYS": f"{SECRET} , {'x' * 32}"}, no_file)
    assert former.former_keys == [SECRET, "x" * 32]
    assert SECRET not in repr(former)


@pytest.mark.parametrize(
    ("variable", "found", "valid"),
    [
        ("WA_TIMEZONE", "WIB", "an IANA zone: Asia/Jakarta, Asia/Makassar, Asia/Jayapura … (WIB is no zone)"),
        ("WA_TIMEZONE", "../etc/passwd", "an IANA zone: Asia/Jakarta, Asia/Makassar, Asia/Jayapura … (WIB is no zone)"),
        ("WA_PROVIDER", "telegram", "'simulator', 'meta', 'twilio', 'watzap', 'waha' or 'wwebjs'"),
        ("WA_ACCOUNT_SID", "AC12", "AC and 32 hexadecimal digits, from Twilio's console"),
        ("WA_SESSION_NAME", "../gudang", "up to 64 letters, digits, - and _"),
        ("WA_PUBLIC_URL", "wa.example.id", ADDRESS),
        ("WA_STATUS_FILE", "/tmp", "the path of a file, not of a folder"),
        ("WA_API_URL", "graph.facebook.com", ADDRESS),
        ("WA_API_URL", "ftp://graph.facebook.com", ADDRESS),
        ("WA_API_URL", "https://", ADDRESS),
        ("WA_API_URL", "http://[", ADDRESS),
        ("WA_API_URL", "http://localhost:80800", ADDRESS),
        ("WA_PHONE_NUMBER_ID", "+62 812-3456-7890", ID),
        ("WA_PHONE_NUMBER_ID", "１０６５４０", ID),
        ("WA_WABA_ID", "1" * 33, ID),
        ("WA_CLAMAV", "clamd", CLAMD),
        ("WA_CLAMAV", "clamd:x", CLAMD),
        ("WA_CLAMAV", "OFF", CLAMD),
        ("WA_MEDIA_PATH", __file__, "the path of a folder, not of a file"),
        ("WA_MEDIA_DAYS", "0", "greater than or equal to 1"),
        ("WA_REKAP_DAILY_CRON", "0 7 * *", FIELDS),
        ("WA_REKAP_WEEKLY_CRON", "0 0 7 * * 1 2026", FIELDS),
        ("WA_REKAP_MONTHLY_CRON", "0 7 30 2 *", "a day that comes: no month among those has a day 30"),
        ("WA_REKAP_MONTHLY_CRON", "monthly", FIELDS),
        ("WA_GATEWAY_POLL_CRON", "@hourly", FIELDS),
    ],
)
def test_a_wrong_value_is_told_in_one_line_with_what_was_found_and_what_is_valid(
    variable: str, found: str, valid: str, no_file: Path
) -> None:
    assert refused({variable: found}, no_file) == f"{variable}: found {found!r}, must be {valid}"


@pytest.mark.parametrize(
    ("variable", "found", "valid"),
    [
        ("WA_SECRET_KEY", "rahasia", "at least 32 characters; make one with: openssl rand -hex 32"),
        ("WA_BOT_API_KEY", "rahasia", "at least 32 characters; make one with: openssl rand -hex 32"),
        ("WA_BOT_API_KEY", "rahasia " * 8, "one word of printable ASCII"),
        ("WA_FORMER_SECRET_KEYS", f"{SECRET},rahasia", "keys of at least 32 characters each, with commas between them"),
        ("WA_FORMER_SECRET_KEYS", f"{SECRET},", "keys of at least 32 characters each, with commas between them"),
        ("WA_API_KEY", "rahasia dua kata", "one word of printable ASCII"),
        ("WA_NUMBER_KEY", "rahasia\n", "one word of printable ASCII"),
        ("WA_DATABASE_URL", "rahasia", "a database URL: sqlite:///"),
        ("WA_DATABASE_URL", "mysql://siti:rahasia@db/wa", "begins with sqlite:// or postgresql://"),
        ("WA_DATABASE_URL", "postgresql://siti:ra@db:hasia@host/wa", "a database URL: sqlite:///"),
        ("WA_DATABASE_URL", "postgresql://siti:x@host:rahasia/wa", "a database URL: sqlite:///"),
        ("WA_DATABASE_URL", "sqlite://", "a database in a file"),
        ("WA_DATABASE_URL", "sqlite:///:memory:", "a database in a file"),
    ],
)
def test_a_wrong_secret_is_told_without_showing_any_of_it(variable: str, found: str, valid: str, no_file: Path) -> None:
    line = refused({variable: found}, no_file)
    assert line.startswith(f"{variable}: found (a secret), must be ")
    assert valid in line
    assert "hasia" not in line


def test_all_mistakes_are_told_at_once_a_line_each(no_file: Path) -> None:
    lines = refused({"WA_TIMEZONE": "WIB", "WA_SECRET_KEY": "x", "WA_WABA_ID": "?"}, no_file).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["WA_SECRET_KEY", "WA_TIMEZONE", "WA_WABA_ID"]


def test_settings_show_none_of_their_secrets(no_file: Path) -> None:
    secrets = dict.fromkeys(
        ("WA_API_KEY", "WA_APP_SECRET", "WA_VERIFY_TOKEN", "WA_SECRET_KEY", "WA_BOT_API_KEY"), SECRET
    )
    database = {"WA_DATABASE_URL": f"postgresql://siti:{SECRET}@db/wa"}
    settings = load_settings(META | secrets | database, no_file)
    shown = [repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())]
    shown += [repr(settings.meta_account()), str(settings.meta_account())]
    assert not [text for text in shown if SECRET in text]
    assert settings.meta_account().access_token.get_secret_value() == SECRET


def test_the_environment_goes_before_the_env_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("WA_TIMEZONE=Asia/Makassar\nWA_WABA_ID=1\nWA_GROUP_A_ID=lama\nWA_GROUP_B_ID=b\n")
    settings = load_settings({"WA_TIMEZONE": "Asia/Jayapura", "WA_GROUP_A_ID": "baru"}, file)
    assert (settings.timezone, settings.waba_id) == ("Asia/Jayapura", "1")
    assert settings.group_ids == {"a": "baru", "b": "b"}


@pytest.mark.parametrize("empty", ["", " ", "\t"])
def test_an_empty_variable_counts_as_not_set(empty: str, no_file: Path) -> None:
    everything = {f"{PREFIX}{field.upper()}": empty for field in Settings.model_fields}
    assert load_settings({**everything, "WA_GROUP_A_ID": empty}, no_file) == load_settings({}, no_file)


def test_other_programs_variables_are_not_read(no_file: Path) -> None:
    foreign = {"PATH": "/bin", "WA": "x", "WA_TIMEZONES": "x", "wa_timezone": "x", "WA_GROUP_IDS": "x"}
    assert load_settings(foreign, no_file) == load_settings({}, no_file)


def test_group_ids_are_found_by_the_names_the_catalog_gives_groups(no_file: Path) -> None:
    ids = {"WA_GROUP_SHIFT_MALAM_ID": "120363012345678901@g.us", "WA_GROUP_2_ID": "2@g.us", "WA_GROUP__ID": "x"}
    assert load_settings(ids, no_file).group_ids == {
        "shift-malam": "120363012345678901@g.us",
        "2": "2@g.us",
    }


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgresql://siti:pw@db:5432/wa", "postgresql+psycopg://siti:pw@db:5432/wa"),
        ("postgresql+asyncpg://db/wa", "postgresql+psycopg://db/wa"),
        ("sqlite:////data/wa.db", "sqlite+pysqlite:////data/wa.db"),
    ],
)
def test_the_driver_of_the_database_is_ours_to_choose(given: str, driver: str, no_file: Path) -> None:
    assert load_settings({"WA_DATABASE_URL": given}, no_file).database_url.get_secret_value() == driver


def test_a_database_file_stays_the_same_when_a_program_changes_its_folder(
    no_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"WA_DATABASE_URL": "sqlite:///data/wa.db"}, no_file)
    monkeypatch.chdir("/")
    assert settings.database_url.get_secret_value() == f"sqlite+pysqlite:///{tmp_path}/data/wa.db"


CHANNELS = {
    "simulator": ({**META, "WA_API_URL": "http://127.0.0.1:8080/simulator/"}, "meta"),
    "meta": (META, "meta"),
    "twilio": (
        {
            "WA_API_KEY": SECRET,
            "WA_ACCOUNT_SID": "AC" + "0a1b2c3d" * 4,
            "WA_PHONE_NUMBER_ID": "+622150001234",
            "WA_PUBLIC_URL": "https://wa.example.id/",
        },
        "twilio",
    ),
    "watzap": ({"WA_API_KEY": SECRET, "WA_NUMBER_KEY": SECRET, "WA_VERIFY_TOKEN": SECRET}, "watzap"),
    "waha": ({"WA_API_URL": "http://waha:3000", "WA_API_KEY": SECRET, "WA_APP_SECRET": SECRET}, "waha"),
    "wwebjs": ({"WA_API_URL": "http://wwebjs:3000", "WA_API_KEY": SECRET}, "wwebjs"),
}
every_channel = pytest.mark.parametrize("provider", CHANNELS)


@every_channel
def test_each_channel_is_complete_with_its_own_variables_and_no_others(provider: str, no_file: Path) -> None:
    variables, channel = CHANNELS[provider]
    account = load_settings({**variables, "WA_PROVIDER": provider}, no_file).account()
    assert account.channel == channel
    assert SECRET in account.in_clear().values()
    assert SECRET not in repr(account)


@every_channel
def test_a_variable_that_a_channel_lacks_is_named_with_what_it_is_for(provider: str, no_file: Path) -> None:
    variables, _ = CHANNELS[provider]
    with pytest.raises(SettingsError) as error:
        load_settings({"WA_PROVIDER": provider}, no_file).account()
    lines = dict(line.split(": not set; ") for line in str(error.value).splitlines())
    assert set(lines) == set(variables) - {"WA_PROVIDER"}
    for reason in lines.values():
        assert reason.startswith(f"WA_PROVIDER={provider} needs it: ")


def test_twilio_is_told_its_webhook_by_the_address_that_it_reaches(no_file: Path) -> None:
    account = load_settings({**CHANNELS["twilio"][0], "WA_PROVIDER": "twilio"}, no_file).account()
    assert account.fields["webhook_url"] == "https://wa.example.id/webhooks/twilio/default"


@pytest.mark.parametrize(
    ("provider", "variable", "found", "line"),
    [
        ("meta", "WA_PHONE_NUMBER_ID", "+622150001234", f"found '+622150001234', must be {ID}"),
        (
            *("twilio", "WA_PHONE_NUMBER_ID", "0812"),
            "found '0812', must be a phone number as +62… or the MG… of a messaging service",
        ),
        (
            *("watzap", "WA_VERIFY_TOKEN", "guess"),
            "found (a secret), must be 16 to 128 letters, digits, - or _: it is all that protects Watzap's webhook",
        ),
    ],
)
def test_what_a_variable_may_be_depends_on_the_channel(
    provider: str, variable: str, found: str, line: str, no_file: Path
) -> None:
    assert refused({"WA_PROVIDER": provider, variable: found}, no_file) == f"{variable}: {line}"


def test_what_a_channel_refuses_is_told_by_its_variable(no_file: Path) -> None:
    settings = load_settings({"WA_PROVIDER": "twilio"}, no_file)
    told = settings.unusable("webhook_url must be http(s)://host, without user, query and fragment")
    assert str(told) == "WA_PUBLIC_URL: must be http(s)://host, without user, query and fragment"
    assert str(settings.unusable("sender must be +62…")) == "WA_PHONE_NUMBER_ID: must be +62…"
    assert str(settings.unusable("something else")) == "WA_PROVIDER=twilio: something else"


def test_only_the_cloud_api_has_a_meta_account(no_file: Path) -> None:
    settings = load_settings({**CHANNELS["waha"][0], "WA_PROVIDER": "waha"}, no_file)
    with pytest.raises(SettingsError, match="must be 'simulator' or 'meta' here"):
        settings.meta_account()


def test_only_the_simulator_must_be_told_its_address(no_file: Path) -> None:
    assert load_settings(META, no_file).meta_account().api_url == "https://graph.facebook.com"
    with pytest.raises(SettingsError, match=r"^WA_API_URL: not set; WA_PROVIDER=simulator needs it: the address"):
        load_settings({**META, "WA_PROVIDER": "simulator"}, no_file).meta_account()
    simulator = {**CHANNELS["simulator"][0], "WA_PROVIDER": "simulator"}
    assert load_settings(simulator, no_file).meta_account().api_url == "http://127.0.0.1:8080/simulator"


def test_the_status_file_stays_the_same_when_a_program_changes_its_folder(
    no_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"WA_STATUS_FILE": "run/status.json"}, no_file)
    monkeypatch.chdir("/")
    assert settings.status_file == tmp_path / "run/status.json"


def test_the_example_file_names_exactly_the_variables_that_are_read() -> None:
    text = (ROOT / ".env.example").read_text()
    named = re.findall(rf"^#?\s*({PREFIX}[A-Z0-9_]+)=", text, re.MULTILINE)
    groups = [name for name in named if re.fullmatch(rf"{PREFIX}GROUP_[A-Z0-9_]+_ID", name)]
    read = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields} - {f"{PREFIX}GROUP_IDS"}
    assert sorted(set(named) - set(groups)) == sorted(read)
    assert len(named) == len(set(named)), "each is explained once"
    assert groups, "an example shows how a group's id is given"


def test_the_example_file_works_as_it_is_and_says_the_defaults(no_file: Path) -> None:
    assert load_settings({}, ROOT / ".env.example") == load_settings({}, no_file)
