"""Image occlusion: each mask is a card that asks a picture with masks over it and answers with the bare picture."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.anki.imports.home import Home
from tests.anki.imports.packages import BASIC, Made, edit_package, note_type, studied, write_package

_NATIVE = note_type(
    "Image Occlusion",
    1,
    ["Occlusion", "Image", "Header", "Back Extra", "Comments"],
    (
        '{{#Header}}<div>{{Header}}</div>{{/Header}}<div style="display: none">{{cloze:Occlusion}}</div>'
        '<div id="image-occlusion-container">{{Image}}<canvas id="c"></canvas></div><script>draw()</script>',
        '{{#Header}}<div>{{Header}}</div>{{/Header}}<div style="display: none">{{cloze:Occlusion}}</div>'
        '<div id="image-occlusion-container">{{Image}}<canvas id="c"></canvas></div><script>draw()</script>'
        '<div><button id="toggle">Toggle Masks</button></div>{{#Back Extra}}<div>{{Back Extra}}</div>{{/Back Extra}}',
    ),
)
_WRAPPER = (
    '<div id="io-header">{{{{Header}}}}</div><div id="io-wrapper"><div id="io-overlay">{{{{{}}}}}</div>'
    '<div id="io-original">{{{{Image}}}}</div></div>'
)
_ENHANCED = note_type(
    "Image Occlusion Enhanced",
    0,
    ["ID (hidden)", "Header", "Image", "Question Mask", "Footer", "Answer Mask", "Original Mask"],
    (
        "{{#Image}}" + _WRAPPER.format("Question Mask") + "<script>aFade()</script>{{/Image}}",
        "{{#Image}}" + _WRAPPER.format("Answer Mask") + "{{#Footer}}<div>{{Footer}}</div>{{/Footer}}"
        '<button id="io-revl-btn">Toggle Masks</button>{{/Image}}',
    ),
)
_TYPES = {BASIC: note_type("Basic", 0, ["Front", "Back"], ("{{Front}}", "{{Back}}")), 8: _NATIVE, 9: _ENHANCED}
_SHAPES = (
    "{{c1::image-occlusion:rect:left=.25:top=.5:width=.5:height=.25:oi=1}}<br>"
    "{{c2::image-occlusion:ellipse:left=.5:top=.5:rx=.1:ry=.2:angle=30:fill=#00ff00}}<br>"
    "{{c3::image-occlusion:polygon:points=.1,.2 .3,.4 .5,.1}}"
    "{{c3::image-occlusion:rect:left=0:top=0:width=.1:height=.1}}"
    "{{c0::image-occlusion:text:left=0:top=0:text=a\\:b &lt;c:fs=.1}}"
)
_MASK = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="9" height="9"/></svg>'


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _native(tmp_path: Path, shapes: str = _SHAPES, cards: int = 3, image: str = '<img src="map.png">') -> Path:
    note = Made([shapes, image, "The map", "more", ""], type=8, guid="io", cards={n: {} for n in range(cards)})
    return write_package(tmp_path / "io.apkg", [note], types=_TYPES, media={"map.png": _png(40, 20)})


def _enhanced(tmp_path: Path, media: dict[str, bytes]) -> Path:
    masks = [f'<img src="m-{each}.svg" />' for each in "qao"]
    fields = ["id-1", "Head", '<img src="map.png" />', masks[0], "Foot", masks[1], masks[2]]
    return write_package(tmp_path / "io.apkg", [Made(fields, type=9)], types=_TYPES, media=media)


def _drawings(home: Home, path: str = "Deck.md") -> list[ET.Element]:
    """The drawings that the questions of a file name."""
    text = home.read(path)
    found = re.findall(r"!\[[^\]]*hidden\]\((media/[^)]*\.svg)\)", text)
    return [ET.fromstring((home.root / unquote(each)).read_bytes()) for each in found]


def _list_shapes(drawing: ET.Element) -> list[tuple[str, str | None]]:
    return [(each.tag.partition("}")[2], each.get("fill")) for each in drawing]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "decks")


def test_each_mask_is_a_card_that_hides_a_part_of_the_picture_and_then_shows_it(home: Home, tmp_path: Path) -> None:
    report = home.import_file(_native(tmp_path))
    text = re.sub(r"map-[0-9a-f]{12}\.svg", "map-N.svg", home.read("Deck.md"))
    assert text == "\n".join(
        f"Q: The map\\\n![map.png, part {number} of 3 hidden](media/map-N.svg)\n\nA: ![](media/map.png)\\\nmore\n"
        for number in (1, 2, 3)
    )
    assert (report.added, report.remarks) == (3, [])
    assert (home.root / "media/map.png").read_bytes() == _png(40, 20)


def test_a_card_shows_its_own_masks_and_those_of_others_that_hide_all(home: Home, tmp_path: Path) -> None:
    home.import_file(_native(tmp_path))
    first, second, third = map(_list_shapes, _drawings(home))
    assert first == [("image", None), ("text", "#000"), ("rect", "#ff8e8e")]
    assert second == [("image", None), ("rect", "#ffeba2"), ("text", "#000"), ("ellipse", "#00ff00")]
    assert third == [
        ("image", None),
        ("rect", "#ffeba2"),
        ("text", "#000"),
        ("polygon", "#ff8e8e"),
        ("rect", "#ff8e8e"),
    ]


def test_masks_are_where_they_are_in_anki(home: Home, tmp_path: Path) -> None:
    home.import_file(_native(tmp_path))
    first, second, third = _drawings(home)
    assert (first.get("width"), first.get("height"), first.get("viewBox")) == ("40", "20", "0 0 40 20")
    rect, ellipse, polygon = first[-1], second[-1], third[3]
    assert [rect.get(name) for name in ("x", "y", "width", "height")] == ["10", "10", "20", "5"]
    assert [ellipse.get(name) for name in ("cx", "cy", "rx", "ry")] == ["24", "14", "4", "4"]
    assert ellipse.get("transform") == "rotate(30 20 10)"
    assert polygon.get("points") == "4.00,4.00 12.00,8.00 20.00,2.00"
    assert first[1].text == "a:b <c"


def test_the_add_ons_mask_lies_over_its_picture(home: Home, tmp_path: Path) -> None:
    media = {"map.png": _png(40, 20), "m-q.svg": _MASK, "m-a.svg": _MASK, "m-o.svg": _MASK}
    report = home.import_file(_enhanced(tmp_path, media))
    text = re.sub(r"map-[0-9a-f]{12}\.svg", "map-N.svg", home.read("Deck.md"))
    assert text == "Q: Head\\\n![map.png, a part hidden](media/map-N.svg)\n\nA: ![](media/map.png)\\\nFoot\n"
    (drawing,) = _drawings(home)
    assert [each.get("href", "").partition(";")[0] for each in drawing] == ["data:image/png", "data:image/svg+xml"]
    assert {each.get("width") for each in (drawing, *drawing)} == {"40"}
    assert [remark.message for remark in report.remarks] == [
        "The field `ID (hidden)` is not shown on any card of 1 note that fills it in; it was left out."
    ]


def test_a_missing_mask_is_replaced_so_that_the_answer_stays_hidden(home: Home, tmp_path: Path) -> None:
    report = home.import_file(_enhanced(tmp_path, {"map.png": _png(40, 20), "m-a.svg": _MASK}))
    (drawing,) = _drawings(home)
    assert _list_shapes(drawing) == [("rect", "#ff8e8e")]
    assert any("the mask `m-q.svg` is missing" in remark.message for remark in report.remarks)


def test_masks_without_a_picture_are_drawn_all_the_same(home: Home, tmp_path: Path) -> None:
    report = home.import_file(_native(tmp_path, image='<img src="gone.png">'))
    assert _list_shapes(_drawings(home)[0])[-1] == ("rect", "#ff8e8e")
    assert any("`gone.png` below its masks is missing" in remark.message for remark in report.remarks)


@pytest.mark.parametrize("picture", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\0\0", b"<svg"])
def test_a_damaged_picture_does_not_stop_the_import(home: Home, tmp_path: Path, picture: bytes) -> None:
    note = Made([_SHAPES, '<img src="map.png">', "", "", ""], type=8, cards={0: {}})
    package = write_package(tmp_path / "io.apkg", [note], types=_TYPES, media={"map.png": picture})
    assert home.import_file(package).added == 1


def test_the_same_package_again_changes_nothing(home: Home, tmp_path: Path) -> None:
    package = _native(tmp_path)
    home.import_file(package)
    before = home.files()
    assert not home.import_file(package).changes_anything
    assert home.files() == before


def test_a_mask_that_was_moved_in_anki_is_drawn_again(home: Home, tmp_path: Path) -> None:
    package = _native(tmp_path)
    home.import_file(package)
    moved = "UPDATE notes SET flds = replace(flds, 'left=.25', 'left=.5'), mod = mod + 100"
    report = home.import_file(edit_package(package, tmp_path / "later.apkg", moved))
    assert report.added == 0
    assert _drawings(home)[0][-1].get("x") == "20"


def test_each_card_keeps_its_reviews(home: Home, tmp_path: Path) -> None:
    reviewed = studied(reviews=4)
    note = Made([_SHAPES, '<img src="map.png">', "", "", ""], 8, "io", cards=reviewed.cards, log=reviewed.log)
    package = write_package(tmp_path / "io.apkg", [note], types=_TYPES, media={"map.png": _png(4, 4)})
    assert home.import_file(package).reviews == 4


def test_masks_that_an_earlier_version_kept_as_text_are_drawn_now(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed = studied(reviews=4)
    note = Made(
        [_SHAPES, '<img src="map.png">', "", "", ""], 8, "io", cards={**reviewed.cards, 1: {}}, log=reviewed.log
    )
    package = write_package(tmp_path / "io.apkg", [note], types=_TYPES, media={"map.png": _png(40, 20)})
    with monkeypatch.context() as patch:
        patch.setattr("flashcards.anki.imports.notes.find_occlusion", lambda *_: None)
        home.import_file(package)
    assert "image-occlusion" in home.read("Deck.md")
    home.with_collection(lambda collection: collection.connection.execute("DELETE FROM seen_notes"))
    report = home.import_file(package)
    assert "image-occlusion" not in home.read("Deck.md")
    assert len(_drawings(home)) == 2
    assert report.added == 1
