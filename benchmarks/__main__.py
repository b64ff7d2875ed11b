"""`python -m benchmarks`: measure, and print a table a subject."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from benchmarks import peers
from benchmarks.bench import Bench
from benchmarks.report import table
from benchmarks.rows import Row
from benchmarks.subjects import (
    balance,
    due,
    export,
    fitting,
    history,
    importing,
    linking,
    pages,
    phone,
    rating,
    readiness,
    rebuild,
    review,
    scale,
    scan,
    startup,
    statistics,
)

_SUBJECTS: Final[dict[str, tuple[str, Callable[[Bench], Iterator[Row]]]]] = {
    "startup": (startup.TITLE, startup.measure),
    "export": (export.TITLE, export.measure),
    "history": (history.TITLE, history.measure),
    "import": (importing.TITLE, importing.measure),
    "due": (due.TITLE, due.measure),
    "review": (review.TITLE, review.measure),
    "pages": (pages.TITLE, pages.measure),
    "rating": (rating.TITLE, rating.measure),
    "scan": (scan.TITLE, scan.measure),
    "linking": (linking.TITLE, linking.measure),
    "fit": (fitting.TITLE, fitting.measure),
    "stats": (statistics.TITLE, statistics.measure),
    "readiness": (readiness.TITLE, readiness.measure),
    "balance": (balance.TITLE, balance.measure),
    "phone": (phone.TITLE, phone.measure),
    "rebuild": (rebuild.TITLE, rebuild.measure),
    "scale": (scale.TITLE, scale.measure),
}
_ON_REQUEST: Final = {"scale"}


@click.command()
@click.option("--quick", is_flag=True, help="Fewer runs, and nothing of 100,000 cards.")
@click.option("--only", metavar="NAME", multiple=True, type=click.Choice(list(_SUBJECTS)), help="Only this subject.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--install-peers", is_flag=True, help="Install the Python programs to compare with, then leave.")
def main(quick: bool, only: tuple[str, ...], as_json: bool, install_peers: bool) -> None:
    """Measure whole processes: medians of several runs after one that does not count, and the peak of their memory.

    Leaves with 1 if a program failed; a target that is missed is said, and is no failure. Everything is made in a
    temporary folder ($TMPDIR), so that is the disk that is measured.

    \b
    python -m benchmarks
    python -m benchmarks --quick --only export --only due
    """
    if install_peers:
        peers.install()
        return
    found: dict[str, list[Row]] = {}
    if not as_json:
        click.echo(_machine_line())
    with TemporaryDirectory(prefix="flashcards-bench-") as folder:
        bench = Bench(Path(folder), quick)
        for name in only or [name for name in _SUBJECTS if name not in _ON_REQUEST]:
            found[name] = _measured(name, bench)
            if not as_json:
                click.echo("\n" + table(_SUBJECTS[name][0], found[name]))
    if as_json:
        subjects = {name: [row.as_json() for row in rows] for name, rows in found.items()}
        click.echo(json.dumps({"machine": _machine(), "subjects": subjects}))
    if any(row.note.startswith("failed") for rows in found.values() for row in rows):
        sys.exit(1)


def _measured(name: str, bench: Bench) -> list[Row]:
    if sys.stderr.isatty():
        click.echo(f"measuring {name} ...", err=True)
    return list(_SUBJECTS[name][1](bench))


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def _machine_line() -> str:
    machine = _machine()
    return f"Python {machine['python']}, {machine['system']}, {machine['cores']} cores, load {machine['load']}"


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"Error: {error}")
