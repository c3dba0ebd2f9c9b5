"""The demo's script: a key for each use of each authority, all of them marked, made once; and its spoken answers."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from api.pages import spoken
from verification import keys, signer
from verification.keys import Use
from verification.vaults import VaultClosed

ROOT = Path(__file__).resolve().parents[2]


def _demo() -> ModuleType:
    found = importlib.util.spec_from_file_location("demo_script", ROOT / "scripts" / "demo.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_demo_makes_marked_keys_once_and_only_a_demo_signs_with_them(tmp_path: Path) -> None:
    demo = _demo()
    for _ in range(2):
        demo._make_keys(tmp_path, "127.0.0.1:8100")
    records = keys.every(tmp_path)
    assert all(record.insecure for record in records)
    by_use = [record.use for record in records]
    authorities = {record.authority for record in records if record.use is Use.BADGE}
    assert "127.0.0.1:8100/a/xa-dla" in authorities
    for use in (Use.BADGE, Use.STATUS, Use.RECEIPT, Use.CREDENTIAL):
        assert by_use.count(use) == len(authorities)
    assert (by_use.count(Use.LOG), by_use.count(Use.WITNESS)) == (1, 1)
    with pytest.raises(VaultClosed, match="demonstration"):
        signer.Signatory(tmp_path)
    signer.Signatory(tmp_path, demo=True).close()


LISTENER = """
import signal, sys
signal.signal(signal.SIGHUP, lambda *_: sys.exit(0))  # whatever who started the tests does with it
signal.alarm(60)
print("listening", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("more", [True, False])
def test_clips_that_were_spoken_after_the_start_are_offered(more: bool) -> None:  # noqa: FBT001 - both
    demo = _demo()
    with subprocess.Popen([sys.executable, "-c", LISTENER], stdout=subprocess.PIPE) as public:
        assert public.stdout is not None
        assert public.stdout.readline() == b"listening\n"
        speech = subprocess.Popen([sys.executable, "-c", ""])
        other = subprocess.Popen(["/bin/sleep", "60"])
        asked = []

        def more_to_hear() -> bool:
            asked.append(public.poll())
            if not more:
                other.terminate()  # else nothing would end
            return more

        try:
            with pytest.raises(RuntimeError, match="A program ended"):
                demo._watch([public, other], public, speech, more_to_hear)
            asked_to_look_again = public.poll() == 0
        finally:
            for program in (public, other, speech):
                program.kill()
                program.wait()
    assert asked == [None], "once, when the speech had ended and everything ran"
    assert asked_to_look_again is more


def test_the_demo_looks_for_clips_where_they_are_made(tmp_path: Path, settings: Any) -> None:
    demo, place = _demo(), {"REGISTRY_STATIC_ROOT": str(tmp_path)}
    settings.STATIC_ROOT = tmp_path
    spoken.folder().mkdir()
    assert demo._clips(place) == frozenset()
    name = next(iter(spoken.wanted(["en"])))
    (spoken.folder() / name).write_bytes(b"")
    assert demo._clips(place) == {name}
