"""What a variable may be. Each check says what is valid, and never repeats what was found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from wa_integrasi.schedule import read_cron

_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_TWILIO_SENDER = re.compile(r"\+[0-9]{7,15}|MG[0-9a-fA-F]{32}")
_WATZAP_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_WORD = re.compile(r"[\x21-\x7e]{1,4096}")
_NOTICE_URL = re.compile(r"[A-Za-z][A-Za-z0-9]*://[^\s]+")
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # the latter quotes what stands at the port: part of the password, at times
        raise ValueError("a database URL: sqlite:///folder/wa.db or postgresql://user:password@host/name") from None
    dialect = url.get_backend_name()
    if dialect not in _DRIVERS:
        raise ValueError("a database URL that begins with sqlite:// or postgresql://")
    if dialect == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ValueError("a database in a file: several processes share the store")
        url = url.set(database=str(Path(str(url.database)).absolute()))
    return url.set(drivername=_DRIVERS[dialect]).render_as_string(hide_password=False)


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("an IANA zone: Asia/Jakarta, Asia/Makassar, Asia/Jayapura … (WIB is no zone)")
    return text


def _long_key(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("at least 32 characters; make one with: openssl rand -hex 32")
    return secret


def _bot_key(secret: SecretStr) -> SecretStr:
    return _word(_long_key(secret))


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 32):
        raise ValueError("the id from the provider's dashboard: digits only")
    return text


def _word(secret: SecretStr) -> SecretStr:
    if not _WORD.fullmatch(secret.get_secret_value()):
        raise ValueError("one word of printable ASCII")
    return secret


def _account_sid(text: str) -> str:
    if not _ACCOUNT_SID.fullmatch(text):
        raise ValueError("AC and 32 hexadecimal digits, from Twilio's console")
    return text


def _session_name(text: str) -> str:
    if not _SESSION.fullmatch(text):
        raise ValueError("up to 64 letters, digits, - and _")
    return text


def _file_path(path: Path) -> Path:
    if path.is_dir():
        raise ValueError("the path of a file, not of a folder")
    return path.absolute()


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ValueError("an address that begins with http:// or https://")
    return text.rstrip("/")


def _folder_path(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError("the path of a folder, not of a file")
    return path.absolute()


def _former_keys(secret: SecretStr) -> SecretStr:
    if any(len(key.strip()) < 32 for key in secret.get_secret_value().split(",")):
        raise ValueError("keys of at least 32 characters each, with commas between them")
    return secret


def _clamav(text: str) -> str:
    host, colon, port = text.rpartition(":")
    by_network = host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not (text == "off" or text.startswith("/") or by_network):
        raise ValueError("the path of clamd's socket, such as /run/clamav/clamd.ctl, or host:port, or off")
    return text


def _notice_urls(secret: SecretStr) -> SecretStr:
    urls = re.split(r"[\s,]+(?=[A-Za-z][A-Za-z0-9]*://)|\s+", secret.get_secret_value().strip())
    if not all(_NOTICE_URL.fullmatch(url) for url in urls):
        raise ValueError("addresses as apprise knows them, with spaces between: mailto://… tgram://… json://…")
    return SecretStr(" ".join(urls))


def _cron(text: str) -> str:
    read_cron(text)
    return text


def sender_number(text: str, *, twilio: bool) -> str:
    """Which number sends, as its provider names it. Raises `ValueError`."""
    if not twilio:
        return _digits(text)
    if not _TWILIO_SENDER.fullmatch(text):
        raise ValueError("a phone number as +62… or the MG… of a messaging service")
    return text


def watzap_token(secret: SecretStr) -> SecretStr:
    """The secret in the address of Watzap's webhook. Raises `ValueError`."""
    if not _WATZAP_TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError("16 to 128 letters, digits, - or _: it is all that protects Watzap's webhook")
    return secret


DatabaseUrl = Annotated[SecretStr, AfterValidator(lambda url: SecretStr(_database_url(url.get_secret_value())))]
SecretKey = Annotated[SecretStr, AfterValidator(_long_key)]
Zone = Annotated[str, AfterValidator(_zone)]
Word = Annotated[SecretStr, AfterValidator(_word)]
BotKey = Annotated[SecretStr, AfterValidator(_bot_key)]
Digits = Annotated[str, AfterValidator(_digits)]
Url = Annotated[str, AfterValidator(_url)]
AccountSid = Annotated[str, AfterValidator(_account_sid)]
SessionName = Annotated[str, AfterValidator(_session_name)]
FormerKeys = Annotated[SecretStr, AfterValidator(_former_keys)]
ClamAvAddress = Annotated[str, AfterValidator(_clamav)]
NoticeUrls = Annotated[SecretStr, AfterValidator(_notice_urls)]
FolderPath = Annotated[Path, AfterValidator(_folder_path)]
FilePath = Annotated[Path, AfterValidator(_file_path)]
Cron = Annotated[str, AfterValidator(_cron)]
