"""The settings of a collection, and what the front matter of a deck adds to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flashcards.settings.values import (
    BY_NAME,
    TOP_LEVEL,
    MockPreset,
    find_order_problem,
    find_setting_problem,
    read_setting,
)
from flashcards.text import list_deck_path, suggest
from scheduler.policy import Policy

FILE_NAME = "flashcards.toml"
"""The file that holds the settings, at the top of a collection."""

_PROPERTIES = """
title aliases alias created date updated modified lastmod last_modified_at publishdate expirydate day cssclass
cssclasses css publish permalink layout categories category author authors description summary abstract keywords slug
draft weight lang language locale dir toc math mathjax katex mermaid comments license copyright source sources url
urls link links related parent up down next prev previous status state stage priority rating project area topic topics
subject course lecture chapter isbn doi citekey citation year bibliography csl nocite reference-section-title
documentclass output format-links header-includes geometry fontsize linestretch banner banner_x banner_y cover image
images thumbnail icon color colour emoji pinned favorite public private sidebar sidebar_label sidebar_position
hide_title hide_table_of_contents pagination_next pagination_prev nav_order has_children has_toc redirect_from
redirect_to excerpt excerpt_separator canonical robots theme template collection series menu headless outputs
resources cascade markup linktitle videos audio location people person company email zettelkasten uid uuid guid id
identifier zotero zotero-key kanban-plugin excalidraw-plugin excalidraw-open-md dg-publish dg-home enabletoc position
linter-yaml-title-alias sr-due sr-interval sr-ease creation_date modification_date creation-date modification-date
date-created date-modified created-at updated-at created_at updated_at publishedat createdat updatedat completed done
due version revision type kind class subtitle note notes
"""
_OTHER_PROGRAMS = frozenset(_PROPERTIES.split())
"""Properties that Obsidian, Jekyll, Hugo, Pandoc, Quarto, Docusaurus and others keep in their front matter."""

_FRONT_MATTER_NAMES = ("deck", "name", "tags", "format", "order", *BY_NAME)


@dataclass(frozen=True, slots=True)
class Settings:
    """What `flashcards.toml` says.

    Attributes:
        policy: for every deck that does not say otherwise.
        decks: for single decks and the decks below them: deck name -> setting -> value as read.
        orders: of single decks among their neighbours: deck name -> number, the lowest first.
        rollover: the hour at which a day begins.
        keys: of the review: what is done -> key.
        rubric_thresholds: the shares of a rubric card's points from which on Hard, Good and Easy are proposed.
        formats: folders or globs -> the dialect that their files are written in.
        mocks: mock interviews by name.
        ignore: patterns of paths that hold no decks; nothing for the usual ones.
    """

    policy: Policy = field(default_factory=Policy)
    decks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rollover: int = 4
    keys: Mapping[str, str] = field(default_factory=dict)
    rubric_thresholds: tuple[float, float, float] = (0.4, 0.7, 1.0)
    formats: Mapping[str, str] = field(default_factory=dict)
    mocks: Mapping[str, MockPreset] = field(default_factory=dict)
    orders: Mapping[str, float] = field(default_factory=dict)
    ignore: tuple[str, ...] | None = None

    def policy_for(self, deck: str, front_matter: Mapping[str, Any]) -> Policy:
        """Build the policy of a deck: the collection's, then its parents' and its own overrides, then its front matter.

        Impossible values of the front matter are ignored; `find_front_matter_problems` reports them.
        """
        changes: dict[str, Any] = {}
        for name in list_deck_path(deck):
            changes.update(self.decks.get(name, {}))
        for name, value in front_matter.items():
            if name in BY_NAME and (read := read_setting(name, value)) is not None:
                changes[name] = read
        return replace(self.policy, **changes) if changes else self.policy


def find_front_matter_problems(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Find what is wrong with the front matter of a deck: setting, message and hint."""
    found = []
    for name, value in values.items():
        if name in ("name", "tags"):  # a `name` that is left is beside a `deck`
            found.append((name, f"`{name}` has no effect here.", "Remove it; `deck` names the deck."))
        elif name == "format":  # a name that is not known is a problem of the file, found where it is read
            continue
        elif name == "order":
            if message := find_order_problem(value):
                found.append((name, f"`order` {message}.", "Lower numbers come first."))
        elif name in TOP_LEVEL:
            found.append((name, f"`{name}` holds for the whole collection.", f"Write it into {FILE_NAME}."))
        elif name.lower() in _OTHER_PROGRAMS:
            continue
        elif name not in BY_NAME:
            hint = suggest(name, _FRONT_MATTER_NAMES, "Remove it, or write it as prose below the front matter.")
            found.append((name, f"Unknown setting `{name}`.", hint))
        elif message := find_setting_problem(name, value):
            found.append((name, f"`{name}` {message}.", f"Its default is {BY_NAME[name].default or 'none'}."))
    return found
