"""The style sheet for what `code_html` writes."""

from __future__ import annotations

from pathlib import Path


def code_css() -> str:
    """CSS for highlighted code: light, and dark under Anki's `.nightMode` and `.night_mode`."""
    return Path(__file__).with_name("code.css").read_text(encoding="utf-8")
