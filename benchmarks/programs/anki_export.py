"""`python -m benchmarks.programs.anki_export PACKAGE FOLDER`: Anki's own core imports a package and writes it again.

Prints, as JSON, the seconds of the export; the import is not part of it.
"""

import json
import sys
import time
from pathlib import Path


def exported(package: Path, folder: Path) -> float:
    """How long the core's own export takes, with schedules and presets."""
    from anki.collection import (
        Collection,
        ExportAnkiPackageOptions,
        ImportAnkiPackageOptions,
        ImportAnkiPackageRequest,
    )

    folder.mkdir(parents=True, exist_ok=True)
    collection = Collection(str(folder / "collection.anki2"))
    options = ImportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True)
    collection.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options))
    started = time.perf_counter()
    collection.export_anki_package(
        out_path=str(folder / "out.apkg"),
        options=ExportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True, with_media=True, legacy=True),
        limit=None,
    )
    seconds = time.perf_counter() - started
    collection.close()
    return seconds


if __name__ == "__main__":
    print(json.dumps(exported(Path(sys.argv[1]), Path(sys.argv[2]))))
