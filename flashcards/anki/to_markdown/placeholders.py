r"""Cut math, sound and gaps out of a field before its HTML is parsed.

Each is replaced by a placeholder of private-use characters, which the HTML parser treats as text.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, NamedTuple

from flashcards.deck.html import replace_enclosed, unescape

OPEN, CLOSE = "\ue000", "\ue001"
PLACEHOLDER: Final = re.compile(f"{OPEN}([0-9]+){CLOSE}")
GAP_KINDS: Final = frozenset({"open", "hint", "close"})
FORMULA_KINDS: Final = frozenset({"inline", "display"})
_PRIVATE: Final = re.compile(f"[{OPEN}{CLOSE}]")

_OPENING: Final = re.compile(
    r"\\(?P<inline>\()|\\(?P<display>\[)|\[(?P<olddisplay>\$\$)\]|\[(?P<old>\$)\]|\[(?P<latex>latex)\]"
    r"|<(?P<element>anki-mathjax)(?P<attributes>(?:\s[^<>]*)?)>",
    re.IGNORECASE,
)
_CLOSINGS: Final = {
    "inline": re.compile(r"\\\)"),
    "display": re.compile(r"\\\]"),
    "old": re.compile(r"\[/\$\]"),
    "olddisplay": re.compile(r"\[/\$\$\]"),
    "latex": re.compile(r"\[/latex\]", re.IGNORECASE),
    "element": re.compile(r"</anki-mathjax>", re.IGNORECASE),
}
_MEDIA: Final = re.compile(r"<(?:img|audio|video)\b", re.IGNORECASE)
_SOUND: Final = re.compile(r"\[sound:([^\]]{1,1000})\]")
_TAG: Final = re.compile(r"<[^<>]*>")
_BREAK: Final = re.compile(r"<(?:br|/?div|/?p)\b[^<>]*>", re.IGNORECASE)
_GAP: Final = re.compile(r"\{\{c([0-9]{1,9}(?:,[0-9]{1,9})*)::|\}\}")
_LATEX: Final = re.compile(
    r"\$(?!\$)(?P<inline>[^$]+)\$|\\begin\{math\}(?P<math>.+)\\end\{math\}|\$\$(?P<display>[^$]+)\$\$|\\\[(?P<bracket>.+)\\\]"
    r"|\\begin\{displaymath\}(?P<displaymath>.+)\\end\{displaymath\}|(?P<environment>\\begin\{(?P<name>\w+\*?)\}.+\\end\{(?P=name)\})",
    re.DOTALL,
)
_BEGIN: Final = re.compile(r"\\begin\s*\{([^}]*?)\*?\}")
_ENVIRONMENTS: Final = frozenset(  # those that MathJax supports
    {"align", "alignat", "aligned", "alignedat", "array", "Bmatrix", "bmatrix", "cases", "displaymath", "eqnarray"}
    | {"equation", "flalign", "gather", "gathered", "math", "matrix", "multline", "pmatrix", "smallmatrix", "split"}
    | {"subarray", "Vmatrix", "vmatrix"}
)
_HIGHEST: Final = 499
_BRACE: Final = re.compile(r"\\[\\{}]|[{}]")
_LEVEL: Final = {"{": 1, "}": -1}


class Placeholder(NamedTuple):
    """A part that was cut out: its kind, its value, and its original text."""

    kind: str  # "inline" or "display" math, "sound", "open", "hint" or "close" of a gap
    value: str
    source: str

    def write_tex(self) -> str | None:
        r"""Write a formula between delimiters such as `\(` and `\)`, or return nothing if it is not a formula."""
        brackets = {"inline": "()", "display": "[]"}.get(self.kind)
        return f"\\{brackets[0]}{self.value}\\{brackets[1]}" if brackets else None


@dataclass(slots=True)
class CutField:
    """A field with placeholders."""

    html: str  # the HTML with placeholders
    placeholders: list[Placeholder] = field(default_factory=list)  # the parts that were cut out
    problems: list[str] = field(default_factory=list)  # the parts that could not be kept unchanged, as clauses
    open_gaps: int = 0  # number of open gaps at the current position

    def add(self, what: str, value: str, source: str) -> str:
        """Add a placeholder for `source` and return it."""
        self.placeholders.append(Placeholder(what, value, source))
        return f"{OPEN}{len(self.placeholders) - 1}{CLOSE}"

    def has(self, text: str, kinds: Container[str]) -> bool:
        """Return whether a text has a placeholder of some kinds."""
        return any(self.placeholders[int(number)].kind in kinds for number in PLACEHOLDER.findall(text))

    def restore(self, text: str) -> str:
        """Put the original text back for the placeholders in `text`."""
        return PLACEHOLDER.sub(lambda match: self.restore(self.placeholders[int(match[1])].source), text)

    def write_gaps(self, text: str) -> str | None:
        """Write the gaps of a formula or of code as in a deck file, or nothing if they would be parsed otherwise."""
        depths: list[int] = []
        out: list[str] = []
        at = 0
        for found in PLACEHOLDER.finditer(text):
            part, at = text[at : found.start()], found.end()
            placeholder = self.placeholders[int(found[1])]
            if placeholder.kind not in GAP_KINDS:
                return None
            levels = list(accumulate((_LEVEL.get(sign, 0) for sign in _BRACE.findall(part)), initial=sum(depths[-1:])))
            if part.endswith("\\") or (depths and min(levels) < 0):
                return None
            depths[-1:] = levels[-1:] if depths else []
            if placeholder.kind == "open":
                depths.append(0)
            elif not depths or depths[-1]:
                return None
            elif placeholder.kind == "close":
                depths.pop()
            out += [part, placeholder.value]
        return None if depths else "".join((*out, text[at:]))


def cut_out(html: str, *, cloze: bool = False) -> CutField:
    """Cut math and sound out of a field, and the gaps out of a `cloze`."""
    cut = CutField(_PRIVATE.sub("", html))
    if cloze:
        cut.html = _cut_out_gaps(cut.html, cut)
    cut_out_media(cut)
    return cut


def cut_out_media(cut: CutField) -> None:
    """Cut math and sound out of the rest of a field."""
    html = cut.html
    if "\\" in html or "[" in html or "<anki" in html:
        html = _cut_out_math(html, cut)
        cut.html = _SOUND.sub(lambda match: cut.add("sound", unescape(match[1]), match[0]), html)


def _cut_out_gaps(html: str, cut: CutField) -> str:
    tokens = list(_GAP.finditer(html))
    partner: dict[int, int] = {}
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token[1]:
            stack.append(index)
        elif stack:
            start = stack.pop()
            partner[start], partner[index] = index, start
    out = []
    at = 0
    plain: set[int] = set()  # ends of gaps without a number
    open_gaps: list[bool] = []  # for each open gap, whether its hint has begun
    for index, token in enumerate(tokens):
        out.append(_cut_out_hint(html[at : token.start()], open_gaps, cut))
        at = token.end()
        if index not in partner:
            out.append(token[0])
        elif token[1]:
            numbers = ",".join(str(min(int(each), _HIGHEST)) for each in token[1].split(",") if int(each))
            if numbers:
                out.append(cut.add("open", f"{{{{c{numbers}::", token[0]))
            else:
                cut.problems.append("a gap numbered 0, which no card asks, is now text")
                plain.add(partner[index])
            open_gaps.append(not numbers)
        else:
            out.append("" if index in plain else cut.add("close", "}}", token[0]))
            open_gaps.pop()
    out.append(html[at:])
    return "".join(out)


def _cut_out_hint(text: str, open_gaps: list[bool], cut: CutField) -> str:
    """Cut out the first `::` of a gap, which begins its hint."""
    if not open_gaps or open_gaps[-1] or "::" not in text:
        return text
    head, _, tail = text.partition("::")
    if not _MEDIA.search(tail) and not PLACEHOLDER.sub("", _TAG.sub("", tail)).strip():
        return text.replace("::", "", 1)
    open_gaps[-1] = True
    return f"{head}{cut.add('hint', '::', '::')}{tail}"


def _cut_out_math(html: str, cut: CutField) -> str:
    """Cut out all formulas."""

    def find_name(opening: re.Match[str]) -> str:
        return next(name for name in _CLOSINGS if opening[name])

    def one(opening: re.Match[str], body: str, closing: re.Match[str]) -> str:
        name = find_name(opening)
        display = name in ("display", "olddisplay")
        if name == "element":
            display = bool(re.search(r"block\s*=\s*[\"']?true", opening["attributes"], re.IGNORECASE))
        return _cut_out_formula(name, body, f"{opening[0]}{body}{closing[0]}", cut, display=display)

    return replace_enclosed(html, _OPENING, lambda opening: _CLOSINGS[find_name(opening)], one)


def _cut_out_formula(name: str, body: str, source: str, cut: CutField, *, display: bool) -> str:
    if sounds := "".join(match[0] for match in _SOUND.finditer(body)):
        rest = _SOUND.sub("", body)
        return _cut_out_formula(name, rest, source.replace(body, rest), cut, display=display) + sounds
    inner = [cut.placeholders[int(found[1])] for found in PLACEHOLDER.finditer(body)]
    written = cut.write_gaps(_get_text(body)) if inner else _get_text(body)
    kept = written is not None
    tex = written if written is not None else PLACEHOLDER.sub("", _get_text(fill_gaps(body, cut)))
    if name == "latex":
        found = _LATEX.fullmatch(tex)
        if found is None or any(each[1] not in _ENVIRONMENTS for each in _BEGIN.finditer(tex)):
            cut.problems.append("LaTeX that is more than a formula is kept as text")
            return source
        display = found["inline"] is None and found["math"] is None
        tex = next(found[group] for group in _LATEX.groupindex if found[group] is not None)
    if not tex.strip():
        return source
    kind, tex = "display" if display else "inline", " ".join(tex.split())
    if kept:
        return cut.add(kind, tex, source)
    openings = [each for each in inner if each.kind == "open"]
    if len(openings) != sum(each.kind == "close" for each in inner):  # a gap begins or ends inside
        cut.problems.append("a formula and a gap overlap")
        return source
    cut.problems.append("a gap inside a formula now hides the whole formula")
    numbers = dict.fromkeys(number for each in openings for number in each.value[3:-2].split(","))
    opening = cut.add("open", f"{{{{c{','.join(numbers)}::", "")
    placeholder = cut.add(kind, tex, PLACEHOLDER.sub("", source))
    return f"{opening}{placeholder}{cut.add('close', '}}', '')}"


def fill_gaps(body: str, cut: CutField) -> str:
    """Return a text with its gaps filled and without their hints."""
    out: list[str] = []
    hint_depth = depth = 0
    at = 0
    for found in PLACEHOLDER.finditer(body):
        if not hint_depth:
            out.append(body[at : found.start()])
        at = found.end()
        what = cut.placeholders[int(found[1])].kind
        if what == "open":
            depth += 1
        elif what == "hint" and not hint_depth:
            hint_depth = depth
        elif what == "close":
            if hint_depth == depth:
                hint_depth = 0
            depth -= 1
    out.append(body[at:])
    return "".join(out)


def _get_text(html: str) -> str:
    """Return the text of a formula without the tags that editors leave in it."""
    return unescape(_TAG.sub("", _BREAK.sub("\n", html))).replace("\xa0", " ")
