"""Raw HTML between words in the terminal: `10<sup>5</sup>` must not be read as 105."""

from __future__ import annotations

import re
from typing import Final

from rich.text import Text

from flashcards.render.terminal.text import CODE, TextWriter

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)[\s/>]")
_STYLES: Final = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "del", "strike"), "strike"),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), CODE),
    "mark": "reverse",
}
_SCRIPTS: Final = {"sup": "^", "sub": "_"}
_BRACKETED: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def script(text: str, tag: str, *, plain: bool = False) -> str:
    """`text` as what `<sup>` or `<sub>` holds: `⁵` where Unicode has it, else `^x` or `^(so)`; never `⁵` if `plain`."""
    from flashcards.render.tex.symbols import small

    mark = _SCRIPTS[tag]
    written = None if plain else small(text, mark)
    if written is not None or not text.strip():
        return text if written is None else written
    return f"{mark}{text}" if len(text) == 1 or _BRACKETED.fullmatch(text) else f"{mark}({text})"


class InlineTags:
    """The tags that are open in the text that `writer` writes; they end with its block at the latest."""

    def __init__(self, writer: TextWriter, *, plain: bool) -> None:
        self._writer = writer
        self._plain = plain
        self._open: list[tuple[str, Text]] = []  # each with the text before it, where its own is written apart

    def take(self, html: str) -> None:
        """Take one tag, which may be any."""
        match = _TAG.match(html)
        name = match[2].lower() if match else ""
        if not match or (name not in _STYLES and name not in _SCRIPTS):
            return
        if not match[1]:
            self._open.append((name, self._writer.text))
            if name in _STYLES:
                self._writer.push(_STYLES[name])
            else:
                self._writer.text = Text()
            return
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == name:
                if name in _STYLES:
                    self._writer.pop(_STYLES[name])
                    del self._open[at]
                else:
                    self._close(at)
                return

    def end(self) -> None:
        """Close what is open: the block ends here."""
        for name, before in reversed(self._open):
            if name in _STYLES:
                self._writer.pop(_STYLES[name])
            else:
                self._writer.text = before.append_text(self._writer.text)
        self._open.clear()

    def _close(self, at: int) -> None:
        """Close the script opened at `at`, and the ones within it that are left open."""
        for name, before in reversed(self._open[at + 1 :]):
            if name in _SCRIPTS:
                self._writer.text = before.append_text(self._writer.text)
        within = [each for each in self._open[at + 1 :] if each[0] in _STYLES]
        name, before = self._open[at]
        self._open[at:] = within
        inner = self._writer.text
        self._writer.text = before
        if not inner:
            return
        written = script(inner.plain, name, plain=self._plain)
        ahead, found, behind = written.partition(inner.plain)
        if not found:  # other characters, as many
            inner.plain, ahead, behind = written, "", ""
        before.append(ahead).append_text(inner).append(behind)
