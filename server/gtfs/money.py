"""Amounts of money in feeds: decimals of a currency as whole numbers of its smallest unit. Level 0: pure."""

from decimal import Decimal, InvalidOperation

WITHOUT_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
WITH_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""ISO 4217: minor units of currencies that do not have the usual two."""


def is_currency(text: str) -> bool:
    """Tell whether a text could be a currency of ISO 4217."""
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()


def minor_digits(currency: str) -> int:
    """Tell how many decimals an amount of this currency has."""
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in WITH_THREE else 2


def whole_amount(text: str, *, digits: int, limit: int) -> int | None:
    """Read an amount as whole smallest units; None when it is no number, has more decimals, or is beyond the limit."""
    try:
        amount = Decimal(text).scaleb(digits)
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) > limit or amount != amount.to_integral_value():
        return None
    return int(amount)


def amount_text(won: int, *, digits: int) -> str:
    """Write whole smallest units as feeds do."""
    return str(Decimal(won).scaleb(-digits))
