"""Read the attributes of a note, such as `<!-- id: k7f3q2; tags: hard, exam; reverse; say: ja, en -->`; write notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from flashcards.deck.model import Kind, Note
from flashcards.text import find_nearest, suggest

_LIKE = 0.7  # minimum similarity to a known name to count as a misspelling of it
KNOWN = ("id", "tags", "reverse", "type", "say")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_BETWEEN = re.compile(r"[;\n]")
_PART = re.compile(r"([a-z][a-z-]*)\s*(?::(?!:)\s*(.*))?", re.DOTALL)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202d\u202e]")
_PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,4}|-")  # "-": a side that is not read aloud
_REMARKS = frozenset({"fixme", "hack", "note", "nb", "todo", "xxx"})


class Attributes(NamedTuple):
    """The attributes of one note. `problems` holds pairs of message and hint."""

    pin: str = ""
    tags: tuple[str, ...] = ()
    reverse: bool = False
    typed: bool = False
    say: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


def merge_attributes(found: Sequence[Attributes]) -> Attributes:
    """Merge the attributes of several comments; the first id counts."""
    return Attributes(
        pin=next((each.pin for each in found if each.pin), ""),
        tags=tuple(tag for each in found for tag in each.tags),
        reverse=any(each.reverse for each in found),
        typed=any(each.typed for each in found),
        say=next((each.say for each in found if each.say), ()),
        problems=tuple(problem for each in found for problem in each.problems),
    )


def is_end(comment: str) -> bool:
    """Return whether `comment` is `<!-- end -->`."""
    match = _COMMENT.fullmatch(comment.strip())
    return match is not None and match[1].strip() == "end"


def read_attributes(comment: str) -> Attributes | None:
    """Read the attributes in an HTML comment, or return nothing for an ordinary comment."""
    match = _COMMENT.fullmatch(comment.strip())
    if not match:
        return None
    texts = [" ".join(text.split()) for text in _BETWEEN.split(match[1]) if text.strip()]
    parts = [_PART.fullmatch(text) for text in texts]
    # An id or tags make the whole comment attributes, so that anything else in it is reported.
    sure = any(part and part[1] in ("id", "tags") and part[2] for part in parts)
    if not parts or not (sure or all(_looks_like_attribute(part) for part in parts)):
        return None
    return merge_attributes(
        [
            _read_attribute(part[1], part[2]) if part else _report_unknown(text)
            for text, part in zip(texts, parts, strict=True)
        ]
    )


def write_tag(tag: str) -> str:
    """Write a tag so that it is read back: the first `#` is only the sign of a tag."""
    return f"#{tag}" if tag.startswith("#") else tag


def split_tags(value: object) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Split a list of tags, or a text with commas or else spaces between them.

    Returns the tags and the problems found: a space inside a tag becomes a hyphen, because Anki splits tags there.
    """
    if isinstance(value, str):
        given = value.split(",") if "," in value else value.split()
    elif isinstance(value, (list, tuple)):
        given = [str(tag) for tag in value]
    else:
        given = [str(value)]
    tags: list[str] = []
    problems = []
    for tag in (" ".join(_CONTROLS.sub(" ", tag).strip().removeprefix("#").split()) for tag in given):
        if not tag.strip("#"):
            continue
        whole = tag.replace(" ", "-")
        if whole != tag:
            problems.append((f'Tag "{tag}" contains a space.', f'It is treated as "{whole}"; write that.'))
        tags.append(whole)
    return tuple(dict.fromkeys(tags)), tuple(problems)


def split_languages(value: object) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Split the languages that a note is read aloud in: one for all of it, or one for each side.

    Returns the languages, as browsers write them (`ja_JP` is `ja-JP`), and the problems found.
    """
    given = value if isinstance(value, (list, tuple)) else str(value).split(",")
    found = tuple(str(each).strip().replace("_", "-") for each in given)
    if len(found) <= 2 and all(map(_LANGUAGE.fullmatch, found)):
        return found, ()
    hint = "Write `say: ja` for the whole note, `say: ja, en` for its two sides, `-` for a side that is not read aloud."
    return (), ((f'"{", ".join(found)}" is not one language or two.', hint),)


def _looks_like_attribute(part: re.Match[str] | None) -> bool:
    if part is None or part[1] in _REMARKS:
        return False
    return part[1] in KNOWN or part[2] is not None or bool(find_nearest(part[1], KNOWN, _LIKE))


def _read_attribute(name: str, value: str | None) -> Attributes:
    if name == "id" and value is not None:
        if _PIN.fullmatch(value):
            return Attributes(pin=value)
        message = f'The id "{value}" cannot be used.'
        return Attributes(problems=((message, "Use letters, digits, `.`, `_` and `-`, at most 64 of them."),))
    if name == "tags" and value is not None:
        tags, problems = split_tags(value)
        return Attributes(tags=tags, problems=problems)
    if name == "say" and value is not None:
        say, problems = split_languages(value)
        return Attributes(say=say, problems=problems)
    if name in ("reverse", "type") and not value:
        return Attributes(reverse=name == "reverse", typed=name == "type")
    if name in KNOWN:
        shape = "takes no value" if name in ("reverse", "type") else "needs a value"
        example = f"<!-- {name} -->" if name in ("reverse", "type") else f"<!-- {name}: … -->"
        return Attributes(problems=((f"The attribute `{name}` {shape}.", f"Write `{example}`."),))
    return _report_unknown(name)


def _report_unknown(name: str) -> Attributes:
    hint = suggest(name, KNOWN, f"Known are {', '.join(f'`{known}`' for known in KNOWN)}.", _LIKE)
    return Attributes(problems=((f"Unknown attribute `{name}`.", hint),))


_BLOCK_START: Final = re.compile(r"`{3}|[-*+] |[0-9]{1,9}[.)] |>|\||<(?:hr|table|details|dl|svg|math|object)\b")
_MARKERS: Final = {Kind.QUESTION: ("Q", "A"), Kind.TERM: ("T", "D")}


def write_note(
    kind: Kind,
    fields: Sequence[str],
    *,
    tags: Sequence[str] = (),
    reverse: bool = False,
    typed: bool = False,
    pin: str = "",
    say: Sequence[str] = (),
) -> str:
    """Write a note without a final line break.

    `fields` are Markdown: front and back, or the text of a cloze with its gaps. `tags` and `say` are those that its
    file does not set.
    """
    parts = (
        f"tags: {', '.join(map(write_tag, tags))}" if tags else "",
        "reverse" if reverse and kind is Kind.QUESTION else "",
        "type" if typed else "",
        f"say: {', '.join(say)}" if say else "",
        f"id: {pin}" if pin else "",
    )
    comment = f"<!-- {'; '.join(filter(None, parts))} -->" if any(parts) else ""
    if kind is Kind.PAIR:
        separator = ":::" if reverse else "::"
        return " ".join([fields[0], separator, fields[1], *filter(None, [comment])])
    if kind is Kind.CLOZE:
        text = _add_marker("C", fields[0])
    else:
        (front_marker, back_marker), (front, back) = _MARKERS[kind], fields
        apart = "\n" in front or _BLOCK_START.match(front) or _can_pair_up(front, back)
        text = f"{_add_marker(front_marker, front)}{chr(10) * (2 if apart else 1)}{_add_marker(back_marker, back)}"
    if not comment:
        return text
    several = text.count("\n") > 1 or "```" in text
    return f"{text}{chr(10) * (2 if several else 1)}{comment}"


def _can_pair_up(front: str, back: str) -> bool:
    """Return whether a symbol of one side could pair up with one of the other in one paragraph."""
    if front.count("[") > front.count("]"):
        return True
    return any(symbol in front and symbol in back for symbol in "$~")


def _add_marker(marker: str, text: str) -> str:
    return f"{marker}:\n\n{text}" if _BLOCK_START.match(text) else f"{marker}: {text}"


def insert_comment(lines: list[str], note: Note, comment: str) -> None:
    """Insert the comment at the end of the first line of a pair, or else on its own line after the note."""
    place = (note.line if note.kind is Kind.PAIR else note.end_line) - 1
    line = lines[place]
    body = line.rstrip("\r\n")
    ending = line[len(body) :]
    if note.kind is Kind.PAIR:
        lines[place] = f"{body.rstrip()} {comment}{ending}"
    else:
        newline = ending or next((other[len(other.rstrip("\r\n")) :] for other in lines), "") or "\n"
        lines[place] = f"{body}{newline}{comment}{ending}"
