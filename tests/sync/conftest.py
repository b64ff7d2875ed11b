"""The world of every test of this folder."""

from tests.sync.phones import world

__all__ = ["world"]
