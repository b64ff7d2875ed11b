"""Read Obsidian's links and embeds, `[[note]]` and `![[note#part]]`, and insert the text of embedded notes.

The targets of a note's links are in its definitions, one per line. `[[!target]]: "text"` contains the text of an embed;
`[[target]]: null` and `[[!target]]: null` mark links and embeds of missing notes, which stay as written. A target
without a line is shown by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from flashcards.deck.markdown import outline
from flashcards.deck.source import Spans, normalize

LINK: Final = (
    r"(?P<link>(?<![\w)\]])!?\[\[(?P<target>[^\[\]|\n]+)(?:\|(?P<alias>(?:[^\[\]\n]|\[[^\[\]\n]*\])*))?\]\](?!\]))"
)
"""The syntax of a link or an embed, as part of a regular expression."""

Targets = Mapping[str, str | None]
"""By target, preceded by `!` if embedded: the text shown, or None if the note does not exist."""

_LINK: Final = re.compile(LINK)
_TARGET: Final = re.compile(r"^\[\[([^\[\]|\n]+)\]\]: (null|\".*\")\n?", re.MULTILINE)
_PREFIX: Final = re.compile(r"(?:[ \t]|>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*")
_NO_PLACE: Final = re.compile(r"[ \t>]*(?:\||#{1,6}[ \t])")  # table rows and headings have one line only
_SIGNS: Final = re.compile(r"[#^|\[\]:\\*_`]+")
_BLOCK_START: Final = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|#{1,6}[ \t]")
_IMAGE: Final = re.compile(r"(!\[[^\]\n]*\]\()(?![a-z][a-z0-9+.-]*:|@/|/|#|<)([^)\s]+)", re.IGNORECASE)
_LONGEST: Final = 6_000  # maximum length of the shown text of an embedded note
_MOST_EMBEDS: Final = 20  # per text
_MOST_SHOWN: Final = 10_000  # characters of the embeds of a text
_DEEPEST: Final = 3  # levels of embeds


def list_targets(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the targets of a text's links, and whether each is embedded."""
    for match in _LINK.finditer(text):
        yield match[0].startswith("!"), clean_target(match["target"])


def clean_target(target: str) -> str:
    """Return a target in the form for lookup."""
    return target.removesuffix("\\").strip()  # the backslash occurs in tables


def write_targets(targets: Targets) -> str:
    """Write the targets of a note as lines of its definitions."""
    return "\n".join(f"[[{target}]]: {orjson.dumps(text).decode()}" for target, text in targets.items())


def read_targets(definitions: str) -> Targets:
    """Read the targets that `write_targets` wrote among other definitions."""
    if "[[" not in definitions:
        return {}
    return {match[1]: orjson.loads(match[2]) for match in _TARGET.finditer(definitions)}


def drop_targets(definitions: str) -> str:
    """Return definitions without the lines of `write_targets`."""
    return _TARGET.sub("", definitions) if "[[" in definitions else definitions


def name_target(target: str) -> str:
    """Return the text shown for a link without its own text: the note's name and the heading."""
    note, _, heading = target.strip().partition("#")
    heading = heading.replace("#", " > ").strip()
    if heading.startswith("^"):
        heading = ""
    return " > ".join(part for part in (note.rpartition("/")[2], heading) if part) or target.strip()


def expand_embeds(text: str, targets: Targets) -> str:
    """Return a text in which each embedded note is a quotation under its name."""
    return _Expander(targets).expand(text, ()) if any(targets.values()) else text


class _Expander:
    """Expands embeds recursively; a note is not embedded in itself."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._left = _MOST_EMBEDS
        self._room = _MOST_SHOWN

    def expand(self, text: str, above: tuple[str, ...]) -> str:
        if "![[" not in text or len(above) >= _DEEPEST:
            return text
        opaque = Spans(outline(text).opaque)
        out: list[str] = []
        at = 0
        for line in text.split("\n"):
            blocks = [] if _NO_PLACE.match(line) else self._split(line, at, opaque, above)
            out += _lay_out(line, blocks) if len(blocks) > 1 else [line]
            at += len(line) + 1
        return "\n".join(out)

    def _split(self, line: str, start: int, opaque: Spans, above: tuple[str, ...]) -> list[tuple[bool, str]]:
        """Split a line into its text and the texts of its embeds; the first element is text and may be empty."""
        blocks: list[tuple[bool, str]] = []
        done = 0
        for match in _LINK.finditer(line):
            target = clean_target(match["target"])
            shown = self._targets.get(f"!{target}") if match[0].startswith("!") else None
            if not shown or not self._left or target in above or start + match.start() in opaque:
                continue
            if len(shown) > self._room:
                continue
            self._left -= 1
            self._room -= len(shown)
            inner = self.expand(shown, (*above, target)).strip("\n")
            blocks += [(False, line[done : match.start()]), (True, f"**{name_target(target)}**\n\n{inner}")]
            done = match.end()
        return [*blocks, (False, line[done:])]


def _lay_out(line: str, blocks: list[tuple[bool, str]]) -> list[str]:
    """Return the lines of a line with embeds, one below the other in its list item or quotation."""
    match = _PREFIX.match(line)
    lead = match[0] if match else ""
    inside = re.sub(r"[^>\t]", " ", lead)
    blocks = [(False, blocks[0][1][len(lead) :]), *blocks[1:]]
    out: list[str] = []
    for is_embed, text in blocks:
        if not text.strip():
            continue
        if out:
            out.append(inside.rstrip())
        rows = [f"> {row}".rstrip() for row in text.split("\n")] if is_embed else [text.strip()]
        out += [f"{inside if out else lead}{rows[0]}", *(f"{inside}{row}" for row in rows[1:])]
    return [*out, inside.rstrip()] if blocks[-1][0] or not blocks[-1][1].strip() else out


def cut_part(text: str, part: str) -> str | None:
    """Return the `part` (heading or block id) of a file that a target names; all for ""; nothing if missing."""
    text = normalize(text)
    from flashcards.deck.front_matter import read_front_matter  # imported late, because embeds are rare

    text = text[read_front_matter(text, is_native=False).end :]
    if part.startswith("^"):
        found = _cut_block(text, part[1:])
    else:
        found = _cut_heading(text, part.split("#")) if part else text
    if found is None:
        return None
    found = found.strip("\n")
    return found if len(found) <= _LONGEST else found[:_LONGEST].rpartition("\n")[0] + "\n\n…"


def _cut_heading(text: str, names: list[str]) -> str | None:
    """Return the text below a heading, up to the next one of its level or above."""
    headings = outline(text).headings
    wanted = [_simplify_name(name) for name in names if name.strip()]
    at = 0
    for number, heading in enumerate(headings):
        if at < len(wanted) and _simplify_name(heading.text) == wanted[at]:
            at += 1
        if wanted and at == len(wanted):
            ends = (each.start for each in headings[number + 1 :] if each.level <= heading.level)
            return text[heading.end : next(ends, len(text))]
    return None


def _simplify_name(name: str) -> str:
    return " ".join(_SIGNS.sub(" ", name).split()).casefold()


def _cut_block(text: str, name: str) -> str | None:
    """Return the paragraph or list item that ends in `^name`, or the block above a line with it."""
    lines = text.split("\n")
    mark = re.compile(rf"(?:^|[ \t])\^{re.escape(name)}[ \t]*$")
    last = next((number for number, line in enumerate(lines) if mark.search(line)), None)
    if last is None:
        return None
    lines[last] = mark.sub("", lines[last])
    if not lines[last].strip():
        while last > 0 and not lines[last].strip():
            last -= 1
        first = last
        while first > 0 and lines[first - 1].strip():
            first -= 1
    else:
        first = last
        while first > 0 and not _BLOCK_START.match(lines[first]):
            if not lines[first - 1].strip() or lines[first - 1].startswith("#"):
                break
            first -= 1
    return "\n".join(lines[first : last + 1])


def move_images(text: str, folder: str) -> str:
    """Return a text whose images can be found from every folder; `folder` is that of its file."""
    return _IMAGE.sub(lambda match: f"{match[1]}@/{folder}/{match[2]}" if folder else f"{match[1]}@/{match[2]}", text)
