"""The judge of Obsidian's clozes: the npm package clozecraft, and a golden file of what it finds.

The golden file holds one case a line: a text, the patterns, and what clozecraft finds, or null. After adding a case
(`{"text": …, "patterns": […]}`) write the results by `NODE_PATH=…/node_modules python -m tests.dialects.clozecraft`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

JUDGE = Path(__file__).parent / "clozecraft_judge.js"
GOLDEN = Path(__file__).parent / "fixtures/clozecraft.jsonl"


class Asked(NamedTuple):
    """A text, and the patterns by which gaps are looked for in it."""

    text: str
    patterns: tuple[str, ...]


def judge(asked: Sequence[Asked]) -> list[Any]:
    """Return what clozecraft finds; it is looked for where node looks for packages (NODE_PATH)."""
    lines = "".join(json.dumps(each._asdict()) + "\n" for each in asked)
    done = subprocess.run(["node", JUDGE], input=lines, capture_output=True, text=True, check=True, env=os.environ)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


@cache
def has_judge() -> bool:
    """Whether clozecraft can be asked."""
    if which("node") is None:
        return False
    return subprocess.run(["node", "-e", "require('clozecraft')"], capture_output=True, check=False).returncode == 0


def read_golden() -> list[tuple[Asked, Any]]:
    """Return the cases of the golden file with what clozecraft finds."""
    cases = [json.loads(line) for line in GOLDEN.read_text("utf-8").split("\n") if line]
    return [(Asked(case["text"], tuple(case["patterns"])), case.get("found")) for case in cases]


def write_golden() -> None:
    """Ask clozecraft for all cases of the golden file and write its results."""
    asked = [case for case, _ in read_golden()]
    lines = [
        json.dumps(case._asdict() | {"found": found}, ensure_ascii=False) + "\n"
        for case, found in zip(asked, judge(asked), strict=True)
    ]
    GOLDEN.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    write_golden()
