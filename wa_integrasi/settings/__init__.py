"""The only reader of the environment."""

from wa_integrasi.settings.channels import Account, MetaAccount, ProviderName
from wa_integrasi.settings.reading import PREFIX, Settings, SettingsError, load_settings, wa_variables

__all__ = [
    "PREFIX",
    "Account",
    "MetaAccount",
    "ProviderName",
    "Settings",
    "SettingsError",
    "load_settings",
    "wa_variables",
]
