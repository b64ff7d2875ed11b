"""The review: a session that knows no terminal, and the terminal that carries it."""
