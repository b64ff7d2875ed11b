"""Show reviews and reports in a browser: a second shell over the same sessions as the terminal."""
