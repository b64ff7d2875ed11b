"""Everything that reaches the terminal passes a gate; this looks for code that prints past it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from flashcards.render.terminal.blocks import GatedConsole
from tests.cli.test_streams import HOSTILE

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path.relative_to(ROOT).as_posix() for part in ("flashcards", "scheduler") for path in (ROOT / part).rglob("*.py")
)
CONSOLE = "flashcards/cli/console.py"
KEYBOARD = "flashcards/review/keyboard.py"

_NOWHERE: tuple[str, ...] = ()
ALLOWED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("click.echo", "click.confirm", "click.prompt"), (CONSOLE,)),
    **dict.fromkeys(("click.progressbar", "click.echo_via_pager", "segno.make.terminal"), (CONSOLE,)),
    **dict.fromkeys(("click.secho", "click.pause", "click.edit", "click.launch", "click.clear"), _NOWHERE),
    **dict.fromkeys(("print", "sys.stderr.write", "warnings.warn", "rich.print"), _NOWHERE),
    "logging.basicConfig": ("flashcards/assistant.py",),  # its formatter shows control characters
    "Console": _NOWHERE,
    "GatedConsole": (
        *("flashcards/cli/help_commands.py", "flashcards/insight/terminal.py", "flashcards/review/screen.py"),
        "flashcards/render/terminal/renderer.py",
    ),
    **dict.fromkeys(("input", "sys.stdout.write"), (KEYBOARD,)),
    "os.write": (KEYBOARD, "flashcards/second_process.py"),  # to pipes of their own
}
"""What can print, and the files that may call it."""


def find_calls(path: str) -> Iterator[tuple[str, int]]:
    """The names of what a file calls, and the lines."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield name_of(node.func), node.lineno


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return name_of(node.func)
    return node.id if isinstance(node, ast.Name) else "?"


def test_nothing_prints_past_the_gate() -> None:
    past = [
        f"{path}:{line}: {name}"
        for path in SOURCES
        for name, line in find_calls(path)
        if name in ALLOWED and path not in ALLOWED[name]
    ]
    assert past == []


def test_nothing_that_prints_is_imported_under_another_name() -> None:
    renamed = []
    for path in SOURCES:
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in ("click", "sys", "builtins", "rich"):
                renamed += [f"{path}: {name.name}" for name in node.names if f"{node.module}.{name.name}" in ALLOWED]
                renamed += [f"{path}: {name.name}" for name in node.names if name.name in ("stdout", "stderr")]
    assert renamed == []


@pytest.mark.parametrize("colours", [None, "truecolor"])
def test_no_control_sequence_of_a_text_is_drawn(colours: str | None) -> None:
    console = GatedConsole(width=60, color_system=colours, force_terminal=True, markup=False)
    table = Table("a", title=HOSTILE)
    table.add_row(Text(f"cell {HOSTILE}", "bold red"), end_section=True)
    with console.capture() as drawn:
        console.print(f"line {HOSTILE}", style="green")
        console.print(Text.assemble(("title", "bold"), HOSTILE))
        console.print(table)
        console.rule(HOSTILE)
    text = drawn.get()
    assert not set(text) & {"\x07", "\x7f", "\x9b", "\u202e"}
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert ("\x1b[1" in text) == (colours is not None)
