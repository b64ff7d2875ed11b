"""Check who may sync: one account per collection, a hashed password, and delays against guessing."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import scrypt, sha256
from pathlib import Path
from typing import Final

import orjson

from flashcards.disk.atomic import write_record
from flashcards.errors import FlashcardsError

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike
_LENGTH: Final = 12
_FREE_GUESSES: Final = 5
_LONGEST_WAIT: Final = 300.0  # seconds
_MOST_PEERS: Final = 10_000
_LONGEST_PASSWORD: Final = 1024


class AccountUnreadable(FlashcardsError):
    """The account file cannot be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} cannot be read. Run `flashcards serve --reset-password` to make a new account.")


class Account:
    """The account of a collection.

    A client's key is derived from the password, and only the key's hash is stored. So one hash verifies both, and the
    file reveals neither.
    """

    def __init__(self, user: str, salt: bytes, key_hash: bytes) -> None:
        self.user = user
        self._salt = salt
        self._key_hash = key_hash

    @classmethod
    def create(cls, user: str, password: str) -> Account:
        """Make an account with a new salt."""
        salt = secrets.token_bytes(16)
        return cls(user, salt, _hash_key(_derive_key(password, salt)))

    @classmethod
    def load(cls, path: Path) -> Account | None:
        """Read the account in a file; nothing if there is no file. Raise `AccountUnreadable` if it is invalid."""
        try:
            values = orjson.loads(path.read_bytes())
            return cls(str(values["user"]), bytes.fromhex(values["salt"]), bytes.fromhex(values["key_hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AccountUnreadable(path) from error

    def save(self, path: Path) -> None:
        """Write the account to a file that only its owner can read."""
        write_record(path, {"user": self.user, "salt": self._salt.hex(), "key_hash": self._key_hash.hex()})

    def log_in(self, user: str, password: str) -> str | None:
        """Return the key for this name and password, or nothing if they are wrong."""
        key = _derive_key(password[:_LONGEST_PASSWORD], self._salt)
        is_right = self.has_key(key)
        return key if is_right and hmac.compare_digest(user.encode(), self.user.encode()) else None

    def has_key(self, key: str) -> bool:
        """Return whether this key was issued for the current password."""
        return hmac.compare_digest(_hash_key(key), self._key_hash)


class GuessLimit:
    """Slows down password guessing: after a few failures from one address, each doubles the wait."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: dict[str, tuple[int, float]] = {}

    def wait(self, peer: str) -> float:
        """Return how many seconds this address must wait; 0 if it may try now."""
        _, until = self._failures.get(peer, (0, 0.0))
        return max(0.0, until - self._now())

    def record(self, peer: str, *, success: bool) -> None:
        """Record an attempt."""
        if success:
            self._failures.pop(peer, None)
            return
        if len(self._failures) >= _MOST_PEERS:
            self._failures.pop(next(iter(self._failures)))
        count, _ = self._failures.pop(peer, (0, 0.0))
        wait = min(2.0 ** (count + 1 - _FREE_GUESSES), _LONGEST_WAIT) if count + 1 >= _FREE_GUESSES else 0.0
        self._failures[peer] = (count + 1, self._now() + wait)


def make_password() -> str:
    """Return a password that is easy to type on a phone."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def _derive_key(password: str, salt: bytes) -> str:
    return scrypt(password.encode("utf-8", "replace"), salt=salt, n=1 << 14, r=8, p=1, dklen=32).hex()


def _hash_key(key: str) -> bytes:
    return sha256(key.encode("utf-8", "replace")).digest()
