"""Patterns that data engineers write, matched against what strangers type.

They are those of Rust's `regex`, by way of pydantic: the time that they take grows with the text and no faster.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema


class PatternError(ValueError):
    """A pattern that cannot be used. Its message says what is wrong with it."""


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Tells whether a whole text fits the pattern; capitals do not matter. Raises `PatternError`."""
    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern))
        whole = SchemaValidator(core_schema.str_schema(pattern=rf"\A(?i:{pattern})\z"))
    except SchemaError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reason = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[-1])
        raise PatternError(f"found no pattern that can be used ({reason}); must be one without look-around") from None

    def fits(text: str) -> bool:
        try:
            whole.validate_python(text, strict=True)
        except ValidationError:
            return False
        return True

    return fits
