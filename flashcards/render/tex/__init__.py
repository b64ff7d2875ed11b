"""TeX formulas to Unicode text."""
