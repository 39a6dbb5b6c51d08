"""Numbers that name a person: NIK, NPWP, payment cards, bank accounts and phones, and not the figures of a plant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from wa_integrasi.privacy.digits import Group, Window, groups_of, windows_from
from wa_integrasi.privacy.folding import INVISIBLE
from wa_integrasi.privacy.found import Found, Sort
from wa_integrasi.privacy.phones import is_mobile, phone_of

_BANKS = "bca|bri|bni|btn|bsi|cimb(?:[ ]niaga)?|mandiri|permata|danamon|ocbc|panin|maybank|muamalat|jago|seabank"
_FILLERS = (
    f"no|nomor|num|number|nmr|bank|{_BANKS}|saya|kami|baru|aktif|tujuan|ke|di|ini|itu|pak|bu|mas|mbak|adalah|kantor"
)
_AFTER_WORD = (
    rf"(?:nya|ku)?(?:[ :=.,/()#*_-]{{1,4}}(?:{_FILLERS})){{0,4}}[ :=.,/()#*_{INVISIBLE}-]{{0,4}}\n?[+(]?(?=[0-9])"
)
_WORDS = {
    Sort.PHONE: "no[.]?[ ]?hp|hp|handphone|ponsel|telp|telepon|telpon|tlp|tel|phone|mobile|wa|whatsapp|call|"
    "hub|hubungi|kontak|contact|fax|sms",
    Sort.ACCOUNT: "rek|rekening|norek|a/c|acc|account|va|virtual account",
    Sort.NIK: "nik|ktp|e-?ktp|kk|kartu keluarga|nomor induk kependudukan",
    Sort.NPWP: "npwp",
    Sort.CARD: "kartu kredit|kartu debit|credit card|debit card|cc",
}
_SAYS = re.compile(
    "|".join(rf"(?P<{sort.name}>(?<![^\W_])(?:{words}){_AFTER_WORD})" for sort, words in _WORDS.items())
    + rf"|(?P<BANK>(?<![^\W_])(?:{_BANKS}){_AFTER_WORD})",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?:wa\.me/|phone=|tel:|sms:)[+]?(?=[0-9])", re.IGNORECASE)
_BANK_BEHIND = re.compile(rf"[ (,]{{1,3}}(?:bank[ ])?(?:{_BANKS})(?![^\W_])", re.IGNORECASE)

_PROVINCE = re.compile("1[1-9]|21|3[1-6]|5[123]|6[1-5]|7[1-6]|8[12]|9[1-7]")
_FEWEST_ALONE = 9
_NPWP_SHAPE = (2, 3, 3, 1, 3, 3)
_CARD = re.compile(
    r"(?=[0-9]{16,19}$)(?:4|5[1-5]|22[2-9]|2[3-6]|27[0-2]|35[2-8]|6[0-5]|1946|50|58|67)[0-9]+"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}"
)


def find_numbers(view: str) -> Iterator[Found]:
    """Every such number, from left to right. `view` is the text as `fold` made it."""
    said = _said(view)
    groups = groups_of(view)
    at = 0
    while at < len(groups):
        found = _number_at(view, groups, at, said.get(groups[at].start))
        if found is None:
            at += 1
            continue
        window, sort, value = found
        start, end = groups[window.first].start, groups[window.last].end
        yield Found(_with_sign(view, start, window), end, sort, value)
        at = window.last + 1


def _said(view: str) -> dict[int, str]:
    """What words say of the digits that stand behind them, by where those begin."""
    said = {match.end(): str(match.lastgroup) for match in _SAYS.finditer(view)}
    return said | {match.end(): Sort.PHONE.name for match in _LINK.finditer(view)}


def _with_sign(view: str, start: int, window: Window) -> int:
    """Where a number begins with the plus or the bracket that belongs to it."""
    if view[max(0, start - 1) : start] == "(" and any(")" in joint for joint in window.joints):
        start -= 1
    before = view[max(0, start - 2) : start].rstrip(f" {INVISIBLE}")
    return start - 2 + before.rindex("+") if start > 1 and before.endswith("+") else start - before.endswith("+")


def _number_at(view: str, groups: list[Group], first: int, said: str | None) -> tuple[Window, Sort, str] | None:
    start = groups[first].start
    plus = view[max(0, start - 3) : start].rstrip(f" ({INVISIBLE}").endswith("+")
    glued = said is None and start > 0 and view[start - 1].isalpha()
    if glued or not (plus or said or _may_begin(view, groups, first)):
        return None
    windows = windows_from(view, groups, first)
    found = None if plus else _named_number(view, groups, windows, said)
    if found is None and (phone := phone_of(windows, plus=plus, named=said == Sort.PHONE.name)):
        found = (phone[0], Sort.PHONE, phone[1])
    if found is None or _ends_in_a_word(view, groups[found[0].last].end, found):
        return None
    return found


def _may_begin(view: str, groups: list[Group], first: int) -> bool:
    """Whether a number may begin here without a word that says so: spares most figures the work."""
    start, end, _, figure = groups[first]
    following = groups[first + 1 : first + 3]
    if figure or (end - start < _FEWEST_ALONE and not (following and following[0].joint is not None)):
        return False
    if end - start > 1:
        return True
    head = view[start] + "".join(view[group.start : group.end] for group in following)
    return head.startswith(("08", "628"))


def _ends_in_a_word(view: str, end: int, found: tuple[Window, Sort, str]) -> bool:
    """Whether letters go on right behind it: a serial number, unless somebody forgot the space after a mobile."""
    behind = view[end : end + 1]
    return behind.isalpha() and not (behind.islower() and found[1] is Sort.PHONE and is_mobile(found[2]))


def _named_number(
    view: str, groups: list[Group], windows: Sequence[Window], said: str | None
) -> tuple[Window, Sort, str] | None:
    for window in reversed(windows):
        sort = _sort_of(window, said)
        if sort is not None:
            return window, sort, window.digits
    for window in reversed(windows):
        if _is_account(view, groups[window.last].end, window, said):
            return window, Sort.ACCOUNT, window.digits
    return None


def _sort_of(window: Window, said: str | None) -> Sort | None:
    length = len(window.digits)
    if window.shape[-len(_NPWP_SHAPE) :] == _NPWP_SHAPE and length == 15 and set(window.joints) <= {".", "-", " "}:
        return Sort.NPWP
    if said == Sort.NPWP.name and length in (15, 16):
        return Sort.NPWP
    if length == 16 and (said == Sort.NIK.name or (_regular(window) and _is_nik(window.digits))):
        return Sort.NIK
    if 13 <= length <= 19 and (said == Sort.CARD.name or (_regular(window, 3) and _is_card(window.digits))):
        return Sort.CARD
    return None


def _regular(window: Window, shortest: int = 2) -> bool:
    """Whether the groups look like those of one number: of some length, all joined in the same way."""
    return len(set(window.joints)) <= 1 and min(window.shape[:-1], default=shortest) >= shortest


def _is_nik(digits: str) -> bool:
    """Province, regency, district, day (40 more for women), month, year, and a number that is not 0000."""
    day = int(digits[6:8])
    day -= 40 if day > 40 else 0
    try:
        date(2000 + int(digits[10:12]), int(digits[8:10]), day)
    except ValueError:
        if digits[6:10] not in ("2902", "6902"):
            return False
    return _PROVINCE.match(digits) is not None and digits[2:4] != "00" and digits[4:6] != "00" and digits[12:] != "0000"


def _is_card(digits: str) -> bool:
    if not _CARD.fullmatch(digits) or len(set(digits)) < 2:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _is_account(view: str, end: int, window: Window, said: str | None) -> bool:
    length = len(window.digits)
    if not length <= 18 or len(set(window.joints)) > 1:
        return False
    if said == Sort.ACCOUNT.name:
        return length >= 6
    return length >= 10 and (said == "BANK" or (said is None and _BANK_BEHIND.match(view, end) is not None))
