"""Each promise of the pages about exchange is held by a test that `promises.toml` names; a new one needs one, too."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
PROMISES: dict[str, dict[str, Any]] = tomllib.loads((TESTS / "promises.toml").read_text(encoding="utf-8"))


def split_sentences(text: str) -> list[str]:
    """The sentences of a page, the rows of its tables and the items of its lists."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        rows = block.strip().splitlines()
        if rows and rows[0].startswith("|"):
            found += rows[2:]
        elif rows and not rows[0].startswith("#"):
            items = re.sub(r"(?m)^(- |\d\. )", "", block.strip())
            found += re.split(r"(?<=[\w)*`][.])\s+(?=[A-Z`*])", items)
    return [" ".join(sentence.split()) for sentence in found]


@pytest.mark.parametrize("page", PROMISES)
def test_every_promise_of_a_page_about_exchange_has_an_existing_test(page: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    here = set(re.findall(r"def (test_\w+)\(", "\n".join(texts)))
    named = [[tests] if isinstance(tests, str) else tests for tests in PROMISES[page]["tests"].values()]
    assert {test for tests in named for test in tests} - here == set()


@pytest.mark.parametrize("page", PROMISES)
def test_no_sentence_of_a_page_about_exchange_is_without_a_test(page: str) -> None:
    sentences = split_sentences((TESTS.parent / "docs" / page).read_text(encoding="utf-8"))
    pieces = [*PROMISES[page]["tests"], *PROMISES[page]["others"]]
    assert [piece for piece in pieces if not any(piece in sentence for sentence in sentences)] == []
    assert [sentence for sentence in sentences if not any(piece in sentence for piece in pieces)] == []
