"""Mark the elements that a style sheet always hides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from flashcards.anki.package.model import Template

HIDEABLE: Final = r"div|span|p|section|article|ul|ol|table|blockquote|center|h[1-6]|b|i|em|strong|font|label"
"""The elements whose hidden content we recognize."""

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STYLE: Final = re.compile(r"<style\b[^<>]*>(.*?)(?:</style\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_COMPOUND: Final = re.compile(rf"(?:{HIDEABLE})?((?:[.#][\w-]+)+)", re.IGNORECASE)
_NAME: Final = re.compile(r"[.#][\w-]+")
_COMBINATOR: Final = re.compile(r"\s*>\s*|\s+")
_CARD: Final = re.compile(r"\.card[0-9]*")  # the element around every card
_DEEPEST: Final = 20  # nested elements that are looked at
_MOST_RULES: Final = 8  # for one class or id, so that a hostile sheet costs little
_MOST_CANDIDATES: Final = 50  # for one element
_DISPLAY: Final = re.compile(r"(?<![\w-])(?:display|visibility)\s*:\s*(none|hidden)?", re.IGNORECASE)
_TAG: Final = re.compile(rf"""<(/?)({HIDEABLE})\b((?:[^<>"']|"[^"<>]*"|'[^'<>]*')*+)>""", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""\s(class|id)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


class StyleRule(NamedTuple):
    """Whether a rule of a style sheet hides the elements that it is for.

    These are given by classes and ids, such as `.solution` and `#hint`.
    """

    rank: tuple[int, int, int]  # the specificity, and the place among the rules; the highest one counts
    names: frozenset[str]  # all those that the element has
    outside: tuple[frozenset[str], ...]  # those of elements around it, outermost first
    hides: bool

    def is_for(self, names: frozenset[str], around: list[frozenset[str]]) -> bool:
        """Return whether an element with these names is meant, given those of the elements around it."""
        outer = iter(around)
        return self.names <= names and all(any(each <= found for found in outer) for each in self.outside)


Rules = Mapping[str, list[StyleRule]]
"""Rules by one of the names of their elements, the highest first; empty if nothing is ever hidden."""


def mark_template(template: Template, css: str) -> Template:
    """Return a template whose elements have the attribute `hidden` if the style sheet or its own styles hide them."""
    front, back = (_read_styles(each) for each in (template.front, template.back))
    of_back = f"{front}\n{back}" if "FrontSide" in template.back else back
    return template._replace(
        front=mark_hidden(template.front, find_rules(f"{css}\n{front}")),
        back=mark_hidden(template.back, find_rules(f"{css}\n{of_back}")),
    )


def mark_fields(fields: tuple[str, ...], css: str) -> tuple[str, ...]:
    """Return fields whose elements have the attribute `hidden` if the style sheet or styles in a field hide them."""
    styles = "\n".join(filter(None, map(_read_styles, fields)))
    rules = find_rules(f"{css}\n{styles}" if styles else css)
    return tuple(mark_hidden(each, rules) for each in fields) if rules else fields


@lru_cache(maxsize=100)
def find_rules(css: str) -> Rules:
    """Find the rules that show or hide elements by class or id, except those for some screens, which may not apply."""
    if not re.search("none|hidden", css, re.IGNORECASE):
        return {}
    found: list[StyleRule] = []
    is_nested = False
    for rule in _COMMENT.sub("", css).split("}"):
        selectors, *bodies = rule.split("{")
        is_nested = len(bodies) > 1 or (is_nested and len(bodies) == 1)
        displays = _DISPLAY.findall(bodies[0]) if bodies and not is_nested else []
        for selector in selectors.rpartition(";")[2].split(",") if displays else ():
            if compounds := _read_selector(selector):
                names = [name for each in compounds for name in each]
                rank = sum(name.startswith("#") for name in names), len(names), len(found)
                found.append(StyleRule(rank, compounds[-1], tuple(compounds[:-1]), any(displays)))
    rules: dict[str, list[StyleRule]] = defaultdict(list)
    for each in sorted(found, reverse=True) if any(each.hides for each in found) else ():
        if len(rules[min(each.names)]) < _MOST_RULES:
            rules[min(each.names)].append(each)
    return dict(rules)


def mark_hidden(html: str, rules: Rules) -> str:
    """Add the attribute `hidden` to the elements that rules hide."""
    return "".join(_mark(html, rules)) if rules and re.search(r"\s(?:class|id)\s*=", html, re.IGNORECASE) else html


def _read_styles(html: str) -> str:
    return "\n".join(_STYLE.findall(html)) if "<" in html else ""


def _read_selector(text: str) -> list[frozenset[str]]:
    """Return the names of an element and of those around it, outermost first; empty if anything else counts."""
    found = [_COMPOUND.fullmatch(each) for each in _COMBINATOR.split(text.strip())]
    compounds = [frozenset(_NAME.findall(each[1])) for each in found if each and not _CARD.fullmatch(each[0])]
    return [] if None in found else compounds


def _mark(html: str, rules: Rules) -> Iterator[str]:
    around: list[frozenset[str]] = []  # the names of the open elements
    opened: list[str] = []  # what these are
    at = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if tag[1]:
            while name in opened and opened:
                around.pop()
                if opened.pop() == name:
                    break
            continue
        names = _read_names(tag[3])
        candidates = islice((rule for each in names for rule in rules.get(each, ())), _MOST_CANDIDATES)
        rule = max((rule for rule in candidates if rule.is_for(names, around)), default=None)
        if rule and rule.hides:
            yield f"{html[at : tag.start()]}<{tag[2]} hidden{tag[3]}>"
            at = tag.end()
        if len(opened) < _DEEPEST:
            around.append(names)
            opened.append(name)
    yield html[at:]


def _read_names(attributes: str) -> frozenset[str]:
    found = (
        ("." if kind.lower() == "class" else "#", "".join(values)) for kind, *values in _ATTRIBUTE.findall(attributes)
    )
    return frozenset(f"{sign}{name}" for sign, value in found for name in value.split())
