r"""Write TeX math as Unicode text: `\frac{1}{2}x^2` becomes `1/2 x²`.

Nothing is dropped: an unknown macro is shown as typed, and so is a whole formula that cannot be parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flashcards.render.formulas import expand

MAX_LENGTH: Final = 10_000  # characters of TeX; a longer formula is shown as typed
MAX_DEPTH: Final = 40  # open braces and environments

_PICTURES: Final = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)}
_UNUSED: Final = {0x7F: 0x2421} | dict.fromkeys(range(0xFDD0, 0xFDF0), 0xFFFD)
_VISIBLE: Final = _PICTURES | _UNUSED


def tex_to_text(tex: str, macros: Mapping[str, str], *, inline: bool = False) -> str:
    r"""Write a formula, without its `$`, as text: one line, or several if it has rows and is not `inline`.

    Inline, matrices and the like are written `(1, 2; 3, 4)`. `macros` are bodies by name with the backslash.
    """
    safe = tex.translate(_VISIBLE)
    raw = " ".join(safe.split()) if inline else safe.strip()
    expanded = expand(safe, macros).translate(_VISIBLE)
    if len(expanded) > MAX_LENGTH or expanded.count("{") + expanded.count("\\begin") > MAX_LENGTH // 4:
        return raw
    if _measure_depth(expanded) > MAX_DEPTH:
        return raw
    from flashcards.render.tex.writer import UnreadableTexError, write_tex

    try:
        return write_tex(expanded, inline=inline) or raw
    except UnreadableTexError:
        return raw


def _measure_depth(tex: str) -> int:
    """Return an upper bound of the nesting depth of groups, environments and scripts in `tex`."""
    depth = deepest = 0
    for character in tex:
        if character == "{":
            depth += 1
            deepest = max(deepest, depth)
        elif character == "}":
            depth = max(0, depth - 1)
    return deepest + tex.count("\\begin") + tex.count("$")
