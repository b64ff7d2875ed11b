"""Mock interviews: the drawing of questions, the timed session and its report."""
