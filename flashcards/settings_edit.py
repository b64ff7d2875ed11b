"""Writing a setting into `flashcards.toml`, with everything else a person wrote there left as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flashcards.errors import FlashcardsError
from flashcards.files import replace_unchanged, replacing
from flashcards.settings import FILE_NAME


class SettingsUnwritable(FlashcardsError):
    """The settings cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} cannot be written: {error.strerror or error}. Check its permissions.")


def write_settings(root: Path, name: str, values: dict[str, Any]) -> None:
    """Give one setting its values: for the whole collection (key ``""``), and for single decks by their names.

    Comments, order and all other settings stay. The file is made where there is none.

    Raises:
        FileChanged: somebody else changed the file in this moment.
        SettingsUnwritable: it cannot be written.
    """
    import tomlkit

    path = root / FILE_NAME
    try:
        before = path.read_bytes() if path.exists() else None
        document = tomlkit.parse("" if before is None else before.decode("utf-8-sig"))
        for deck, value in values.items():
            _put(document, name, deck, value)
        after = tomlkit.dumps(document).encode()
        if before is None:
            with replacing(path) as file:
                file.write(after)
        else:
            replace_unchanged(path, before, after)
    except OSError as error:
        raise SettingsUnwritable(path, error) from error


def _put(document: Any, name: str, deck: str, value: Any) -> None:
    import tomlkit

    if deck:
        decks = document.setdefault("decks", tomlkit.table(is_super_table=True))
        decks.setdefault(deck, tomlkit.table())[name] = value
    elif name in document:
        document[name] = value
    else:
        # Behind a table it would belong to that table: it goes to the top.
        item = tomlkit.document()
        item[name] = value
        rest = tomlkit.dumps(document)
        document.clear()
        document.update(tomlkit.parse(tomlkit.dumps(item) + rest))
