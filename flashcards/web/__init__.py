"""Reviews and reports in a browser, built on the same sessions as the terminal."""
