"""The step that tells the owner by another channel what WhatsApp cannot."""

from tasks.step import StepError, step
from tasks.storage import in_store
from wa_integrasi.upkeep.second_channel import tell_by


@step("second channel")
async def second_channel() -> str:
    """Tell the owner of held accounts and of notices that do not arrive, by the addresses of WA_OWNER_NOTICE_URLS.

    Example:
        >>> asyncio.run(second_channel.fn()).message
        'WA_OWNER_NOTICE_URLS is not set'
    """
    telling = await in_store(tell_by)
    if telling is None:
        return "WA_OWNER_NOTICE_URLS is not set"
    if telling.failed:
        raise StepError(f"{telling}; 'wa notice test' says which address does not accept it")
    return str(telling)
