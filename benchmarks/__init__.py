"""How fast the program is, as whole processes, beside other programs that do the same work."""
