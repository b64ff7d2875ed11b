"""Serve files: those beside the templates, and the pictures, sounds and videos of the collection."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from starlette.responses import FileResponse, PlainTextResponse, Response

from flashcards.deck.media_references import AUDIO, IMAGE, VIDEO, extension
from flashcards.disk.media_files import MediaError, find_media_file
from flashcards.insight.page import write_scoped_css
from flashcards.render.code import read_code_css
from flashcards.web.site import STATIC

if TYPE_CHECKING:
    from starlette.requests import Request

    from flashcards.web.site import Site, Visit

_TYPES: Final = """
text/css css
text/javascript js
font/woff2 woff2
image/svg+xml svg
image/apng apng
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/x-icon ico
image/jpeg jfif jpeg jpg
image/png png
image/tiff tif tiff
image/webp webp
audio/aac aac
audio/flac flac
audio/mp4 m4a
audio/mpeg mp3
audio/ogg oga ogg opus spx
audio/wav wav
video/3gpp 3gp
video/x-msvideo avi
video/mp4 m4v mp4
video/x-matroska mkv
video/quicktime mov
video/mpeg mpeg mpg
video/ogg ogv
video/webm webm
"""
_TYPE_OF: Final = {ending: line.split()[0] for line in _TYPES.splitlines() for ending in line.split()[1:]}
_MEDIA: Final = AUDIO | IMAGE | VIDEO
_INERT: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of a media file: a drawing that is opened by itself runs nothing."""


async def serve_static(request: Request) -> Response:
    """Serve a file beside the templates. Its address changes with its content."""
    name = request.path_params["name"]
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    if name == "code.css":
        return Response(write_code_css(), media_type="text/css", headers=headers)
    if name == "report.css":
        return Response(write_scoped_css(), media_type="text/css", headers=headers)
    path, kind = STATIC / name, _TYPE_OF.get(extension(name))
    if ".." in PurePosixPath(name).parts or kind is None or not path.is_file():
        return PlainTextResponse("This file does not exist.", 404)
    return FileResponse(path, media_type=kind, headers=headers)


def serve_media(site: Site, visit: Visit) -> Response:
    """Serve a picture, sound or video of the collection."""
    try:
        file = find_media_file(site.root, "deck.md", f"@/{visit.path['path']}")
    except MediaError:
        return PlainTextResponse("This file does not exist.", 404)
    kind = extension(file.name)
    if kind not in _MEDIA or kind not in _TYPE_OF:
        return PlainTextResponse("This file is not a picture, sound or video.", 404)
    headers = {"content-security-policy": _INERT, "cache-control": "private, max-age=60"}
    return FileResponse(file, media_type=_TYPE_OF[kind], headers=headers)


def write_code_css() -> str:
    """Return the colours of code, dark where the system is."""
    light, _, rest = read_code_css().partition(".nightMode .hl,\n.night_mode .hl {")
    dark, _, rules = rest.partition("}\n")
    return f"{light}@media (prefers-color-scheme: dark) {{ .hl {{{dark}}} }}\n{rules}"
