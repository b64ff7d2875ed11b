"""`flashcards serve` as a process: what it prints, how it ends, who may log in."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from flashcards.disk.paths import NeitherFileNorFolder, OutsideCollection
from flashcards.sync.server import run
from flashcards.sync.synced_collection import SyncState, make_folder
from flashcards.sync.validation import SyncFileUnusable
from tests.sync.phones import PASSWORD, USER, Phone, PhoneError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "decks"
    folder.mkdir()
    (folder / "a.md").write_text("Q: one?\nA: 1\n", encoding="utf-8")
    return folder


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", encoding="utf-8")
    return path


def start(root: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flashcards", "-C", str(root), "serve", "--port", "0", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(root: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = start(root, "--json", *options)
    try:
        assert process.stdout
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_stopped_and_ends_cleanly(root: Path, number: signal.Signals) -> None:
    with serving(root, "--user", "somebody") as (process, first):
        assert first.keys() == {"url", "user", "pid", "web"}
        assert first["url"].startswith("http://127.0.0.1:")
        assert (first["user"], first["pid"]) == ("somebody", process.pid)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert out == ""
        assert "Traceback" not in err
        assert "Password: " in err


def test_a_phone_syncs_and_each_sync_is_a_line(root: Path, password_file: Path, tmp_path: Path) -> None:
    with serving(root, "--user", USER, "--password-file", str(password_file)) as (process, first):
        phone = Phone(tmp_path / "phone", first["url"])
        phone.download()
        phone.do("answer", cards=[phone.card("one?")], rating=3)
        assert phone.do("sync") == "NO_CHANGES"
        phone.close()
        assert process.stdout
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [line["sync"] for line in lines] == ["download", "sync"]
        assert lines[1]["received"]["reviews"] == 1
        assert lines[1]["user"] == USER
        process.terminate()
        assert PASSWORD not in "".join(process.communicate(timeout=20))


def test_a_server_collects_garbage_though_short_commands_do_not() -> None:
    class Idle:
        async def serve(self, **_: object) -> None:
            states.append(gc.isenabled())

    states: list[bool] = []
    gc.disable()
    try:
        run(Idle(), None)  # type: ignore[arg-type]
    finally:
        gc.enable()
    assert states == [True]


@pytest.mark.slow
def test_a_password_is_made_once_and_stays_until_it_is_reset(root: Path) -> None:
    passwords = []
    for options in ((), (), ("--reset-password",)):
        with serving(root, "--user", USER, *options) as (process, _):
            process.terminate()
            _, err = process.communicate(timeout=20)
            passwords.append(err.partition("Password: ")[2][:12])
    assert passwords[0]
    assert passwords[1] == ""
    assert passwords[2] not in ("", passwords[0])


@pytest.mark.slow
def test_a_phone_stays_logged_in_when_the_server_is_started_again(
    root: Path, password_file: Path, tmp_path: Path
) -> None:
    options = ("--user", USER, "--password-file", str(password_file))
    with serving(root, *options) as (_, first):
        phone = Phone(tmp_path / "phone", first["url"])
        phone.download()
    with serving(root, *options) as (_, first):
        phone.do("endpoint_is", endpoint=first["url"])
        assert phone.do("sync") == "NO_CHANGES"
    password_file.write_text("another\n", encoding="utf-8")
    with serving(root, *options) as (_, first):
        phone.do("endpoint_is", endpoint=first["url"])
        with pytest.raises(PhoneError):
            phone.do("sync")
    phone.close()


def test_a_second_server_for_the_same_collection_is_refused(root: Path) -> None:
    with serving(root):
        second = start(root)
        _, err = second.communicate(timeout=20)
        assert second.returncode == 1
        assert "Another `flashcards serve` runs for this collection." in err


FILES = ["account.json", "collection.anki2", "lock.db", "media.db", "web-token"]


@pytest.mark.parametrize("name", ["", *FILES])
def test_a_link_in_the_folder_of_a_sync_is_refused_and_nothing_outside_is_written(
    root: Path, tmp_path: Path, name: str
) -> None:
    outside = tmp_path / "outside"
    folder = root / ".flashcards" / "phone"
    folder.mkdir(parents=True)
    if not name:
        folder.rmdir()
    (folder / name).symlink_to(outside)
    with pytest.raises(OutsideCollection):
        make_folder(root, "phone")
    outside.mkdir()
    with pytest.raises(OutsideCollection):
        make_folder(root, "phone")
    assert list(outside.iterdir()) == []


def test_a_pipe_in_the_folder_of_a_sync_is_refused_without_waiting(root: Path) -> None:
    folder = make_folder(root, "phone")
    os.mkfifo(folder / "web-token")
    with pytest.raises(NeitherFileNorFolder, match="web-token"):
        make_folder(root, "phone")


@pytest.mark.parametrize(
    "damage",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER UPDATE ON col BEGIN DELETE FROM notes; END",
        "ALTER TABLE cards ADD COLUMN x GENERATED ALWAYS AS (1 / 0)",
    ],
)
@pytest.mark.parametrize("name", ["collection.anki2", "media.db"])
def test_foreign_code_in_a_database_of_a_sync_is_refused(root: Path, name: str, damage: str) -> None:
    state = SyncState(root, "phone", "flashcards serve", print)
    state.close()
    path = root / ".flashcards" / "phone" / name
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS col (a)")
        database.execute("CREATE TABLE IF NOT EXISTS cards (a)")
        database.execute("CREATE TABLE IF NOT EXISTS notes (a)")
        database.execute(damage)
    with pytest.raises(SyncFileUnusable, match=f"{name} cannot be used: it holds the .* Move .* away"):
        SyncState(root, "phone", "flashcards serve", print)


@pytest.mark.parametrize("name", ["collection.anki2", "media.db", "lock.db"])
def test_a_damaged_database_of_a_sync_is_named_with_what_to_do(root: Path, name: str) -> None:
    (make_folder(root, "phone") / name).write_bytes(b"garbage " * 900)
    with pytest.raises(SyncFileUnusable, match=rf"{name} cannot be used: file is not a database\. Move .* away"):
        SyncState(root, "phone", "flashcards serve", print)


def test_a_port_that_is_taken_is_reported(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(root, "--port", str(port))
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"127.0.0.1:{port} cannot be used" in err
    assert "--port" in err


@pytest.mark.parametrize("host", ["192.0.2.77", "no-such-host.invalid"])
def test_an_address_of_another_computer_is_reported(root: Path, host: str) -> None:
    process = start(root, "--host", host)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"{host}:0 cannot be used" in err
    assert "Name an address of this computer with --host, or use --lan" in err


def test_options_that_contradict_each_other_and_an_empty_password_are_usage_errors(
    root: Path, password_file: Path
) -> None:
    password_file.write_text("", encoding="utf-8")
    for options in (("--lan", "--host", "127.0.0.1"), ("--password-file", str(password_file))):
        process = start(root, *options)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 2
        assert err.startswith("Error: ") or "Error: " in err


def test_the_start_shows_the_address_the_steps_and_what_the_first_download_replaces(root: Path) -> None:
    process = start(root, "--lan")
    assert process.stdout
    lines: list[str] = []
    while not lines or "Waiting for syncs" not in lines[-1]:
        lines.append(process.stdout.readline())
    process.terminate()
    _, err = process.communicate(timeout=20)
    text = "".join(lines)
    assert all(name in text for name in ("http://", "AnkiDroid", "AnkiMobile", "Password: ", "Name: "))
    assert "replaces everything" in err
    assert "plain HTTP" in err


def test_a_missing_extra_is_reported_with_the_command_to_install_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'uvicorn' else find(name, *rest)\n",
        encoding="utf-8",
    )
    found = subprocess.run(
        [sys.executable, "-m", "flashcards", "-C", str(root), "serve"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert "`serve` needs uvicorn" in found.stderr
    assert "flashcards-md[serve]" in found.stderr


@pytest.mark.slow
def test_the_same_process_serves_the_pages_and_the_apps(root: Path, password_file: Path, tmp_path: Path) -> None:
    with serving(root, "--user", USER, "--password-file", str(password_file)) as (_, first):
        assert first["web"].startswith(f"{first['url']}?token=")
        with urllib.request.urlopen(first["web"]) as page:
            cookie = page.headers["set-cookie"].partition(";")[0]
        request = urllib.request.Request(f"{first['url']}review", headers={"Cookie": cookie})
        with urllib.request.urlopen(request) as page:
            assert "one?" in page.read().decode()
        with closing(Phone(tmp_path / "phone", first["url"])) as phone:
            phone.download()
    with serving(root) as (_, again):
        assert again["web"].partition("=")[2] == first["web"].partition("=")[2]
