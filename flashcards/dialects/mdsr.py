"""The dialect of mdsr: callouts of the types `sr` and, for both ways, `sr-bi`."""

from __future__ import annotations

import re
from typing import Final

from flashcards.deck.model import Deck
from flashcards.dialects.building import Breadcrumbs, DeckBuilder, list_prose, read_lines

_HEAD: Final = re.compile(r" {0,3}>[ \t]*\[!(sr|sr-bi)\][+-]?[ \t]*(.*)", re.IGNORECASE)
_QUOTED: Final = re.compile(r" {0,3}> ?")


def read_mdsr(text: str, path: str) -> Deck:
    """Read a file whose callouts are cards."""
    file = read_lines(text, path)
    builder = DeckBuilder(file)
    crumbs = Breadcrumbs(file.lines)
    for number, line in list_prose(file.lines):
        match = _HEAD.fullmatch(line)
        if not match:
            continue
        end = number + 1
        while end < len(file.lines) and _QUOTED.match(file.lines[end]) and not _HEAD.fullmatch(file.lines[end]):
            end += 1
        answer = "\n".join(_QUOTED.sub("", each, count=1) for each in file.lines[number + 1 : end])
        both = match[1].lower() == "sr-bi"
        builder.add_sides((number, end - 1), match[2], answer, both_ways=both, breadcrumb=crumbs.above(number))
    return builder.build()
