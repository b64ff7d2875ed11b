"""Write text with emphasis, breaks, math and gaps as paragraphs, and escape special characters of Markdown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

_SPECIAL: Final = re.compile(r"[\\`*_\[<&~$={}:%^]")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")
_LINK_LIKE: Final = re.compile(r"\]\s*[(\[:]")
_SETEXT_OR_TABLE: Final = re.compile(r"(?:[|:\- ]*-[|:\- ]*|=+)\Z")
_RULE: Final = re.compile(r"([-*_])[ \t]*(?:\1[ \t]*){2,}\Z")
_LINE_START: Final = re.compile(r"#{1,6}(?=\s|\Z)|>|[-+*](?=\s|\Z)|\[[ xX]\](?=\s|\Z)|~~~|\[[^\]]+\]:|\[![A-Za-z]")
_BLOCK_ID: Final = re.compile(r"\s\^[A-Za-z0-9-]")
_NUMBERED: Final = re.compile(r"([0-9]{1,9})([.)])(?=\s|\Z)")
_MARKER: Final = re.compile(r"([QATDC])(:|：)")
HINT_FOLLOWS: Final = "\ue000"
"""The character passed as `after` if the hint of the gap follows."""

_PUNCTUATION: Final = re.compile(r"[!-/:-@\[-`{-~]")


class Escaper:
    """Escapes the pieces of one paragraph; `whole` is its complete text, to detect characters that can pair up."""

    def __init__(self, whole: str, *, cloze: bool) -> None:
        self._cloze = cloze
        self._dollars = whole.count("$") > 1
        self._tildes = whole.count("~") > 1
        self._brackets = bool(_LINK_LIKE.search(whole)) or "[[" in whole
        self._equals = whole.count("==") > 1
        self._percents = whole.count("%%") > 1
        self._block_id = bool(_BLOCK_ID.search(whole))

    def escape(self, text: str, before: str, after: str, *, in_gap: bool) -> str:
        """Escape `text`; `before` and `after` are its neighbours, empty at the ends of a line."""
        if not _SPECIAL.search(text):
            return text
        padded = f"{before or ' '}{text}{after or ' '}"
        shift = len(before or " ")

        def one(match: re.Match[str]) -> str:
            at = match.start() + shift
            return self._escape_sign(match[0], padded, at, in_gap)

        return _SPECIAL.sub(one, text)

    def _escape_sign(self, sign: str, text: str, at: int, in_gap: bool) -> str:
        left, right = text[at - 1], text[at + 1]
        if sign == "\\":
            return "\\\\" if _PUNCTUATION.match(right) or right.isspace() else sign
        if sign == "*":
            return sign if left.isspace() and right.isspace() else "\\*"
        if sign == "_":
            return sign if left.isalnum() and right.isalnum() else "\\_"
        if sign == "<":
            return "\\<" if right.isalpha() or right in "/!?" else sign
        if sign == "&":
            return "\\&" if _ENTITY.match(text, at) else sign
        if sign in "{}":
            opens = sign == "{" and text.startswith("{{c", at)
            return f"\\{sign}" if in_gap or (self._cloze and opens) else sign
        if sign == ":":
            return self._escape_colon(text, at, in_gap)
        if sign == "^":
            return "\\^" if right == "[" or (self._block_id and left.isspace()) else sign
        needed = {
            "`": True,
            "~": self._tildes,
            "$": self._dollars,
            "[": self._brackets,
            "=": self._equals,
            "%": self._percents,
        }[sign]
        return f"\\{sign}" if needed else sign

    def _escape_colon(self, text: str, at: int, in_gap: bool) -> str:
        left, right = text[at - 1], text[at + 1]
        if in_gap:
            return "&#58;" if left == ":" or right == HINT_FOLLOWS else ":"
        pair = self._cloze and left.isspace() and right == ":"
        return "\\:" if pair else ":"


def escape_line_start(line: str) -> str:
    """Escape a line that would begin a heading, list, quote, table, rule or note; leading spaces are ignored."""
    text = line.lstrip()
    spaces = line[: len(line) - len(text)]
    if not text:
        return line
    if _MARKER.match(text):
        return spaces + (f"{text[0]}\\:{text[2:]}" if text[1] == ":" else f"{text[0]}&#xFF1A;{text[2:]}")
    if match := _NUMBERED.match(text):
        return f"{spaces}{match[1]}\\{text[match.end(1) :]}"
    if _LINE_START.match(text) or _RULE.match(text) or _SETEXT_OR_TABLE.match(text):
        return f"{spaces}\\{text}"
    return line


def escape_everything(text: str) -> str:
    """Replace all punctuation in `text` by entities, which is ugly but always right."""
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", text)


TEXT, RAW, OPEN, CLOSE, BREAK, SOFT = "text", "raw", "open", "close", "br", "soft"
GAP, HINT, END = "gap", "hint", "end"
EMPHASIS: Final = {"b": "**", "i": "*", "s": "~~"}

_SPACES: Final = re.compile(r"[ \t\n\r\f]{2,}|[\t\n\r\f]")  # everything but a single space


class InlineToken(NamedTuple):
    """A piece of a run.

    `text` is text for TEXT, Markdown for RAW, GAP, HINT and END. For OPEN and CLOSE it is the kind of emphasis, or the
    tag of an element that stays HTML. BREAK is a line break. SOFT is the edge of an element, which breaks the line
    unless a line begins there anyway.
    """

    kind: str
    text: str = ""


def write_paragraphs(
    tokens: Sequence[InlineToken], *, cloze: bool, cell: bool = False, open_gaps: int = 0
) -> list[str]:
    """Write the paragraphs of a run (one line in a `cell`), before which `open_gaps` gaps began."""
    runs = _split_runs(_drop_empty_lines(_collapse_spaces(tokens)), keep_together=cell)
    written = []
    for run in runs:
        writer = _InlineWriter(run, cloze=cloze, cell=cell, open_gaps=open_gaps)
        written.append(writer.write())
        open_gaps = writer.open_gaps
    return [text for text in written if text]


def _collapse_spaces(tokens: Sequence[InlineToken]) -> list[InlineToken]:
    """Collapse spaces as HTML does: several become one, and those at the edges of lines are removed."""
    found: list[InlineToken] = []
    after_space = True  # whether the text so far is empty or ends with a space
    for token in tokens:
        if token.kind == TEXT:
            text = _SPACES.sub(" ", token.text)
            text = text[1:] if after_space and text.startswith(" ") else text
            if text:
                found.append(InlineToken(TEXT, text))
                after_space = text.endswith(" ")
        elif token.kind in (BREAK, SOFT):
            found.append(token)
            after_space = True
        else:
            found.append(token)
            after_space = after_space and token.kind in (OPEN, CLOSE)
    return found


def _drop_empty_lines(tokens: list[InlineToken]) -> list[InlineToken]:
    """Replace lines of only spaces, of any width, by line breaks."""
    if not any("\xa0" in token.text for token in tokens):  # such lines no longer contain other spaces
        return tokens
    edges = (BREAK, SOFT)
    last = len(tokens) - 1
    return [
        InlineToken(BREAK)
        if token.kind == TEXT
        and not token.text.strip()
        and (number == 0 or tokens[number - 1].kind in edges)
        and (number == last or tokens[number + 1].kind in edges)
        else token
        for number, token in enumerate(tokens)
    ]


def _split_runs(tokens: list[InlineToken], *, keep_together: bool) -> list[list[InlineToken]]:
    """Split at double breaks, with single BREAKs inside; emphasis continues in the next run."""
    runs: list[list[InlineToken]] = [[]]
    open_now: list[InlineToken] = []
    breaks: list[InlineToken] = []
    for token in tokens:
        if token.kind in (BREAK, SOFT):
            breaks.append(token)
            continue
        if breaks and token.kind not in (OPEN, CLOSE):
            lines = sum(each.kind == BREAK for each in breaks) + (breaks[0].kind == SOFT)
            breaks = []
            if lines > 1 and not keep_together:
                runs[-1] += [InlineToken(CLOSE, each.text) for each in reversed(open_now)]
                runs.append(list(open_now))
            elif any(each.kind in (TEXT, RAW, GAP, END) for each in runs[-1]):
                runs[-1].append(InlineToken(BREAK))
        if token.kind == OPEN:
            open_now.append(token)
        elif token.kind == CLOSE and open_now:
            open_now.pop()
        runs[-1].append(token)
    return runs


class _InlineWriter:
    """Writes one paragraph."""

    def __init__(self, tokens: list[InlineToken], *, cloze: bool, cell: bool, open_gaps: int) -> None:
        self._tokens = _tidy(tokens)
        self._cell = cell
        whole = "".join(EMPHASIS.get(token.text, token.text) for token in self._tokens)
        self._escaper = Escaper(whole, cloze=cloze)
        self._out: list[str] = []
        self.open_gaps = open_gaps

    def write(self) -> str:
        marks = self._write_emphasis()
        for index, token in enumerate(self._tokens):
            if token.kind == TEXT:
                self._out.append(self._write_text(index, token.text))
            elif token.kind in (OPEN, CLOSE):
                self._out.append(marks[index])
            elif token.kind == BREAK:
                self._out.append("<br>" if self._cell else "\\\n")
            else:
                self.open_gaps += (token.kind == GAP) - (token.kind == END)
                self._out.append(token.text)
        text = "".join(self._out)
        if self._cell:
            return text.replace("|", "\\|").replace("\n", " ").strip()
        return "\n".join(escape_line_start(line.lstrip(" ")) for line in text.strip(" \n").split("\n"))

    def _write_text(self, index: int, text: str) -> str:
        after = self._get_after(index)
        if index + 1 < len(self._tokens) and self._tokens[index + 1].kind == HINT:
            after = HINT_FOLLOWS
        return self._escaper.escape(text, self._get_before(index), after, in_gap=self.open_gaps > 0)

    def _get_before(self, index: int) -> str:
        return _get_edge(self._tokens[index - 1], last=True) if index else ""

    def _get_after(self, index: int) -> str:
        return _get_edge(self._tokens[index + 1], last=False) if index + 1 < len(self._tokens) else ""

    def _write_emphasis(self) -> dict[int, str]:
        """Choose how to write each OPEN and CLOSE: as Markdown if it is parsed as emphasis, else as HTML."""
        marks: dict[int, str] = {}
        open_at: list[int] = []
        for index, token in enumerate(self._tokens):
            if token.kind == OPEN:
                open_at.append(index)
            elif token.kind == CLOSE and open_at:
                start = open_at.pop()
                marks[start], marks[index] = self._write_pair(start, index, token.text)
        return marks

    def _write_pair(self, start: int, end: int, sort: str) -> tuple[str, str]:
        """Choose the delimiters of emphasis between two tokens."""
        around = (self._get_before(start), self._get_after(start), self._get_before(end), self._get_after(end))
        beside = [
            self._tokens[each] for each in (start - 1, start + 1, end - 1, end + 1) if 0 <= each < len(self._tokens)
        ]
        if sort not in EMPHASIS:
            return sort, f"</{sort[1:].split(' ')[0].rstrip('>')}>"
        sign = EMPHASIS[sort]
        if sort == "i" and any(token.kind in (OPEN, CLOSE) for token in beside):
            sign = "_"
            if around[0].isalnum() or around[3].isalnum():
                sign = ""
        if sign and _can_delimit(around[1], around[0]) and _can_delimit(around[2], around[3]):
            return sign, sign
        return f"<{sort}>", f"</{sort}>"


def _tidy(tokens: list[InlineToken]) -> list[InlineToken]:
    """Drop breaks at the ends, empty emphasis, and spaces at the inner edges of emphasis."""
    found: list[InlineToken] = []
    left = tokens[::-1]
    while left:
        token = left.pop()
        replaced = _tidy_pair(found[-1], token) if found else None
        if replaced is None:
            if found or token.kind != BREAK:
                found.append(token)
        else:
            found.pop()
            left += replaced[::-1]
    while found and (found[-1].kind == BREAK or (found[-1].kind == TEXT and not found[-1].text.strip(" "))):
        found.pop()
    return found


def _tidy_pair(one: InlineToken, other: InlineToken) -> list[InlineToken] | None:
    """Return the replacement of two neighbours, or nothing if they can stay."""
    kinds = one.kind, other.kind
    if kinds in ((OPEN, CLOSE), (CLOSE, OPEN)) and one.text == other.text:
        return []
    if one.kind == TEXT and other.kind == TEXT:
        return [InlineToken(TEXT, one.text + other.text)]
    if kinds in ((OPEN, BREAK), (BREAK, CLOSE)):
        return [other, one]
    if one.kind == OPEN and other.kind == TEXT and other.text[0] == " ":
        return [InlineToken(TEXT, " "), one, *([InlineToken(TEXT, other.text[1:])] if other.text[1:] else [])]
    if one.kind == TEXT and other.kind == CLOSE and one.text[-1] == " ":
        return [*([InlineToken(TEXT, one.text[:-1])] if one.text[:-1] else []), other, InlineToken(TEXT, " ")]
    if BREAK in kinds:
        return _drop_break(one, other)
    return None


def _drop_break(one: InlineToken, other: InlineToken) -> list[InlineToken] | None:
    """Return the replacement of a line break and its neighbour: gaps and hints do not begin or end with a break."""
    if one.kind == GAP or other.kind == END:
        return [other, one]
    if one.kind == HINT:
        return [one]
    if other.kind == HINT or one.kind == other.kind:
        return [other]
    if one.kind == TEXT and one.text[-1] == " ":
        return [*([InlineToken(TEXT, one.text.rstrip(" "))] if one.text.strip(" ") else []), other]
    return None


def _get_edge(token: InlineToken, *, last: bool) -> str:
    """Return the first or last character of a token's output."""
    if token.kind == BREAK:
        return ""
    if token.kind in (OPEN, CLOSE):
        return "*"
    return token.text[-1 if last else 0] if token.text else ""


def _can_delimit(inner: str, outer: str) -> bool:
    """Return whether CommonMark lets emphasis begin or end between two characters; "" is the end of a line."""
    if not inner or inner.isspace():
        return False
    is_punctuation = [bool(each) and unicodedata.category(each)[0] in "PS" for each in (inner, outer)]
    return not is_punctuation[0] or is_punctuation[1] or not outer or outer.isspace()
