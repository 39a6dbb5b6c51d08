"""Watzap as a block."""

from __future__ import annotations

from typing import ClassVar, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from wa_integrasi.providers.media.watzap import WatzapMedia
from wa_integrasi.providers.watzap import WatzapConfig, WatzapSender
from wa_integrasi.providers.watzap_webhook import WatzapReceiver


class Watzap(Block):
    """A phone that is paired with Watzap.

    Its name is the account's name; messages that name no account go out by the block `default`. Watzap says neither
    whether a message arrived nor which one it was: prefer another gateway where that matters.

    Attributes:
        api_key: API key of the Watzap account.
        number_key: Key of the paired number.
        webhook_token: Secret that ends the webhook's address, …?token=; 16 or more letters, digits, - or _.
        wait_until_send: Whether Watzap answers only when the phone has sent the message.
        api_url: Base address of the API.

    Example:
        Send by an account:
        ```python
        from blocks.gateways import Watzap

        account = Watzap.load("BLOCK_NAME")
        async with account.sender() as sender:
            outcome = await sender.send(outbound)
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "Watzap"
    _block_type_slug: ClassVar[str | None] = "watzap"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://watzap.id")
    _description = "A phone that is paired with Watzap."

    api_key: SecretStr = Field(description="API key of the Watzap account.")
    number_key: SecretStr = Field(description="Key of the paired number.")
    webhook_token: SecretStr = Field(description="Secret that ends the webhook's address, …?token=.")
    wait_until_send: bool = Field(
        default=True, description="Whether Watzap answers only when the phone has sent the message."
    )
    api_url: str = Field(default="https://api.watzap.id/v1", description="Base address of the API.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong account when it is saved, not when the first message waits for it."""
        self.sender()
        self.receiver()
        return self

    def sender(self) -> WatzapSender:
        """The outbound half, to be entered with `async with`."""
        return WatzapSender(
            WatzapConfig(
                api_key=self.api_key.get_secret_value(),
                number_key=self.number_key.get_secret_value(),
                api_url=self.api_url,
                wait_until_send=self.wait_until_send,
            )
        )

    def media(self) -> WatzapMedia:
        """What would fetch files: Watzap gives out none."""
        return WatzapMedia()

    def receiver(self) -> WatzapReceiver:
        """The inbound half."""
        return WatzapReceiver(self.webhook_token.get_secret_value())
