"""A full disk during a sync: the client is told, the log says why, and nothing is half done."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

import pytest

from flashcards.sync.mirror import Mirror
from tests.sync.phones import PhoneError, World
from tests.sync.test_broken_off import fingerprint

DECK = "Q: one?\nA: 1\n\nQ: two?\nA: 2\n"


def test_after_an_unwritable_mirror_ends_a_sync_the_next_one_completes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    before = fingerprint(world.root)
    phone.do("answer", cards=[phone.card("one?")], rating=3)

    def fail(*_: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Mirror, "put_rows", fail)
        with pytest.raises(PhoneError):
            phone.do("sync")
    assert fingerprint(world.root) == before
    assert any("The disk is full" in sentence for sentence in world.server.sentences)
    phone.sync()
    assert len(world.reviews()) == 1


def test_after_an_unwritable_deck_file_ends_a_sync_the_next_one_completes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    before = fingerprint(world.root)
    phone.do("edit", note=phone.note("one?"), field=1, text="edited")
    phone.do("answer", cards=[phone.card("two?")], rating=3)

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("flashcards.disk.journal.Journal.move_into_place", fail)
        with pytest.raises(PhoneError):
            phone.do("sync")
    assert fingerprint(world.root) == before
    assert any("No space left on device" in sentence for sentence in world.server.sentences)
    phone.sync()
    assert "A: edited" in world.read("a.md")
    assert len(world.reviews()) == 1
