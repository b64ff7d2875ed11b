"""Mock interviews: the choice of questions, the timed session and its report."""
