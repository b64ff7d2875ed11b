"""Obsidian's additions to Markdown, rewritten as Markdown and HTML that every renderer here draws.

`==highlight==`, `%%comment%%`, `[[note|text]]`, `![[picture.png|200]]`, footnotes, block ids and callouts. Code, math
and HTML are left as they are, and so is a character after a backslash.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, zip_longest
from typing import Final

import pyromark

from flashcards.deck.cloze import GAP_CHARACTERS
from flashcards.deck.markdown import OPTIONS, outline
from flashcards.deck.model import Note
from flashcards.deck.source import Spans, find_fences
from flashcards.deck.wiki_links import (
    LINK,
    Targets,
    clean_target,
    drop_targets,
    expand_embeds,
    name_target,
    read_targets,
)
from flashcards.disk.media_files import WIKI_PREFIX

_HINT: Final = re.compile(r"<!--|\[\[|==|%%|\[!|\[\^|\^\[|[ \t\n]\^[A-Za-z0-9]")
_TOKEN: Final = re.compile(
    r"""\\.
      | %%
      | ==
      | """
    + LINK
    + r"""
      | (?P<foot>\[\^(?P<name>[^\[\]\s^]+)\])
      | (?P<inline>\^\[)
      | (?P<block>(?:(?<![ \t])[ \t]+|(?<=\n))\^(?:(?=[0-9-]*[A-Za-z])[A-Za-z0-9-]{3,}|[A-Za-z][0-9])[ \t]*$)
    """,
    re.DOTALL | re.VERBOSE | re.MULTILINE,
)
_BLOCK_ID: Final = re.compile(r"[ \t]+\^[A-Za-z0-9-]+[ \t]*$", re.MULTILINE)
_CLOSING: Final = re.compile(r"(?<![\s\\=])==(?![=A-Za-z0-9_])")
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")
_FOOTNOTE: Final = re.compile(r"^\[\^([^\[\]\s^]+)\]:[ \t]*([^\n]*(?:\n(?: {2,}|\t)[^\n]+)*)\n?", re.MULTILINE)
_REFERENCE: Final = re.compile(r"\[\^([^\[\]\s^]+)\](?!:)")
_CALLOUT: Final = re.compile(r"[ \t]*\[!([A-Za-z][\w-]*)(?:\|[^\]\n]*)?\]([+-]?)[ \t]*(.*)")
_QUOTED_IN_LIST: Final = re.compile(r"(?P<spaces>[ \t]*)(?P<bullets>(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<sign>>) ?")
_SIZE: Final = re.compile(r"(?:(.*)\|)?(\d{1,5})(?:x(\d{1,5}))?")
SHOWN: Final = re.compile(
    r"\.(?:aac|apng|avif|avi|bmp|flac|flv|gif|heic|ico|jfif|jpe?g|m4a|m4v|mkv|mov|mp3|mp4|mpe?g|oga|ogg|ogv|opus|png"
    r"|spx|svg|swf|tiff?|wav|webm|webp|3gp)\Z",
    re.IGNORECASE,
)
_LONGEST_POWER: Final = 4  # characters of `^n2`, which ends a formula and is no block id; those of Obsidian have 7
_BASE: Final = re.compile(r"(?:(?<!\w)\w|\d|[^\w\s.,;:!?])\Z")
_LONG_WORD: Final = re.compile(r"[^\W\d_]{3}")
_BRACKET: Final = re.compile(r"[\[\]\n]")
_LONGEST_FOOTNOTE: Final = 2000  # characters, written inline
_DEEPEST: Final = 8  # callouts in callouts


def has_additions(text: str) -> bool:
    """Return whether a text may contain any of Obsidian's additions."""
    has_symbol = "[" in text or "=" in text or "%" in text or "^" in text or "<!" in text  # faster than the pattern
    return has_symbol and _HINT.search(text) is not None


def rewrite_additions(text: str, definitions: str = "") -> str:
    """Return a text with Obsidian's additions as Markdown and HTML.

    `definitions` come from elsewhere in its file: footnotes, and the output of `write_targets`.
    """
    if not has_additions(text):
        return text
    targets = read_targets(definitions)
    text = expand_embeds(_show_comments(text) if "<!--" in text else text, targets)
    footnotes = _Footnotes(text, drop_targets(definitions), targets)
    text = footnotes.text
    if "[!" in text:
        text = _rewrite_callouts(text, _DEEPEST)
    return _Rewriter(text, footnotes).run() + footnotes.write_list()


def _show_comments(text: str) -> str:
    """Turn HTML comments that contain an asked gap into visible text."""
    if GAP_CHARACTERS.isdisjoint(text):
        return text
    opaque = Spans(outline(text).opaque)
    out: list[str] = []
    done = 0
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start + 4)) >= 0:
        span = opaque.around(start)
        inner = text[start + 4 : end]
        if (span is None or span[0] == start) and not GAP_CHARACTERS.isdisjoint(inner):  # not in code
            out += [text[done:start], inner.strip()]
            done = end + 3
        start = text.find("<!--", end)
    return "".join((*out, text[done:]))


def add_footnotes(notes: Sequence[Note], body: str) -> list[Note]:
    """Return the notes of a file with the footnotes that they name and that are defined elsewhere in it.

    A note also gets the footnotes that only other notes name, but that are defined in its text, so they are not shown.
    """
    definitions, named = _find_footnotes(body)
    defined = {match[1]: match[0].rstrip("\n") for match in definitions if match[1] in named}
    return [_add_footnotes(note, defined) for note in notes] if defined else list(notes)


def _find_footnotes(text: str) -> tuple[list[re.Match[str]], set[str]]:
    """Find the definitions of footnotes in a text, and the names of those that its text, unlike its code, refers to."""
    fences = find_fences(text)
    definitions = [match for match in _FOOTNOTE.finditer(text) if match.start() not in fences]
    if not definitions:
        return [], set()
    # `[^1]: word` would also define a link, and make a link of each `[^1]`.
    opaque = Spans(outline(text.replace("]:", "] ")).opaque)
    return definitions, {match[1] for match in _REFERENCE.finditer(text) if match.start() not in opaque}


def _add_footnotes(note: Note, defined: Mapping[str, str]) -> Note:
    if not any("[^" in field for field in note.fields):
        return note
    names: dict[str, None] = {}
    for field in note.fields:
        own = dict.fromkeys(match[1] for match in _FOOTNOTE.finditer(field))
        references = dict.fromkeys(_REFERENCE.findall(field))
        names |= dict.fromkeys(name for name in (*references, *own) if name not in own or name not in references)
    found = [defined[name] for name in names if name in defined]
    for definition in found:  # grows by the footnotes that footnotes refer to
        further = [name for name in _REFERENCE.findall(definition) if name in defined and name not in names]
        names |= dict.fromkeys(further)
        found += [defined[name] for name in dict.fromkeys(further)]
    return note._replace(definitions="\n".join([*filter(None, [note.definitions]), *found])) if found else note


def keep_link_definitions(definitions: str) -> str:
    """Return only the definitions of links, without those of footnotes and targets."""
    definitions = drop_targets(definitions)
    return _FOOTNOTE.sub("", definitions) if "[^" in definitions else definitions


class _Footnotes:
    """The footnotes of one text: defined by name, numbered in the order of their references."""

    def __init__(self, text: str, definitions: str, targets: Targets) -> None:
        self.text = text  # the text without the definitions
        self.targets = targets  # the targets of the text's links
        self._defined: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []  # in the order of their numbers
        if "[^" in definitions:
            self._defined.update({match[1]: match[2] for match in _FOOTNOTE.finditer(definitions)})
        if "[^" in text:
            found, named = _find_footnotes(text)
            named |= self._defined.keys()
            # Unreferenced definitions are text.
            kept = ["" if match[1] in named else f"\\{match[0]}" for match in found]
            self._defined.update({match[1]: match[2] for match in found})
            ends = [0, *(match.end() for match in found)]
            starts = [*(match.start() for match in found), len(text)]
            between = (text[end:start] for end, start in zip(ends, starts, strict=True))
            self.text = "".join(chain.from_iterable(zip_longest(between, kept, fillvalue=""))).rstrip("\n")

    def refer(self, name: str) -> str:
        """Return the reference to a footnote, or "" if it is not defined."""
        if name not in self._defined:
            return ""
        if name not in self._numbers:
            self._names.append(name)
            self._numbers[name] = len(self._names)
        return f"<sup>{self._numbers[name]}</sup>"

    def add(self, text: str) -> str:
        """Add an inline footnote and return its reference."""
        name = f" {len(self._numbers)}"
        self._defined[name] = text
        return self.refer(name)

    def write_list(self) -> str:
        """Return the referenced footnotes, as paragraphs below the text."""
        lines: list[str] = []
        for number, name in enumerate(self._names, start=1):  # grows, because a footnote may refer to others
            text = " ".join(line.strip() for line in self._defined[name].split("\n"))
            lines.append(f"\n\n<sup>{number}</sup> {_Rewriter(text, self).run()}")
        return "".join(lines)


class _Rewriter:
    """Processes a text once, from left to right."""

    def __init__(self, text: str, footnotes: _Footnotes) -> None:
        self._text = text
        self._footnotes = footnotes
        self._opaque = Spans(outline(text).opaque)
        self._closings: list[int] = []
        self._breaks: list[int] = []
        if "==" in text:
            self._closings = [match.start() for match in _CLOSING.finditer(text) if match.start() not in self._opaque]
            self._breaks = [match.start() for match in _BLANK_LINE.finditer(text)]
        self._brackets: dict[int, int] | None = None
        self._mark_end = -1
        self._comment_end = -1

    def run(self) -> str:
        text = self._text
        out: list[str] = []
        done = at = 0
        while match := _TOKEN.search(text, at):
            start = match.start()
            span = self._opaque.around(start)
            if span:
                at = max(span[1], start + 1)
                continue
            new, end = self._rewrite(match)
            if new is not None:
                out += [text[done:start], new]
                done = end
            at = end
        return "".join((*out, text[done:])) if out else text

    def _rewrite(self, match: re.Match[str]) -> tuple[str | None, int]:
        """Return the replacement of a token, or None to keep it, and the offset to continue at."""
        sign, start = match[0], match.start()
        if sign == "==":
            return self._highlight(start)
        if sign == "%%":
            return self._drop_comment(start)
        if match["link"]:
            return self._link(sign.startswith("!"), match["target"], match["alias"]), match.end()
        if match["foot"]:
            return self._footnotes.refer(match["name"]) or None, match.end()
        if match["inline"]:
            return self._add_footnote(match.end())
        if match["block"]:
            return (None if self._is_power(match) else ""), match.end()
        return None, match.end()

    def _is_power(self, match: re.Match[str]) -> bool:
        """Return whether what looks like a block id ends a formula, such as `y = x ^n2`."""
        line = self._text[self._text.rfind("\n", 0, match.start()) + 1 : match.start()]
        is_short = len(match["block"].strip()) <= _LONGEST_POWER
        return is_short and _BASE.search(line) is not None and (" = " in line or not _LONG_WORD.search(line))

    def _add_footnote(self, start: int) -> tuple[str | None, int]:
        """Replace an inline footnote, whose text begins at `start`, by its reference."""
        if self._brackets is None:
            self._brackets = _pair_brackets(self._text)
        end = self._brackets.get(start - 1, -1)
        if not start <= end < start + _LONGEST_FOOTNOTE:
            return None, start
        return self._footnotes.add(self._text[start:end]), end + 1

    def _drop_comment(self, start: int) -> tuple[str | None, int]:
        """Drop a comment, and a double space around it; if it holds a gap, only its symbols are dropped."""
        if start == self._comment_end:
            return "", start + 2
        closing = self._text.find("%%", start + 2)
        if closing < 0:
            return None, len(self._text)
        if not GAP_CHARACTERS.isdisjoint(self._text[start:closing]):
            self._comment_end = closing
            return "", start + 2
        end = closing + 2
        if _BLOCK_ID.match(self._text, end):  # needs the space before it
            return "", end
        while start and self._text[start - 1] in " \t" and self._text[end : end + 1] in (" ", "\t"):
            end += 1
        return "", end

    def _link(self, embeds: bool, target: str, alias: str | None) -> str | None:
        """Return the text shown for a link or an embed, or None to keep it as typed if the note does not exist."""
        target = clean_target(target)
        path = target.partition("#")[0].strip()
        if embeds and SHOWN.search(path):
            return _write_image(path, (alias or "").strip())
        if self._footnotes.targets.get(f"!{target}" if embeds else target, "") is None:
            return None
        return alias.strip() if alias and alias.strip() else name_target(target)

    def _highlight(self, start: int) -> tuple[str | None, int]:
        if start == self._mark_end:
            return "</mark>", start + 2
        text = self._text
        before, after = text[start - 1 : start], text[start + 2 : start + 3]
        if start < self._mark_end or not after or after.isspace() or after == "=" or _is_word(before) or before == "=":
            return None, start + 2
        index = bisect_left(self._closings, start + 3)
        if index == len(self._closings):
            return None, start + 2
        end = self._closings[index]
        paragraph = bisect_left(self._breaks, start)
        if paragraph < len(self._breaks) and self._breaks[paragraph] < end:
            return None, start + 2
        self._mark_end = end
        return "<mark>", start + 2


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _pair_brackets(text: str) -> dict[int, int]:
    """Find the closing bracket of each opening one, on the same line."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0] == "[":
            opened.append(match.start())
        elif match[0] == "\n":
            opened.clear()
        elif opened:
            pairs[opened.pop()] = match.start()
    return pairs


def split_size(alt: str) -> tuple[str, dict[str, str]]:
    """Split the description of a picture, such as `cell|200x100`, into its text and its width and height."""
    match = _SIZE.fullmatch(alt)
    if match is None:
        return alt, {}
    sizes = {"width": match[2], "height": match[3]}
    return match[1] or "", {name: size for name, size in sizes.items() if size}


def _write_image(path: str, description: str) -> str:
    from html import escape  # imported late, because it loads slowly

    alt, sizes = split_size(description)
    attributes = {"src": WIKI_PREFIX + path.replace("%", "%25"), "alt": alt, **sizes}
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<img{written}>"


def _rewrite_callouts(text: str, depth: int) -> str:
    """Return a text with callouts as quotations with a title, or as `<details>` if they are foldable."""
    opaque = Spans(outline(text).opaque)
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    out: list[str] = []
    at = 0
    while at < len(lines):
        quoted = _QUOTED_IN_LIST.match(lines[at])
        if quoted is None or starts[at] + quoted.start("sign") in opaque:
            out.append(lines[at])
            at += 1
            continue
        end = at + 1
        while end < len(lines) and (further := _QUOTED_IN_LIST.match(lines[end])) and not further["bullets"]:
            end += 1
        lead = quoted["spaces"] + quoted["bullets"]
        inside = re.sub(r"[^\t]", " ", lead)
        body = [_QUOTED_IN_LIST.sub("", line, count=1) for line in lines[at:end]]
        out += _rewrite_quotation(lines[at:end], body, lead, inside, depth)
        at = end
    return "\n".join(out)


def _rewrite_quotation(lines: list[str], body: list[str], lead: str, inside: str, depth: int) -> list[str]:
    """Return the lines of a quotation, which may be a callout or contain some."""
    head = _CALLOUT.fullmatch(body[0])
    if head is None:
        if depth == 0 or not any("[!" in line for line in body):
            return lines
        inner = _rewrite_callouts("\n".join(body), depth - 1)
        found = [f"> {line}".rstrip() for line in inner.split("\n")]
    else:
        found = _write_callout(head, body[1:], depth)
    rows = "\n".join(found).split("\n")
    if lead.strip() and not rows[0]:
        rows = rows[1:]  # an item does not begin with a blank line
    return [f"{inside if number else lead}{row}".rstrip() for number, row in enumerate(rows)]


def _write_callout(head: re.Match[str], body: list[str], depth: int) -> list[str]:
    fold, title = head[2], head[3].strip() or head[1].replace("-", " ").capitalize()
    inner = "\n".join(body)
    if depth and "[!" in inner:
        inner = _rewrite_callouts(inner, depth - 1)
    if fold:
        opening = "<details open>" if fold == "+" else "<details>"
        title = pyromark.html(title, options=OPTIONS).strip().removeprefix("<p>").removesuffix("</p>")
        return ["", f"{opening}<summary>{title}</summary>", "", inner, "", "</details>", ""]
    quoted = [">", *(f"> {line}".rstrip() for line in inner.split("\n"))] if body else []
    return [f"> **{title}**", *quoted]
