"""The static files of a process that begins while an update puts files beside it and takes others away."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from whitenoise import base  # type: ignore[import-untyped]

from api.static_files import StaticFiles


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """A folder of static files, with one."""
    settings.STATIC_ROOT, settings.DEBUG = tmp_path, False
    (tmp_path / "stays.css").write_text("p {}")
    return tmp_path


def test_a_process_begins_though_files_go_while_it_looks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = [root / f"gone{number}" for number in range(3)]
    looked = base.scantree

    def while_looking(folder: str) -> Iterator[Any]:
        yield from looked(folder)
        if gone:  # was there when its folder was listed
            yield from looked(gone.pop())

    monkeypatch.setattr(base, "scantree", while_looking)
    assert "/static/stays.css" in StaticFiles().files
    assert not gone


def test_what_can_never_be_read_is_an_error(root: Path) -> None:
    (root / "gone.css").symlink_to(root / "nowhere")
    with pytest.raises(FileNotFoundError):
        StaticFiles()
