"""Card text as rich `Text`: styles, gaps, and no character that could drive the terminal."""

from __future__ import annotations

import re
from typing import Final

from rich.text import Text

GAP: Final = "bold magenta"
CODE: Final = "cyan"
HEADING: Final = "bold"
LINK: Final = "underline"
ASIDE: Final = "dim"

Marks = tuple[str, str] | tuple[()]

_KEPT: Final = frozenset({0x09, 0x0A})
_SAFE: Final = (
    {code: 0x2400 + code for code in range(0x20) if code not in _KEPT}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
    | dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
)


def visible(text: str) -> str:
    r"""`text` with its control characters, all but `\n` and the tab, as their pictures (`␛` for escape)."""
    return text if text.isprintable() else text.translate(_SAFE)


class TextWriter:
    """Writes styled text piece by piece.

    What stands between `marks[0]` and `marks[1]`, in whatever pieces and texts it comes, is drawn as a gap.

    Attributes:
        text: what has been written since the last `take`.
    """

    def __init__(self, marks: Marks, *, plain: bool) -> None:
        self.text = Text()
        self._opening, self._closing = marks or ("", "")
        self._cut = re.compile(f"([{re.escape(''.join(marks))}])") if marks else None
        self._plain = plain
        self._styles: list[str] = []
        self._depth = 0

    def push(self, style: str) -> None:
        """Draw what follows in `style` too, until `pop`."""
        self._styles.append(style)

    def pop(self, style: str) -> None:
        """End `style`, pushed last or not: tags may overlap."""
        at = len(self._styles) - 1 - self._styles[::-1].index(style)
        del self._styles[at]

    def write(self, text: str, style: str = "") -> None:
        """Add `text`, in `style` besides the styles pushed."""
        if self._cut is None:
            self._append(text, style)
            return
        for piece in self._cut.split(text):
            if piece == self._opening:
                self._depth += 1
            elif piece == self._closing:
                self._depth = max(0, self._depth - 1)
            else:
                self._append(piece, style)

    def take(self) -> Text:
        """What has been written, without blanks at its end; the next text begins empty."""
        taken, self.text = self.text, Text()
        taken.rstrip()
        return taken

    def _append(self, text: str, style: str) -> None:
        if not text:
            return
        if self._plain:
            self.text.append(visible(text))
            return
        styles = dict.fromkeys([*self._styles, style, GAP if self._depth else ""])
        self.text.append(visible(text), " ".join(name for name in styles if name))
