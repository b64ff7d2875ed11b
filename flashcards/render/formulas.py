r"""Formulas: cut out math typed as `\(x\)` and `\[x\]`, and expand a collection's TeX macros.

CommonMark would read `\(` as an escaped bracket, so each formula is replaced by a placeholder before the Markdown is
parsed. The parser sees the placeholder as a word, and the renderer replaces it by the formula.

`macros.tex` has one macro per line, `\name body`, as in hashcards; a body may use the arguments `#1` to `#9`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import pyromark

from flashcards.deck.markdown import OPTIONS, MathClosings
from flashcards.deck.source import map_byte_offsets
from flashcards.disk.atomic import read_text

MACROS_FILE: Final = "macros.tex"
MAX_LENGTH: Final = 20_000  # characters of one expanded formula
MAX_BODY: Final = 2_000  # characters of one expanded macro: a page of short formulas must not fill the memory
_MOST_CALLS: Final = 100  # macros that one macro calls, directly or indirectly
_MOST_NESTED: Final = 100  # levels of braces
_MOST_PROBLEMS: Final = 50  # problems reported at once

_LINE: Final = re.compile(r"\\([A-Za-z]+|[^A-Za-z\s])\s*(.*)", re.DOTALL)
_CALL: Final = re.compile(r"\\(?:[A-Za-z]+|.)", re.DOTALL)
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_COMMENT: Final = re.compile(r"(?<!\\)%.*")
_ARGUMENT: Final = re.compile(r"#([1-9])")
_ARGUMENT_PLACE: Final = re.compile(r"(?:[\^_]|\\[A-Za-z]+)\s*\Z")  # places where TeX reads only the next token
_ONE_TOKEN: Final = re.compile(r"\\(?:[A-Za-z]+|.)|[^\\{}]?", re.DOTALL)
_TAIL: Final = 80  # characters to look back: longer than any macro's name
_ENDS_IN_NAME: Final = re.compile(r"\\[A-Za-z]+\Z")
_DEFINITIONS: Final = frozenset(
    {"DeclareMathOperator", "def", "edef", "gdef", "let", "newcommand", "providecommand", "renewcommand", "xdef"}
)
_EXAMPLE: Final = r"Write a name and a body, for example `\R \mathbb{R}`, one macro per line."


class MacroProblem(NamedTuple):
    """An invalid line of `macros.tex` (counted from 1), the problem, and the remedy."""

    line: int
    message: str
    hint: str


class Macros(NamedTuple):
    """The contents of a `macros.tex`."""

    # the replacement of each macro; the name includes its backslash
    bodies: Mapping[str, str]
    lines: Mapping[str, int]  # the line that defines each macro
    problems: tuple[MacroProblem, ...]  # invalid lines


def read_macros(root: Path) -> Mapping[str, str]:
    """Read the bodies of a collection's macros, if its file can be read."""
    try:
        return parse_macros(read_text(root / MACROS_FILE)).bodies
    except OSError:
        return {}


def parse_macros(text: str) -> Macros:
    r"""Read the lines `\name body`. Blank lines and `%` comments are skipped; the last line for a name counts."""
    bodies: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems = []
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = _COMMENT.sub("", raw).strip()
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            problems.append(MacroProblem(number, "This line is not a macro.", _EXAMPLE))
            continue
        name, body = f"\\{match[1]}", match[2]
        if match[1] in _DEFINITIONS:
            problems.append(MacroProblem(number, f"`{name}` is neither needed nor supported here.", _EXAMPLE))
        elif not body:
            problems.append(MacroProblem(number, f"The macro `{name}` has no body.", _EXAMPLE))
        elif _find_depth(body) is None:
            message = f"The braces of the macro `{name}` do not balance."
            problems.append(MacroProblem(number, message, "Close every `{` with a `}`; write a brace itself as `\\{`."))
        else:
            bodies[name], lines[name] = body, number
    return Macros(bodies, lines, tuple(problems))


def find_endless_macros(macros: Macros) -> list[MacroProblem]:
    """Find the recursive macros, and those that grow too long; `expand` leaves formulas with them as typed."""
    calls = {
        name: {call: None for call in _CALL.findall(body) if call in macros.bodies}
        for name, body in macros.bodies.items()
    }
    problems: list[MacroProblem] = []
    failed: set[str] = set()
    for _ in range(_MOST_PROBLEMS):
        order, cycle = _sort_macros(calls)
        for name, caller in cycle.items():
            del calls[name]
            if len(problems) >= _MOST_PROBLEMS or can_expand(name, macros.bodies):
                continue  # or the call is in an argument that is dropped
            failed.add(name)
            through = "" if caller == name else f" through `{caller}`"
            hint = "Remove the call from its body; until then, formulas with it are shown as typed."
            problems.append(MacroProblem(macros.lines[name], f"The macro `{name}` calls itself{through}.", hint))
        if not cycle:
            break
    for name in order:
        if any(call in failed for call in calls[name]):
            failed.add(name)  # only because of a macro that has its own problem
        elif not can_expand(name, macros.bodies):
            failed.add(name)
            message = f"The macro `{name}` makes a formula of more than {MAX_BODY:,} characters or {_MOST_CALLS} calls."
            hint = "Shorten its body; until then, formulas with it are shown as typed."
            problems.append(MacroProblem(macros.lines[name], message, hint))
    return sorted(problems[:_MOST_PROBLEMS])


def _sort_macros(calls: Mapping[str, Iterable[str]]) -> tuple[list[str], dict[str, str]]:
    """Sort macros so that called ones come first. If one calls itself, return a cycle: each with its caller."""
    from graphlib import CycleError, TopologicalSorter  # imported late: only `check` needs it

    known = {name: [call for call in found if call in calls] for name, found in calls.items()}
    try:
        return list(TopologicalSorter(known).static_order()), {}
    except CycleError as error:
        called = error.args[1]  # each is called by the next one
        return [], dict(pairwise(called))


def expand(tex: str, macros: Mapping[str, str]) -> str:
    """Replace macros in `tex` by their bodies, in braces where needed.

    Endless or too long ones stay as typed, and so does `tex` if its braces do not balance.
    """
    expanded = _expand(tex, macros) if macros and "\\" in tex else tex
    return tex if expanded is None else expanded


def can_expand(tex: str, macros: Mapping[str, str]) -> bool:
    """Return whether every macro in `tex` can be replaced by its body."""
    return _expand(tex, macros) is not None


def _expand(tex: str, macros: Mapping[str, str]) -> str | None:
    depth = _find_depth(tex) if len(tex) <= MAX_LENGTH else None
    if depth is None or depth > _MOST_NESTED:
        return None
    rest = tex
    out = ""
    calls = 0
    most_calls = min(1_000, _MOST_CALLS + len(tex))
    longest = min(MAX_LENGTH, MAX_BODY + 20 * len(tex))
    while match := _CALL.search(rest):
        out = _join(out, rest[: match.start()])
        body = macros.get(match[0])
        if body is None:
            out = _join(out, match[0])
            rest = rest[match.end() :]
            continue
        calls += 1
        if calls > most_calls:
            return None
        arguments, end = _read_arguments(rest, match.end(), body)
        meaning = _fill(body, arguments)
        if _ARGUMENT_PLACE.search(out[-_TAIL:]) and not _ONE_TOKEN.fullmatch(meaning):
            meaning = f"{{{meaning}}}"
        rest = _join(meaning, rest[end:])
        if len(out) + len(rest) > longest:
            return None
    return _join(out, rest)


def _join(left: str, right: str) -> str:
    r"""Join two pieces of TeX, with a space if `\alpha` and `x` would become `\alphax`."""
    return f"{left} {right}" if right[:1].isalpha() and _ENDS_IN_NAME.search(left[-_TAIL:]) else left + right


def _read_arguments(tex: str, at: int, body: str) -> tuple[list[str], int]:
    """Read the arguments that `body` uses from `tex` at `at`; also return where they end."""
    count = max((int(number) for number in _ARGUMENT.findall(body)), default=0)
    arguments: list[str] = []
    for _ in range(count):
        start = at
        while start < len(tex) and tex[start].isspace():
            start += 1
        if start == len(tex):
            break
        end = _find_argument_end(tex, start)
        text = tex[start:end]
        arguments.append(text[1:-1] if text.startswith("{") and text.endswith("}") and end - start > 1 else text)
        at = end
    return arguments, at


def _find_argument_end(tex: str, start: int) -> int:
    if tex[start] == "\\":
        match = _CALL.match(tex, start)
        return match.end() if match else start + 1
    if tex[start] != "{":
        return start + 1
    depth = 0
    for match in _BRACE.finditer(tex, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return start + 1  # not closed: only the brace


def _fill(body: str, arguments: list[str]) -> str:
    out = ""
    for index, piece in enumerate(_ARGUMENT.split(body)):
        if index % 2 == 0:
            out = _join(out, piece)
        elif int(piece) <= len(arguments):
            out = _join(out, arguments[int(piece) - 1])
    return out


def _find_depth(tex: str) -> int | None:
    """Return how deep braces nest, or nothing if they do not balance."""
    depth = deepest = 0
    for brace in _BRACE.findall(tex):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return None
        deepest = max(deepest, depth)
    return None if depth else deepest


_QUOTE_PREFIX: Final = re.compile(r"\n(?:[ \t]{0,3}>[ \t]?)+")


class Formula(NamedTuple):
    """A formula: its TeX without delimiters, and whether it is displayed on its own lines."""

    tex: str
    display: bool


class CutMath(NamedTuple):
    """Markdown whose literal math has been cut out."""

    source: str  # the Markdown with placeholders
    formulas: tuple[Formula, ...] = ()  # what was cut out, in order
    # matches a placeholder, with the index into `formulas` as group 1; None without formulas
    placeholder: re.Pattern[str] | None = None

    def find_formula(self, match: re.Match[str]) -> Formula | None:
        """Return the formula for a match of `placeholder`, or nothing if the text only looks like one."""
        index = int(match[1])
        return self.formulas[index] if index < len(self.formulas) else None


def cut_out_math(source: str) -> CutMath:
    r"""Cut every `\(x\)` and `\[x\]` out of `source` that is not inside code, math, HTML, a URL or an image.

    `source` must be free of lone surrogates. A formula may span lines, but not a blank line.
    """
    if "\\(" not in source and "\\[" not in source:
        return CutMath(source)
    edge = next((chr(code) for code in range(0xE000, 0xF900) if chr(code) not in source), "")
    if not edge:
        return CutMath(source)
    closings = MathClosings(source)
    pieces: list[str] = []
    formulas: list[Formula] = []
    done = 0
    for bracket, in_quote in _find_escaped_brackets(source):
        end = 0 if bracket <= done else closings.find(bracket)
        tex = source[bracket + 1 : end - 2] if end else ""
        if not tex.strip():
            continue
        pieces += [source[done : bracket - 1], f"{edge}{len(formulas)}{edge}"]
        formulas.append(Formula(_QUOTE_PREFIX.sub("\n", tex) if in_quote else tex, source[bracket] == "["))
        done = end
    if not formulas:
        return CutMath(source)
    return CutMath("".join((*pieces, source[done:])), tuple(formulas), re.compile(f"{edge}([0-9]{{1,9}}){edge}"))


def _find_escaped_brackets(source: str) -> list[tuple[int, bool]]:
    """Find the offsets of escaped opening brackets, and whether they are in a quote."""
    at = map_byte_offsets(source)
    found = []
    hidden = quotes = 0
    for event, place in pyromark.events_with_range(source, options=OPTIONS):
        match event:
            case {"Start": {"Image": _} | {"CodeBlock": _}}:
                hidden += 1
            case {"End": "Image" | "CodeBlock"}:
                hidden -= 1
            case {"Start": {"BlockQuote": _}}:
                quotes += 1
            case {"End": {"BlockQuote": _}}:
                quotes -= 1
            case {"Text": str(text)} if not hidden and text[:1] in ("(", "["):
                # The range of an escaped character begins after its backslash.
                start = at(place["start"])
                if text and source[start - 1 : start] == "\\":
                    found.append((start, quotes > 0))
    return found
