"""Reviewing cards: a session independent of the terminal, and the terminal that runs it."""
