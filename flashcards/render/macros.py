r"""A collection's TeX macros: reading `macros.tex`, and writing them out where the reader does not know them.

The file holds one macro a line, `\name body`, as hashcards writes it; a body may use the arguments `#1` to `#9`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_EXPANSIONS: Final = 1000  # in one formula; only macros that call themselves get there
MAX_LENGTH: Final = 20_000  # characters of one expanded formula

_LINE: Final = re.compile(r"\\([A-Za-z]+|[^A-Za-z\s])\s*(.*)", re.DOTALL)
_CALL: Final = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
_COMMENT: Final = re.compile(r"(?<!\\)%.*")
_ARGUMENT: Final = re.compile(r"#([1-9])")
_ARGUMENT_PLACE: Final = re.compile(r"(?:[\^_]|\\[A-Za-z]+)\s*\Z")  # where TeX takes the next token only
_ONE_TOKEN: Final = re.compile(r"\\(?:[A-Za-z]+|.)|[^\\{}]?", re.DOTALL)
_TAIL: Final = 80  # characters looked back at: longer than any macro's name
_ENDS_IN_NAME: Final = re.compile(r"\\[A-Za-z]+\Z")


@dataclass(frozen=True, slots=True)
class Macros:
    """What a `macros.tex` says.

    Attributes:
        bodies: what each macro, its backslash included, stands for.
        problems: lines that are no macro, each as its number (from 1) and what is wrong with it.
    """

    bodies: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[tuple[int, str], ...] = ()


def parse_macros(text: str) -> Macros:
    r"""Read the lines `\name body`. Blank lines and `%` comments are skipped; of a name given twice the last counts."""
    bodies: dict[str, str] = {}
    problems = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _COMMENT.sub("", raw).strip()
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            problems.append((number, "A macro is written `\\name body`."))
        elif not match[2]:
            problems.append((number, f"The macro `\\{match[1]}` has no body."))
        elif not _balanced(match[2]):
            problems.append((number, f"The braces of the macro `\\{match[1]}` do not balance."))
        else:
            bodies[f"\\{match[1]}"] = match[2]
    return Macros(bodies, tuple(problems))


def expand(tex: str, macros: Mapping[str, str]) -> str:
    r"""`tex` with every macro replaced by its body, in braces where the body would otherwise fall apart.

    A macro that calls itself, or grows beyond `MAX_LENGTH`, is left as it was typed: the whole of `tex` is returned
    unchanged. `expansion_problem` says which of the two it was.
    """
    return _expand(tex, macros)[0] if macros and "\\" in tex else tex


def expansion_problem(tex: str, macros: Mapping[str, str]) -> str | None:
    """Why `expand` left `tex` as it was, in one sentence, or None where it did not."""
    return _expand(tex, macros)[1] if macros and "\\" in tex else None


def _expand(tex: str, macros: Mapping[str, str]) -> tuple[str, str | None]:
    rest = tex
    out = ""
    expansions = 0
    while match := _CALL.search(rest):
        out = _join(out, rest[: match.start()])
        body = macros.get(match[0])
        if body is None:
            out = _join(out, match[0])
            rest = rest[match.end() :]
            continue
        expansions += 1
        if expansions > MAX_EXPANSIONS:
            return tex, f"The macro `{match[0]}` calls itself."
        arguments, end = _arguments(rest, match.end(), body)
        meaning = _filled(body, arguments)
        if _ARGUMENT_PLACE.search(out[-_TAIL:]) and not _ONE_TOKEN.fullmatch(meaning):
            meaning = f"{{{meaning}}}"
        rest = _join(meaning, rest[end:])
        if len(out) + len(rest) > MAX_LENGTH:
            return tex, f"The macro `{match[0]}` makes a formula of more than {MAX_LENGTH} characters."
    return _join(out, rest), None


def _join(left: str, right: str) -> str:
    r"""The two one after the other, kept apart where `\alpha` and `x` would become `\alphax`."""
    return f"{left} {right}" if right[:1].isalpha() and _ENDS_IN_NAME.search(left[-_TAIL:]) else left + right


def _arguments(tex: str, at: int, body: str) -> tuple[list[str], int]:
    """The arguments that `body` asks for, read from `tex` at `at`, and where they end."""
    wanted = max((int(number) for number in _ARGUMENT.findall(body)), default=0)
    arguments: list[str] = []
    for _ in range(wanted):
        start = at
        while start < len(tex) and tex[start].isspace():
            start += 1
        if start == len(tex):
            break
        end = _argument_end(tex, start)
        text = tex[start:end]
        arguments.append(text[1:-1] if text.startswith("{") and text.endswith("}") and end - start > 1 else text)
        at = end
    return arguments, at


def _argument_end(tex: str, start: int) -> int:
    if tex[start] == "\\":
        match = _CALL.match(tex, start)
        return match.end() if match else start + 1
    if tex[start] != "{":
        return start + 1
    depth = 0
    at = start
    while at < len(tex):
        if tex[at] == "\\":
            at += 1
        elif tex[at] == "{":
            depth += 1
        elif tex[at] == "}":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return start + 1  # never closed: the brace alone


def _filled(body: str, arguments: list[str]) -> str:
    out = ""
    for index, piece in enumerate(_ARGUMENT.split(body)):
        if index % 2 == 0:
            out = _join(out, piece)
        elif int(piece) <= len(arguments):
            out = _join(out, arguments[int(piece) - 1])
    return out


def _balanced(tex: str) -> bool:
    depth = 0
    for character in re.sub(r"\\.", "", tex):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0
