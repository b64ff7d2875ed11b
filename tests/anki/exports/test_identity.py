from __future__ import annotations

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from flashcards.anki.package.identifiers import deck_id, make_guid
from flashcards.anki.package.model import BASIC, CLOZE
from flashcards.anki.package.notetypes import DESIGN_CHANGED, make_note_type


def test_a_guid_depends_only_on_the_key_and_the_family() -> None:
    assert make_guid("abc", BASIC) == make_guid("abc", BASIC)
    assert make_guid("abc", BASIC) != make_guid("abc", CLOZE)
    assert make_guid("abc", BASIC) != make_guid("abd", BASIC)


def test_guids_and_deck_ids_never_change() -> None:
    assert make_guid("k7f3q2", BASIC) == "4b4be47f460aef68"
    assert deck_id("tpm::scenarios") == 7529462479744793


def test_only_the_default_deck_has_anki_s_id_of_it() -> None:
    assert deck_id("Default") == deck_id("default") == 1
    assert deck_id("Default::x") > 1


@given(st.text())
def test_a_deck_id_is_a_number_that_javascript_holds_exactly(name: str) -> None:
    assert 1 <= deck_id(name) < 2**53
    assert deck_id(name) > 1 or name.casefold() == "default"


def test_a_note_type_is_dated_by_its_design_not_by_the_export() -> None:
    assert {make_note_type(family).to_json(time.time(), 1)["mod"] for family in (BASIC, CLOZE)} == {DESIGN_CHANGED}


def test_every_colour_has_a_light_and_a_dark_form() -> None:
    css = make_note_type(BASIC).to_json(0, 1)["css"]
    variables = set(re.findall(r"var\((--[\w-]+)\)", css))
    assert re.search(r"\.side a \{ color: var\(--link\)", css)
    assert {variable: css.count(f"  {variable}: #") for variable in variables} == dict.fromkeys(variables, 2)


def test_the_ids_of_note_types_fields_and_templates_never_change() -> None:
    basic, cloze = (make_note_type(family).to_json(0, 1) for family in (BASIC, CLOZE))
    assert (basic["id"], cloze["id"]) == ("1767225600001", "1767225600002")
    assert [(field["name"], field["id"]) for field in basic["flds"]] == [
        ("Front", 1767225601000),
        ("Back", 1767225601001),
        ("Reverse", 1767225601002),
        ("Answer to type", 1767225601003),
        ("Reverse answer to type", 1767225601004),
        ("Source", 1767225601005),
    ]
    assert [(template["name"], template["id"]) for template in basic["tmpls"]] == [
        ("Forward", 1767225602001),
        ("Reverse", 1767225602002),
    ]
    assert [(field["name"], field["id"]) for field in cloze["flds"]] == [
        ("Text", 1767225603000),
        ("Typed", 1767225603001),
        ("Source", 1767225603002),
    ]
    assert [(template["name"], template["id"]) for template in cloze["tmpls"]] == [("Cloze", 1767225604001)]
