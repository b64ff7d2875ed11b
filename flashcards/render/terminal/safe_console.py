"""A rich console that strips control characters from all it prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.segment import Segment

from flashcards.text import gate

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType

_WIDEST: Final = 1000  # columns


class GatedConsole(Console):
    """A console that sends no control sequence but its own: text loses its control characters."""

    def __init__(self, **options: Any) -> None:
        """Make a console; unless a width is given, it is no wider than any screen, whatever the environment says."""
        super().__init__(**options)
        if "width" not in options and self.width > _WIDEST:
            self.width = _WIDEST

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of something to draw, without control characters in their texts."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(gate(segment.text, keep_colours=False), segment.style)
