"""Packages for Anki, written with genanki."""
