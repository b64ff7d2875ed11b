"""Review cards: a session that knows no terminal, and the terminal that runs it."""
