from __future__ import annotations

from tests.anki.imports.conftest import home as home
