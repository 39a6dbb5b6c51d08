"""Who is let in, over which wire; and no word of a login anywhere."""

from __future__ import annotations

import base64
import ipaddress
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sources.pi.conftest import NOW, PASSWORD, Pi, Start, listening
from wa_integrasi.simulator.pi import PiSimulation, pi_app
from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.pi import Basic, ClientCredentials, Kerberos, PiClient, PiConfig, ValueNow

CLIENT = ("pembaca", "rahasia klien/:+%")
SENT = ("pembaca", "rahasia+klien%2F%3A%2B%25")
"""As RFC 6749 has it: both are form-encoded before they are put into Basic."""
TAG = "BLR2.TI-02"


def bearer(port: int) -> ClientCredentials:
    return ClientCredentials(f"http://127.0.0.1:{port}/token", *CLIENT, scope="piwebapi")


async def refused(pi: Pi, **changes: Any) -> SourceError:
    with pytest.raises(SourceError) as error:
        await pi.read(TAG, ValueNow(), **changes)
    return error.value


@pytest.mark.parametrize("login", [Basic("simulator", "salah"), Basic("PLANT\\lain", PASSWORD)])
async def test_a_wrong_password_is_refused_at_once_and_for_good(pi: Pi, login: Basic) -> None:
    error = await refused(pi, login=login)
    assert str(error) == "PI Web API answers HTTP 401: it does not take the login"
    assert not error.transient
    assert len(pi.seen) == 1


async def test_a_token_is_got_once_and_used_until_shortly_before_its_end(start: Start) -> None:
    async with start(login=bearer, client=SENT) as pi:
        moments = [0.0]
        pi.clock = lambda: moments[0]
        for _ in range(2):
            assert (await pi.read(TAG, ValueNow())).problems == ()
        assert [seen.is_token for seen in pi.seen] == [True, False, False, False]
        assert pi.seen[0].body == b"grant_type=client_credentials&scope=piwebapi"
        moments[0] = 3_571.0
        await pi.read(TAG, ValueNow())
        assert sum(seen.is_token for seen in pi.seen) == 2


async def test_a_token_that_is_refused_is_got_anew_once(start: Start) -> None:
    async with start(login=bearer, client=SENT) as pi:
        pi.memory.token, pi.memory.token_until = "lama", 1e9
        assert (await pi.read(TAG, ValueNow())).problems == ()
        assert [seen.status for seen in pi.seen] == [401, 200, 207, 200]


async def test_a_token_that_stays_refused_ends_after_one_more(start: Start) -> None:
    async with start(login=bearer, client=SENT) as pi:
        pi.faults.refuse_next.extend([(401, {})] * 9)
        with pytest.raises(SourceError, match="401"):
            await pi.read(TAG, ValueNow())
        assert sum(seen.is_token for seen in pi.seen) == 2
        assert len(pi.seen) == 4


async def test_a_client_that_is_not_known_is_told_so(start: Start) -> None:
    async with start(login=bearer, client=("pembaca", "lain")) as pi:
        with pytest.raises(SourceError, match="token service answers HTTP 401: it does not take client_id") as error:
            await pi.read(TAG, ValueNow())
        assert not error.value.transient
        assert len(pi.seen) == 1


async def test_without_its_extra_kerberos_says_what_is_missing(pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spnego", None)
    error = await refused(pi, login=Kerberos())
    assert "Kerberos needs the extra `kerberos` (pip install 'wa-integrasi[kerberos]')" in str(error)
    assert not error.transient
    assert pi.seen == []


async def test_a_ticket_is_shown_for_the_web_service_of_the_host(pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, str]] = []

    def client(**options: str) -> Any:
        asked.append(options)
        return SimpleNamespace(step=lambda: b"tiket")

    monkeypatch.setitem(sys.modules, "spnego", SimpleNamespace(client=client))
    await refused(pi, login=Kerberos())
    assert asked == [{"hostname": "127.0.0.1", "service": "HTTP", "protocol": "kerberos"}]
    assert pi.seen[0].headers["authorization"] == f"Negotiate {base64.b64encode(b'tiket').decode()}"


@pytest.mark.parametrize("raised", [RuntimeError("siti@PLANT.ID rahasia"), ImportError("no gssapi")])
async def test_a_ticket_that_cannot_be_had_names_nobody(
    pi: Pi, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def client(**_: str) -> Any:
        raise raised

    monkeypatch.setitem(sys.modules, "spnego", SimpleNamespace(client=client))
    error = await refused(pi, login=Kerberos())
    assert "Kerberos" in str(error)
    assert "siti" not in str(error)
    assert not error.transient


async def test_what_changes_nothing_still_carries_the_header_against_forgery(pi: Pi) -> None:
    await pi.read(TAG, ValueNow())
    assert [seen.headers["x-requested-with"] for seen in pi.seen] == ["XMLHttpRequest"] * 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that no system trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    no_password = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password))
    return certificate, private


async def test_a_certificate_of_the_house_is_trusted_by_its_file_only(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    simulation = PiSimulation(password=PASSWORD, now=lambda: NOW)
    async with listening(pi_app(simulation), ssl_certfile=cert, ssl_keyfile=key) as port:

        async def read(ca_file: str, host: str = "127.0.0.1") -> Any:
            login = Basic("simulator", PASSWORD)
            config = PiConfig(f"https://{host}:{port}/piwebapi", "PABRIK", login, ca_file=ca_file, timeout_s=20)
            async with PiClient(config) as client:
                return await client.read([TAG], ValueNow())

        assert (await read(str(cert))).problems == ()
        for ca_file, host in (("", "127.0.0.1"), (str(cert), "localhost")):
            with pytest.raises(SourceError, match="certificate is not trusted: ca_file must name") as error:
                await read(ca_file, host)
            assert not error.value.transient
        nothing = tmp_path / "nothing.pem"
        nothing.write_text("-----BEGIN NOTHING-----")
        for broken in (nothing, tmp_path / "absent.pem"):
            with pytest.raises(SourceError, match="ca_file is not a readable PEM file"):
                await read(str(broken))


GOOD = Basic("siti", PASSWORD)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://pi.example.id/piwebapi", "must begin with https://"),
        (f"https://siti:{PASSWORD}@pi.example.id/piwebapi", "without user, query and fragment"),
        (f"https://pi.example.id/piwebapi?key={PASSWORD}", "without user, query and fragment"),
        ("https://pi.example.id/piwebapi#x", "without user, query and fragment"),
        ("ftp://pi.example.id/piwebapi", "must be https://host/path"),
        ("https://pi.example.id:99999/piwebapi", "must be https://host/path"),
        ("https://[::1/piwebapi", "must be https://host/path"),
        ("https://pi.example.id/pi webapi", "must be https://host/path"),
        ("https://pi.example.id", "must have the path of PI Web API"),
        ("", "must be https://host/path"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_it(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        PiConfig(url, "PABRIK", GOOD)
    assert PASSWORD not in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"data_server": ""},
        {"data_server": "A\\B"},
        {"timezone": "WIB"},
        {"timezone": "../etc"},
        {"timeout_s": 0},
        {"max_values": 0},
        {"page": 1},
        {"page": 150_001},
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any]) -> None:
    given = {"data_server": "PABRIK", **changes}
    with pytest.raises(ValueError, match=f"{next(iter(changes))}"):
        PiConfig("https://pi.example.id/piwebapi", login=GOOD, **given)


@pytest.mark.parametrize("login", [("", "x"), ("a:b", "x"), ("a", ""), ("a", f"{PASSWORD}\n")])
def test_a_wrong_login_is_refused_without_showing_it(login: tuple[str, str]) -> None:
    with pytest.raises(ValueError) as error:
        Basic(*login)
    assert PASSWORD not in str(error.value)


async def test_no_login_token_or_address_is_in_any_text(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with start(login=bearer, client=SENT) as pi:
        await pi.read(TAG, ValueNow())
        token = pi.memory.token
        told = []
        for status in (400, 401, 403, 404, 409, 413, 418, 301):
            pi.faults.refuse_next.extend([(status, {"Location": f"http://127.0.0.1/{token}"})] * 4)
            with pytest.raises(SourceError) as error:
                await pi.read("ADA.LAGI", ValueNow())
            told += [str(error.value), repr(error.value), repr(error.value.__cause__)]
            pi.faults.refuse_next.clear()
        assert [text for text in told if "127.0.0.1" in text] == []
        simulation = PiSimulation(password=PASSWORD, client=CLIENT, tokens=frozenset({token}))
        shown = "\n".join([*told, *map(repr, (pi.config, pi.memory, simulation, GOOD)), caplog.text])
        assert len(token) > 20
        assert [secret for secret in (token, CLIENT[1], SENT[1], PASSWORD) if secret in shown] == []
