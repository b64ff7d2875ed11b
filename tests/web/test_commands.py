"""`flashcards review --web` and `flashcards preview` as processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.runner import Runner
from tests.review.small_collections import questions, write


@contextmanager
def running(root: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process of a command, and the address that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flashcards", "-C", str(root), *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process, json.loads(process.stdout.readline())["web"]
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def visit(url: str) -> str:
    """The page behind an address with its token."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.open(url).close()
    head, _, _ = url.partition("token=")
    with opener.open(head.rstrip("?&")) as page:
        found: str = page.read().decode()
    return found


def test_a_review_runs_until_it_is_stopped(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    with running(tmp_path, "review", "--web") as (process, url):
        assert "1 card to review today" in visit(url)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_a_preview_opens_at_the_card(tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    with running(tmp_path, "preview", "a.md:4") as (_, url):
        page = visit(url)
    assert "Question 2?" in page
    assert "data-follow" in page


@pytest.mark.parametrize(
    "arguments", [("review", "--port", "1"), ("review", "--web", "--plain"), ("preview", "a.md:9")]
)
def test_what_cannot_be_served_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    cli = Runner(tmp_path, capsys)
    cli.write("a.md", questions(1))
    assert cli.fails(*arguments)
