"""Convert image occlusion, Anki's and that of the add-on Image Occlusion Enhanced, to pictures with masks."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from mimetypes import guess_type
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from flashcards.anki.imports.templates import Rendered, SideTemplate, is_shown
from flashcards.deck.html import replace_enclosed, unescape
from flashcards.disk.atomic import digest

if TYPE_CHECKING:
    from flashcards.anki.imports.media import MediaPlan
    from flashcards.anki.package.decoding import RenderBudget
    from flashcards.anki.package.model import AnkiNoteType

PICTURE: Final = "\ue010"
"""The placeholder for the picture while the templates of a card are rendered."""

_SHAPES: Final = re.compile(r"\{\{c([0-9]{1,9})::image-occlusion:(\w+)((?:\\.|[^{}\\])*)\}\}")
_PROPERTY: Final = re.compile(r":(\w+)=((?:\\.|[^:\\])*)")
_IMAGE: Final = re.compile(
    r"<img\b[^<>]*?\bsrc\s*=\s*+(?:\"([^\"<>]*+)\"|'([^'<>]*+)'|([^\s<>]++))[^<>]*+>", re.IGNORECASE
)
_ELEMENT_OF: Final = r"\bid\s*=\s*[\"']?io-{}[\"']?[^<>]*>\s*\{{\{{([^{{}}]+)\}}\}}"
_OVERLAY: Final = re.compile(_ELEMENT_OF.format("overlay"))
_ORIGINAL: Final = re.compile(_ELEMENT_OF.format("original"))
_NAMES: Final = ("Question Mask", "Image")  # names of the add-on's fields
_OF_SCRIPTS: Final = re.compile(r"<(button|canvas)\b", re.IGNORECASE)
_SCRIPT_ENDS: Final = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("button", "canvas")}

_SHAPE_LENGTH: Final = 100  # characters
_BLANK_SIZE: Final = (800, 600)
_INACTIVE, _ACTIVE, _BORDER, _TEXT = "#ffeba2", "#ff8e8e", "#212121", "#000"
_TEXT_SIZE: Final = 40  # pixels, for text without a size
_NUMBER: Final = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?", re.IGNORECASE)
_COLOR: Final = re.compile(r"#[0-9a-f]{3,8}|[a-z]+", re.IGNORECASE)


class Shape(NamedTuple):
    """A shape over a picture."""

    number: int  # of the gap; 0 if every card shows it
    kind: str  # rect, ellipse, polygon or text
    values: Mapping[str, str]  # its properties, by name

    def is_shown_on(self, number: int) -> bool:
        """Return whether it is shown on a card; some also hide their parts on the cards of other shapes."""
        return self.number in (0, number) or self.values.get("oi") == "1"


@dataclass(frozen=True, slots=True)
class Occlusion:
    """The masks of a note."""

    image: str  # the name of the field with the picture
    masks: frozenset[str]  # the names of the fields with masks, which cards do not show by themselves
    shapes: tuple[Shape, ...] = ()  # shapes drawn over the picture
    overlay: str = ""  # the media file over the picture, if there are no shapes
    cards: int = field(default=1)


def find_occlusion(kind: AnkiNoteType, values: Mapping[str, str]) -> Occlusion | None:
    """Find the masks of a note; return nothing if it has no masks over a picture."""
    for name, value in values.items():
        shapes = tuple(_read_shapes(value)) if "image-occlusion:" in value else ()
        if shapes:
            image = next((each for each in values if each != name and _IMAGE.search(values[each])), None)
            cards = len({shape.number for shape in shapes if shape.number})
            image = image or ("Image" if "Image" in values else list(values)[-1])
            return Occlusion(image, frozenset({name}), shapes, cards=cards)
    return _find_overlay(kind, values) if any(".svg" in value.lower() for value in values.values()) else None


def _find_overlay(kind: AnkiNoteType, values: Mapping[str, str]) -> Occlusion | None:
    for template in kind.templates:
        overlay, original = _OVERLAY.search(template.front), _ORIGINAL.search(template.front)
        mask, image = (overlay[1].strip(), original[1].strip()) if overlay and original else _NAMES
        found = find_image(values.get(mask, ""))
        if found.lower().endswith(".svg") and find_image(values.get(image, "")):
            others = (name for name in values if name != image and _is_drawing(values[name]))
            return Occlusion(image, frozenset({mask, *others}), overlay=found)
    return None


def _is_drawing(value: str) -> bool:
    """Return whether a field contains only a drawing, as the fields of masks do."""
    return find_image(value).lower().endswith(".svg") and not is_shown(_IMAGE.sub("", value))


def find_image(html: str) -> str:
    """Find the name of the first picture in HTML; empty if there is no picture."""
    match = _IMAGE.search(html)
    return unescape(match[1] or match[2] or match[3] or "") if match else ""


def _read_shapes(text: str) -> Iterator[Shape]:
    for number, kind, properties in _SHAPES.findall(unescape(text)):
        values = {name: re.sub(r"\\(.)", r"\1", value) for name, value in _PROPERTY.findall(properties)}
        yield Shape(int(number), kind, values)


@dataclass(frozen=True, slots=True)
class OccludedCard:
    """A card that asks for the part hidden by a mask."""

    # front, back: HTML of its two sides
    front: str
    back: str
    shown: set[str]  # the names of the displayed fields
    problems: tuple[str, ...]  # as parts of a sentence


def render_occlusion(
    occlusion: Occlusion,
    sides: tuple[SideTemplate, SideTemplate],
    values: Mapping[str, str],
    number: int,
    pictures: MediaPlan,
    budget: RenderBudget,
) -> OccludedCard:
    """Render one card of a note with masks: the picture with its masks, then the plain picture."""
    from flashcards.anki.imports.card_sides import render_card

    html = values.get(occlusion.image, "")
    marked = {**values, **dict.fromkeys(occlusion.masks, ""), occlusion.image: PICTURE}
    front, back = render_card(*sides, marked, budget)
    budget.take(_SHAPE_LENGTH * len(occlusion.shapes))
    masked, problems = _draw_card(occlusion, html, number, pictures)
    for name in occlusion.masks:
        pictures.set_aside(find_image(values[name]))
    question = _put_picture(front, masked, at_end=True)
    answer = _put_picture(back, html, at_end=False)
    problems += [each for each in (*front.problems, *back.problems) if each not in problems]
    shown = front.shown | back.shown | occlusion.masks | {occlusion.image}
    return OccludedCard(question, answer, shown, tuple(problems))


def _put_picture(side: Rendered, picture: str, *, at_end: bool) -> str:
    html = replace_enclosed(
        side.html, _OF_SCRIPTS, lambda tag: _SCRIPT_ENDS[tag[1].lower()], lambda _tag, _text, _closing: ""
    )
    if PICTURE in html:
        return html.replace(PICTURE, picture)
    return f"{html}<div>{picture}</div>" if at_end else f"<div>{picture}</div>{html}"


def _draw_card(occlusion: Occlusion, html: str, number: int, pictures: MediaPlan) -> tuple[str, list[str]]:
    """Draw the picture of a card; return its HTML, and the problems."""
    source = find_image(html)
    content, problems = _draw_picture(occlusion, source, number, pictures)
    name = f"{PurePosixPath(unquote(source)).stem or 'masks'}-{digest(content).hex()[:12]}.svg"
    pictures.add_picture(name, content)
    part = f"part {number} of {occlusion.cards}" if occlusion.cards > 1 else "a part"
    alt = f"{unquote(source) or 'picture'}, {part} hidden"
    drawn = f'<img src="{escape(name)}" alt="{escape(alt)}">'
    return (_IMAGE.sub(lambda _: drawn, html, count=1) if source else f"{html}{drawn}"), problems


def _draw_picture(occlusion: Occlusion, source: str, number: int, pictures: MediaPlan) -> tuple[bytes, list[str]]:
    """Draw the picture `source` with the masks of a card; return the drawing, and the problems."""
    problems: list[str] = []
    picture, mask = (pictures.read_picture(name) if name else None for name in (source, occlusion.overlay))
    if picture is None:
        problems.append(f"the picture `{source}` below its masks is missing" if source else "there is no picture")
    size = next((found for each in (picture, mask) if each and (found := _measure(each))), None)
    if picture and size is None:
        problems.append(f"the size of the picture `{source}` cannot be read; its masks may not fit")
    width, height = size or _BLANK_SIZE
    layers = [_embed_picture(picture, source, width, height)] if picture else []
    if mask:
        layers.append(_embed_picture(mask, occlusion.overlay, width, height))
    elif occlusion.overlay:
        problems.append(f"the mask `{occlusion.overlay}` is missing; the whole picture is hidden")
        layers = [f'<rect width="{width}" height="{height}" fill="{_ACTIVE}"/>']
    shapes = [shape for shape in occlusion.shapes if shape.is_shown_on(number)]
    shapes.sort(key=lambda shape: shape.number == number)  # the card's own shapes last
    layers += [_draw_shape(shape, number, width, height) for shape in shapes]
    head = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = "".join(f"{layer}\n" for layer in layers)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {head}>\n{lines}</svg>\n'
    return svg.encode("utf-8", "replace"), problems


def _measure(picture: bytes) -> tuple[int, int] | None:
    """Return the width and height of a picture in pixels."""
    import imagesize  # type: ignore[import-untyped]

    try:
        width, height = imagesize.get(BytesIO(picture))
    except Exception:  # a stranger's damaged picture; the library promises nothing
        return None
    return (round(width), round(height)) if 0 < width < 100_000 and 0 < height < 100_000 else None


def _embed_picture(picture: bytes, name: str, width: int, height: int) -> str:
    """Write a picture of this size as an element of a drawing; a separate file would not be displayed."""
    kind = guess_type(name)[0] or "image/png"
    data = b64encode(picture).decode()
    return f'<image width="{width}" height="{height}" preserveAspectRatio="none" href="data:{kind};base64,{data}"/>'


def _draw_shape(shape: Shape, number: int, width: int, height: int) -> str:
    """Write a shape as an element of a drawing of this size."""

    def read(name: str, by: float = 1.0) -> float:
        return round(_read_number(shape.values.get(name, "")) * by, 2)

    left, top, angle = read("left", width), read("top", height), read("angle")
    color = shape.values.get("fill", "")
    color = color if _COLOR.fullmatch(color) else ""
    turn = f' transform="rotate({angle:g} {left:g} {top:g})"' if angle else ""
    if shape.kind == "text":
        size = (read("fs", height) or _TEXT_SIZE) * (read("scale") or 1)
        text = escape(shape.values.get("text", ""))
        font = f'font-family="Arial, sans-serif" font-size="{size:g}" fill="{color or _TEXT}"'
        return f'<text x="{left:g}" y="{top + size:g}" {font}{turn}>{text}</text>'
    mask = _ACTIVE if shape.number == number else _INACTIVE
    style = f'fill="{color or mask}" stroke="{_BORDER}"{turn}'
    if shape.kind == "ellipse":
        rx, ry = read("rx", width), read("ry", height)
        return f'<ellipse cx="{left + rx:g}" cy="{top + ry:g}" rx="{rx:g}" ry="{ry:g}" {style}/>'
    if shape.kind == "polygon":
        pairs = (pair.split(",")[:2] for pair in shape.values.get("points", "").split() if "," in pair)
        points = " ".join(f"{_read_number(x) * width:.2f},{_read_number(y) * height:.2f}" for x, y in pairs)
        return f'<polygon points="{points}" {style}/>'
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{read("width", width):g}" height="{read("height", height):g}" {style}/>'
    )


def _read_number(text: str) -> float:
    match = _NUMBER.match(text.strip())
    return float(match[0]) if match else 0.0
