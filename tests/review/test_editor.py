from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flashcards.review.programs import EditorFailed, EditorMissing, build_command, find_editor_command, open_editor

FILE = Path("/decks/my deck.md")


@pytest.mark.parametrize("editor", ["nano", "emacs", "micro", "kak", "/usr/bin/nano", "unknown"])
def test_most_editors_are_given_the_line_with_a_plus(editor: str) -> None:
    assert build_command([editor], FILE, 12) == [editor, "+12", str(FILE)]


@pytest.mark.parametrize("editor", ["code", "codium", "/opt/bin/code", "code.cmd"])
def test_visual_studio_code_gets_goto_and_the_option_to_wait(editor: str) -> None:
    assert build_command([editor], FILE, 12) == [editor, "--wait", "--goto", f"{FILE}:12"]


@pytest.mark.parametrize("wait", ["--wait", "-w"])
def test_an_editor_gets_the_option_to_wait_only_once(wait: str) -> None:
    assert build_command(["code", wait], FILE, 12) == ["code", wait, "--goto", f"{FILE}:12"]


def test_helix_takes_the_line_after_a_colon() -> None:
    assert build_command(["hx"], FILE, 12) == ["hx", f"{FILE}:12"]


@pytest.mark.parametrize("editor", ["subl", "zed"])
def test_sublime_text_and_zed_get_a_colon_and_the_option_to_wait(editor: str) -> None:
    assert build_command([editor], FILE, 12) == [editor, "--wait", f"{FILE}:12"]


def test_an_editor_that_knows_no_lines_is_given_the_file_alone() -> None:
    assert build_command(["notepad.exe"], FILE, 12) == ["notepad.exe", str(FILE)]


def test_the_words_of_the_editor_are_split_as_a_shell_splits_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "'/opt/my editor/vim' -n")
    assert find_editor_command() == ["/opt/my editor/vim", "-n"]


def test_visual_comes_before_editor_unless_it_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "nano")
    monkeypatch.setenv("VISUAL", "vim")
    assert find_editor_command() == ["vim"]
    monkeypatch.setenv("VISUAL", " ")
    assert find_editor_command() == ["nano"]


def test_a_missing_editor_is_reported_with_the_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EditorMissing, match="No editor is set"):
        find_editor_command()


def test_an_unreadable_editor_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "vim 'open")
    with pytest.raises(EditorMissing, match="cannot be started"):
        find_editor_command()


def test_a_missing_editor_is_reported_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    with pytest.raises(EditorMissing, match="no-such-editor"):
        open_editor(FILE, 1)


def test_an_editor_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", f"{sys.executable} -c 'raise SystemExit(3)'")
    with pytest.raises(EditorFailed, match="exit code 3"):
        open_editor(FILE, 1)


def test_the_editor_is_run_with_file_and_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    script = tmp_path / "editor.py"
    script.write_text(f"import sys; open({str(seen)!r}, 'w').write(' '.join(sys.argv[1:]))")
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")
    open_editor(FILE, 7)
    assert seen.read_text() == f"+7 {FILE}"


@pytest.mark.parametrize("editor", ["vi", "vim", "nvim"])
def test_a_file_named_like_a_command_of_vi_is_given_as_a_whole_path(
    editor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / editor
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/given\n')
    program.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(program))
    monkeypatch.chdir(tmp_path)
    open_editor(Path("+!touch pwned|.md"), 3)
    assert (tmp_path / "given").read_text().splitlines() == ["+3", "--", f"{tmp_path}/+!touch pwned|.md"]
