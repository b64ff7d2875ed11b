"""The account of a collection, and how guesses are slowed down."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.sync.account import Account, AccountUnreadable, GuessLimit, make_password


def test_the_password_gives_a_key_that_is_known_afterwards() -> None:
    account = Account.create("me", "secret")
    key = account.log_in("me", "secret")
    assert key is not None
    assert account.has_key(key)
    assert not account.has_key(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert account.log_in("me", "other") is None
    assert account.log_in("you", "secret") is None


def test_a_saved_account_is_restored_and_its_file_contains_no_secret(tmp_path: Path) -> None:
    account = Account.create("me", "secret")
    key = account.log_in("me", "secret") or ""
    path = tmp_path / "account.json"
    account.save(path)
    assert path.stat().st_mode & 0o077 == 0
    text = path.read_text(encoding="utf-8")
    assert "secret" not in text
    assert key not in text
    loaded = Account.load(path)
    assert loaded is not None
    assert loaded.has_key(key)
    Account.create("me", "new").save(path)
    assert not (Account.load(path) or account).has_key(key)


def test_a_missing_account_file_is_no_account_and_a_damaged_one_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    assert Account.load(path) is None
    path.write_text('{"user": 3', encoding="utf-8")
    with pytest.raises(AccountUnreadable, match="--reset-password"):
        Account.load(path)


def test_after_five_wrong_passwords_each_doubles_the_wait_until_a_right_one() -> None:
    now = 0.0
    guesses = GuessLimit(lambda: now)
    for _ in range(4):
        guesses.record("a", success=False)
        assert guesses.wait("a") == 0
    waits = []
    for _ in range(12):
        guesses.record("a", success=False)
        waits.append(guesses.wait("a"))
        now += waits[-1]
        assert guesses.wait("a") == 0
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == 300
    assert guesses.wait("b") == 0
    guesses.record("a", success=True)
    guesses.record("a", success=False)
    assert guesses.wait("a") == 0


def test_passwords_differ_and_can_be_typed() -> None:
    passwords = {make_password() for _ in range(50)}
    assert len(passwords) == 50
    assert all(len(each) == 12 and each.isalnum() and each == each.lower() for each in passwords)
