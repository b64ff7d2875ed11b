"""Mock interviews: drawing questions, a timed session, its report."""
