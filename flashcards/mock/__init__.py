"""Mock interviews: drawing questions, a timed sitting, its report."""
