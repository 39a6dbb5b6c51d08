"""WhatsApp channels as blocks, one kind a file: one block document is one account."""

from blocks.gateways.kept import KeptSenders
from blocks.gateways.loading import GATEWAYS, KINDS, Gateway, GatewayError, gateway_channels, load_gateway, media_of
from blocks.gateways.meta import MetaCloudApi
from blocks.gateways.twilio import TwilioWhatsApp
from blocks.gateways.waha import Waha
from blocks.gateways.watzap import Watzap
from blocks.gateways.wwebjs import WwebjsApi

__all__ = [
    "GATEWAYS",
    "KINDS",
    "Gateway",
    "GatewayError",
    "KeptSenders",
    "MetaCloudApi",
    "TwilioWhatsApp",
    "Waha",
    "Watzap",
    "WwebjsApi",
    "gateway_channels",
    "load_gateway",
    "media_of",
]
