"""The gate: everything that must hold before a change is accepted, the quick things first, the tests last."""

import os
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

DEPLOYED = {
    "REGISTRY_DEMO": "false",
    "REGISTRY_SECRET_KEY": "a key that guards nothing, long enough for the check that looks at its length",
    "REGISTRY_IDENTITY_KEY": "another key that guards nothing, as long as the check wants",
    "REGISTRY_HOST": "verify.registry.example",
    "REGISTRY_DESK_HOST": "desk.registry.example",
    "REGISTRY_TRUSTED_PROXIES": "1",
    "REGISTRY_SECURITY_CONTACT": "mailto:security@registry.example",
    "REGISTRY_CLAMD": "clamd:3310",
    "REGISTRY_SMTP": "smtp://register:secret@mail:587",
}
"""A place as it would be deployed, for ``check --deploy``."""

NO_DATABASE = {"DATABASE_URL": "postgresql:///none"}
"""For a tool that reads the settings, asks no database and leaves without letting go of one."""

MANAGE = (sys.executable, "manage.py")
SCHEMA = ("spectacular", "--validate", "--fail-on-warn", f"--file={os.devnull}", "--urlconf")
STEPS: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    ("style", ("ruff", "check", "--quiet", "--output-format=concise"), {}),
    ("format", ("ruff", "format", "--check", "--output-format=concise"), {}),
    ("contracts", ("lint-imports",), {}),
    ("migrations", (*MANAGE, "makemigrations", "--check", "--dry-run"), {}),
    ("deployment", (*MANAGE, "check", "--deploy", "--fail-level=WARNING"), DEPLOYED),
    ("public schema", (*MANAGE, *SCHEMA, "api.conf.public"), {}),
    ("staff schema", (*MANAGE, *SCHEMA, "api.conf.desk"), {}),
    ("types", ("mypy", "--no-error-summary", "."), NO_DATABASE),
)

TOGETHER = ("-n", "auto", "--maxprocesses=4", "--dist=worksteal")
"""All tests by as many processes as there are cores, each with a database of its own; twice as many take longer."""

console = Console(highlight=False)


def main(wanted: list[str]) -> int:
    """Run every step, then the tests with ``wanted`` as their arguments; 0 only when all of it holds."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    failed = [name for name, command, place in STEPS if not _holds(name, command, environment | place)]
    if failed:
        console.print(f"[red]The gate is shut: {', '.join(failed)}.[/red] The tests follow all the same.")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", *(wanted or TOGETHER)]
    tests = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if tests.returncode:
        failed.append("tests")
    if failed:
        console.print(f"[red]The gate is shut: {', '.join(failed)}.[/red]")
    return tests.returncode or len(failed)


def _holds(name: str, command: tuple[str, ...], environment: dict[str, str]) -> bool:
    started = time.monotonic()
    with console.status(name):
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    good = done.returncode == 0
    console.print(
        f"{'[green]ok[/green]' if good else '[red]no[/red]'}  {name} ({time.monotonic() - started:.1f} s)"
    )
    if not good:
        console.print(done.stdout.rstrip(), markup=False, soft_wrap=True)
    return good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
