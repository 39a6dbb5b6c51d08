"""What a query must be before a database sees it: one SELECT, nothing that acts, functions of an allow-list.

A parser can read a text otherwise than the server does. So what the two are known to read differently is refused in
the raw text, and the session is read-only besides; the rights of the account are the wall that stands alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from wa_integrasi.sources.base import SourceError
from wa_integrasi.sources.sql.functions import GRAMMAR, TYPES, allowed, words

if TYPE_CHECKING:
    from sqlglot import Token, TokenType, exp

_LONGEST = 100_000
_REFUSED, _SYNTAX = "refused, ", "syntax error: "
_GRAMMARS = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql", "oracle": "oracle"}
_BEGINS = frozenset({"select", "with", "(", "values", "table"})
_WORD = re.compile(r"[^\W\d][\w$#]*")
_ACTING = words("""
    DML DDL Command Into Lock Hint Parameter SessionParameter PropertyEQ Set Use Pragma Attach Detach Kill Copy LoadData
    TruncateTable Transaction Commit Rollback Describe NextValueFor Alter Drop Merge Analyze Cache Show Grant
""")
_EVERYWHERE = (
    (re.compile(r"/\*M?[!+]|--\+"), "comments that the server executes (/*! or /*+)"),
    (re.compile(r"/\*(?:(?!\*/).)*?/\*", re.DOTALL), "a comment within a comment"),
    (re.compile(r"/\*(?:(?!\*/).)*\Z", re.DOTALL), "a comment that does not end"),
    (re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]|\r(?!\n)"), "a control character"),
    (re.compile(r"\{#"), "{#, which begins a comment elsewhere"),
)
_HERE = {
    "sqlite": (),
    "postgresql": (
        (re.compile(r"\$\w*\$"), "texts in dollar quotes"),
        (re.compile(r"\bU&[\"']", re.IGNORECASE), "texts as U&'…'"),
    ),
    "mysql": ((re.compile(r"--(?![ \t\r\n]|\Z)"), "-- without a space behind it"),),
    "oracle": ((re.compile(r"\bn?q'", re.IGNORECASE), "texts as q'…'"),),
}
_HARMFUL = re.compile(
    r"""\b(?:pg_\w+|lo_\w+|dblink\w*|set_config|query_to_\w+|(?:table|cursor|schema|database)_to_xml\w*|setval|nextval
    |lastval|load_file|sleep|benchmark|\w+_lock|is_(?:free|used)_lock|release_all_locks|sys_exec|sys_eval|master_\w+wait
    |load_extension|readfile|writefile|fts3_tokenizer|(?:dbms|utl|owa|htp|apex|ctx|mdsys)_?\w*\s*\.\s*\w+
    |httpuritype|xmltype|dbms_\w+)\b["`\]]?\s*\(""",
    re.IGNORECASE | re.VERBOSE,
)
"""Named besides the allow-list: found in the raw text, they are refused however the parser reads it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that may be run: its text, and where its `:name` binds are."""

    text: str
    places: tuple[tuple[int, int], ...] = ()
    """Begin and end of each bind, its colon included."""

    @property
    def names(self) -> frozenset[str]:
        """The names of its binds."""
        return frozenset(self.text[begin + 1 : end] for begin, end in self.places)

    def plain(self) -> str:
        """The text for the parser, which does not take a bind that is called as a keyword, such as `:end`."""
        parts: list[str] = []
        at = 0
        for begin, end in self.places:
            parts += [self.text[at:begin], f":p_{self.text[begin + 1 : end]}"]
            at = end
        return "".join([*parts, self.text[at:]])

    def written(self, parameters: Mapping[str, Any], *, percent: bool) -> tuple[str, dict[str, Any]]:
        """The text with the driver's own binds, and their values; `percent`: as `%(name)s`, else as `:name`.

        A list becomes as many binds as it has values. Raises `SourceError` for a bind without a value.
        """
        if missing := sorted(self.names - set(parameters)):
            raise _no(f"a value is missing for bind parameter {missing[0]!r}")
        parts: list[str] = []
        values: dict[str, Any] = {}
        at = 0
        for begin, end in self.places:
            name = self.text[begin + 1 : end]
            given = parameters[name]
            many = isinstance(given, (list, tuple, set, frozenset))
            each = list(given) if many else [given]
            if not each:
                raise _no(f"bind parameter {name!r} is a list without values")
            keys = [f"p_{name}_{number}" if many else f"p_{name}" for number in range(len(each))]
            values.update(zip(keys, each, strict=True))
            binds = ", ".join(f"%({key})s" if percent else f":{key}" for key in keys)
            bare = not many or self.text[:begin].rstrip().endswith("(")
            parts += [_literal(self.text[at:begin], percent), binds if bare else f"({binds})"]
            at = end
        return "".join([*parts, _literal(self.text[at:], percent)]), values


def never_run(statement: str) -> str | None:
    """Why no database would be asked this, whatever its kind and the functions that its block allows; else None."""
    reasons = []
    for dialect in _GRAMMARS:
        try:
            check(statement, dialect, None)
        except SourceError as error:
            reasons.append(str(error).removeprefix(_REFUSED))
        else:
            return None
    return next((reason for reason in reasons if not reason.startswith(_SYNTAX)), reasons[0])


def check(statement: str, dialect: str, functions: frozenset[str] | None = frozenset()) -> Checked:
    """Raise `SourceError` unless the statement is one SELECT that only reads and only computes.

    `functions`: names that are allowed besides the dialect's own, such as `round_to_shift` or `plant.shift_of`; None
    where nobody knows them yet: then only those that do harm are refused.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    _refuse_unreadable(statement, dialect)
    try:
        tokens = sqlglot.tokenize(statement, read=_GRAMMARS[dialect])
        while tokens and tokens[-1].text == ";":
            tokens.pop()
        if not tokens or tokens[0].text.lower() not in _BEGINS:
            raise _no("a source only takes SELECT")
        checked = Checked(statement[: tokens[-1].end + 1], tuple(_binds(tokens)))
        trees = sqlglot.parse(checked.plain(), read=_GRAMMARS[dialect])
    except (SqlglotError, RecursionError) as error:
        raise _no(f"{_SYNTAX}{_where(error)}") from None
    if len(trees) != 1 or trees[0] is None:
        raise _no("more than one statement")
    tree: Any = trees[0]
    _refuse_acting(tree, checked)
    _refuse_words(tokens, dialect)
    if functions is not None:
        _refuse_functions(tree, tokens, allowed(dialect, functions))
    if dialect == "oracle":
        _refuse_packages(tree)
    return checked


def _refuse_unreadable(statement: str, dialect: str) -> None:
    if len(statement) > _LONGEST:
        raise _no(f"it is longer than {_LONGEST} characters")
    for pattern, what in (*_EVERYWHERE, *_HERE[dialect]):
        if pattern.search(statement):
            raise _no(f"{what}: what is done may hide there")
    bare = re.sub(r"/\*.*?\*/", " ", statement, flags=re.DOTALL)
    if found := _HARMFUL.search(statement) or _HARMFUL.search(bare):
        name = re.split(r"[^\w.]", found[0])[0]
        raise _no(f"{name}() is not allowed")


def _refuse_acting(tree: exp.Expression, checked: Checked) -> None:
    from sqlglot import exp

    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery)):
        raise _no("a source only takes SELECT")
    acting = tuple(kind for name in _ACTING if (kind := getattr(exp, name, None)))
    if found := next(iter(tree.find_all(*acting)), None):
        raise _no(f"{_SAID.get(type(found).__name__, type(found).__name__.upper())} is not allowed")
    if any(column.name.lower() in ("nextval", "currval") for column in tree.find_all(exp.Column, exp.Dot)):
        raise _no("sequences are not allowed")
    if {each.name for each in tree.find_all(exp.Placeholder)} != {f"p_{name}" for name in checked.names}:
        raise _no("a bind must be written as :name, and :: and slices with a space behind the colon")


_SAID = {
    "Into": "SELECT INTO",
    "Lock": "FOR UPDATE",
    "Parameter": "a variable or @",
    "SessionParameter": "a variable or @",
    "PropertyEQ": "an assignment",
    "NextValueFor": "a sequence",
}


def _refuse_functions(tree: exp.Expression, tokens: Sequence[Token], names: frozenset[str]) -> None:
    """By the words that stand before a parenthesis, and again by what the parser took for a call."""
    from sqlglot import exp

    headings = Counter(
        alias.name.lower() for alias in tree.find_all(exp.TableAlias) if alias.args.get("columns") and alias.name
    )
    for name, line in _called(tokens):
        if headings[name] > 0:
            headings[name] -= 1
        elif name not in names and name not in GRAMMAR and name not in TYPES:
            raise _no(f"the function {name}() is not on the list of those that are allowed (line {line})")
    last = {name.rpartition(".")[2] for name in names}
    for call in tree.find_all(exp.Anonymous, exp.AnonymousAggFunc):
        if call.name.lower() not in last | {"row"}:
            raise _no(f"the function {call.name}() is not on the list of those that are allowed")


def _refuse_words(tokens: Sequence[Token], dialect: str) -> None:
    from sqlglot import TokenType

    quoted = (*_texts(), TokenType.IDENTIFIER)
    for token in tokens:
        operator = dialect == "postgresql" and not re.search(r"\w", token.text)
        if dialect == "postgresql" and token.token_type is TokenType.BYTE_STRING:
            raise _no("texts as E'…': what is done may hide there")
        if token.token_type is TokenType.PARAMETER or (
            "@" in token.text and not operator and token.token_type not in quoted
        ):
            raise _no("a variable or @ is not allowed")


def _texts() -> tuple[TokenType, ...]:
    from sqlglot import TokenType

    return (TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.BYTE_STRING)


def _called(tokens: Sequence[Token]) -> Iterator[tuple[str, int]]:
    """Each word before a parenthesis, with what qualifies it, and its line."""
    from sqlglot import TokenType

    texts = _texts()
    for at, token in enumerate(tokens):
        if token.token_type is not TokenType.L_PAREN or not at or tokens[at - 1].token_type in texts:
            continue
        if not _WORD.fullmatch(tokens[at - 1].text) and tokens[at - 1].token_type is not TokenType.IDENTIFIER:
            continue
        first, name = at - 1, tokens[at - 1].text
        while first >= 2 and tokens[first - 1].token_type is TokenType.DOT:
            first -= 2
            name = f"{tokens[first].text}.{name}"
        yield name.lower(), token.line


def _refuse_packages(tree: exp.Expression) -> None:
    """Oracle calls a function without arguments without parentheses too: `package.function` looks like a column."""
    from sqlglot import exp

    sources = {each.alias_or_name.lower() for each in tree.find_all(exp.Table, exp.Subquery, exp.CTE)}
    sources |= {each.name.lower() for each in tree.find_all(exp.Table, exp.TableAlias)}
    for column in tree.find_all(exp.Column):
        if column.table and column.table.lower() not in sources:
            raise _no(f"{column.table}.{column.name} is of no table of the query")
    if next(iter(tree.find_all(exp.Dot)), None):
        raise _no("a value's own functions are not allowed")


def _binds(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    from sqlglot import TokenType

    for colon, word in pairwise(tokens):
        adjacent = word.start == colon.end + 1
        if colon.token_type is TokenType.COLON and adjacent and _WORD.fullmatch(word.text):
            yield colon.start, word.end + 1


def _literal(text: str, percent: bool) -> str:
    return text.replace("%", "%%") if percent else text


def _where(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    details: Any = next(iter(getattr(error, "errors", None) or []), {})
    line, column = details.get("line"), details.get("col")
    near = str(details.get("highlight") or "").strip()[:40]
    return f"line {line}, column {column}, near {near!r}" if line else "it cannot be read"


def _no(reason: str) -> SourceError:
    return SourceError(f"{_REFUSED}{reason}", transient=False)
