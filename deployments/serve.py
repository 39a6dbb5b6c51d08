"""`wa serve`: the settings made into the ASGI service."""

from __future__ import annotations

import gc
import logging
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount

from wa_integrasi.accounts import WebhookKey
from wa_integrasi.catalog.storing import load_catalog
from wa_integrasi.catalog.triggers import Trigger
from wa_integrasi.composing import files_of
from wa_integrasi.intake.asking import CommandReader
from wa_integrasi.providers.channels import receiver_of
from wa_integrasi.settings import ProviderName, Settings
from wa_integrasi.store.engine import Store
from wa_integrasi.store.migrating import check_revision
from wa_integrasi.web.api.app import ApiOptions
from wa_integrasi.web.app import create_app
from wa_integrasi.web.receivers import AccountReceivers


def serve(settings: Settings, host: str, port: int, phone_file: Path) -> None:
    """Serve until a signal ends it. Raises `SettingsError` and `StoreError` before anything listens."""
    settings.account()
    with Store.open(settings.database_url.get_secret_value(), create=False) as store:
        check_revision(store)
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
        app = build_app(settings, store, f"http://127.0.0.1:{port}", phone_file)
        # What is loaded by now stays for good: looking through it for garbage would stop every webhook for 50 ms.
        gc.freeze()
        uvicorn.run(app, host=host, port=port, access_log=False, log_level="info", timeout_graceful_shutdown=5)


def build_app(settings: Settings, store: Store, own_url: str, phone_file: Path) -> Starlette:
    """The app for every account; with the simulated phone when the settings ask for it. Raises `SettingsError`."""
    own = settings.account()
    key = WebhookKey(settings.secret_key.get_secret_value()) if settings.secret_key else None
    try:
        receiver = receiver_of(own.channel, own.in_clear())
    except ValueError as error:
        raise settings.unusable(str(error)) from None
    receivers = AccountReceivers(store, key, {(own.channel, "default"): receiver})
    api = ApiOptions(settings.bot_api_key, settings.group_ids, lambda: enabled_triggers(store), settings.timezone)
    asks, files = CommandReader(settings.timezone, settings.group_ids), files_of(settings)
    if settings.provider is not ProviderName.SIMULATOR:
        return create_app(store, receivers, asks=asks, api=api, files=files, companions=[receivers.kept_fresh()])

    from wa_integrasi.simulator import Phone, PhoneConfig, simulator_app
    from wa_integrasi.simulator.pi import PiSimulation, pi_app

    account = settings.meta_account()
    config = PhoneConfig(
        phone_file,
        account.phone_number_id,
        account.access_token.get_secret_value(),
        account.app_secret.get_secret_value(),
        webhook_url=f"{own_url}/webhooks/meta/default",
        timezone=settings.timezone,
    )
    phone = Phone(replace(config, waba_id=account.waba_id) if account.waba_id else config)
    # No name but this machine's: a page of another site could otherwise read it under a name of its own.
    hosts = ["127.0.0.1", "localhost"]
    pi = pi_app(PiSimulation(password=account.access_token.get_secret_value(), zone=ZoneInfo(settings.timezone)))
    mounts = [
        Mount("/simulator/pi", TrustedHostMiddleware(pi, allowed_hosts=hosts)),
        Mount("/simulator", TrustedHostMiddleware(simulator_app(phone), allowed_hosts=hosts)),
    ]
    companions = [receivers.kept_fresh(), phone.running()]
    return create_app(store, receivers, asks=asks, api=api, files=files, mounts=mounts, companions=companions)


def enabled_triggers(store: Store) -> dict[str, Trigger]:
    """The triggers that may be run now."""
    return {name: trigger for name, trigger in load_catalog(store).triggers.items() if trigger.enabled}
