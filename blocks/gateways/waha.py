"""WAHA as a block."""

from __future__ import annotations

from typing import ClassVar, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from wa_integrasi.providers.media.web import WahaMedia
from wa_integrasi.providers.waha import WahaConfig, WahaReceiver, WahaSender


class Waha(Block):
    """A paired phone behind a WAHA server.

    Its name is the account's name; messages that name no account go out by the block `default`. It is WhatsApp Web,
    not WhatsApp's business platform: the phone must stay paired, and bulk sending gets its number banned.

    Attributes:
        api_url: Base address of the WAHA server.
        api_key: Key that the server wants (`WAHA_API_KEY`).
        hmac_key: Key that signs the webhooks (`hmac.key` of the session's webhook).
        session: Name of the session.

    Example:
        Send by an account:
        ```python
        from blocks.gateways import Waha

        account = Waha.load("BLOCK_NAME")
        async with account.sender() as sender:
            outcome = await sender.send(outbound)
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "WhatsApp Web (WAHA)"
    _block_type_slug: ClassVar[str | None] = "waha"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://waha.devlike.pro/docs/overview/introduction/")
    _description = "A paired phone behind a WAHA server."

    api_url: str = Field(description="Base address of the WAHA server, such as http://waha:3000.")
    api_key: SecretStr = Field(description="Key that the server wants (WAHA_API_KEY).")
    hmac_key: SecretStr = Field(description="Key that signs the webhooks (hmac.key of the session's webhook).")
    session: str = Field(default="default", description="Name of the session.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong account when it is saved, not when the first message waits for it."""
        self.sender()
        self.receiver()
        return self

    def sender(self) -> WahaSender:
        """The outbound half, to be entered with `async with`."""
        return WahaSender(self._config)

    def media(self) -> WahaMedia:
        """What fetches files, to be entered with `async with`."""
        return WahaMedia(self._config)

    def receiver(self) -> WahaReceiver:
        """The inbound half."""
        return WahaReceiver(self.hmac_key.get_secret_value(), self.session)

    @property
    def _config(self) -> WahaConfig:
        return WahaConfig(self.api_url, self.api_key.get_secret_value(), self.session)
