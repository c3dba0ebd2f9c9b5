"""The deployment files, tried without containers: what they name exists, and what they start works."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo

from api.conf import embedded, probe
from tests.serving import free_ports
from verification.signing import Client, SignerDown

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PROXY = ROOT / "api" / "conf" / "proxy"
CADDYFILE = (PROXY / "Caddyfile").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
VARIABLE = re.compile(r"\$\{(\w+):?\??[^}]*\}")
FILLED = {
    "REGISTRY_HOST": "verify.registry.example",
    "REGISTRY_DESK_HOST": "desk.registry.example",
    "REGISTRY_PUBLIC_LANGUAGES": "ne,ar",
}
PATIENCE = 20


def _code() -> str:
    commands = ROOT / "api" / "management" / "commands"
    files = [*ROOT.glob("api/conf/*.py"), ROOT / "registry" / "clock.py", commands / "keys.py"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def _read_variables() -> set[str]:
    """The variables that our code reads, as it spells them."""
    spelled = set(re.findall(r'"((?:REGISTRY|DATABASE)_[A-Z_]+)"', _code()))
    return spelled | {f"REGISTRY_{role}_PASSWORD" for role in ("OWNER", "APP", "SIGNER")}


def test_every_variable_of_our_services_is_one_that_the_code_reads() -> None:
    given = {name for service in OURS.values() for name in service["environment"]}
    assert given - _read_variables() == set()


def test_every_variable_is_explained() -> None:
    wanted = {*VARIABLE.findall(COMPOSE), *re.findall(r"\{\$(\w+)\}", CADDYFILE), *_read_variables()}
    assert sorted(name for name in wanted if f"`{name}`" not in DEPLOYMENT) == []


def test_the_proxy_is_told_every_variable_it_asks_for() -> None:
    assert set(re.findall(r"\{\$(\w+)\}", CADDYFILE)) == set(SERVICES["proxy"]["environment"])


def test_every_path_of_this_repository_exists() -> None:
    mounted = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]
    copied = [
        name for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]
    ]
    assert [
        name for name in (*mounted, *copied) if name.startswith("./") and not (ROOT / name).exists()
    ] == []
    assert [name for name in copied if not (ROOT / name).exists()] == []
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(copied) <= set(let_in)


def test_the_proxy_sends_each_host_to_a_service_on_the_port_it_listens_on() -> None:
    named = re.findall(r"reverse_proxy (?:@\w+ )?(\w+):(\d+)", CADDYFILE)
    assert [name for name, _port in named] == ["public", "door", "desk"]
    for name, port in named:
        assert f"--port={port}" in SERVICES[name]["command"]


def test_what_anybody_sends_to_the_officials_host_takes_no_process_of_theirs() -> None:
    [paths] = re.findall(r"@anybody path (.+)", CADDYFILE)
    assert paths.split() == ["/report", "/report/*"]
    assert SERVICES["door"] == SERVICES["desk"]


CHOICES = re.findall(r"^\s*~(\S+) (\w+)$", CADDYFILE, re.MULTILINE)
"""How the proxy chooses a language, by what the address asks for and then the first that the browser names."""


def _chosen(lang: str, accepted: str) -> str:
    return next((code for like, code in CHOICES if re.search(like, f"{lang},{accepted}", re.ASCII)), "en")


def test_the_proxy_has_a_grey_page_for_people_and_a_problem_for_programs() -> None:
    [problem] = re.findall(r"rewrite \* /(\S+)", CADDYFILE)
    assert json.loads((PROXY / problem).read_text(encoding="utf-8"))["code"] == "register.unreachable"
    mounts = {name: dict(m.split(":")[:2] for m in s.get("volumes", [])) for name, s in SERVICES.items()}
    roots = re.findall(r"root \* (\S+)", CADDYFILE)
    assert [mounts["proxy"][where] for where in ("./api/conf/proxy", "could-not-check")] == roots
    assert mounts["prepare"]["could-not-check"] == roots[1]
    assert f"python manage.py could_not_check {roots[1]}" in SERVICES["prepare"]["command"][-1]
    assert "try_files /{language}.html /en.html" in CADDYFILE


def test_the_proxy_finds_the_page_of_every_language_that_we_have() -> None:
    folders = [ROOT / "api" / "locale", ROOT / "api" / "pages" / "locale"]
    ours = {path.name for folder in folders for path in folder.iterdir() if path.is_dir()}
    assert {code for _like, code in CHOICES} == ours
    for code in ours:
        assert _chosen("", f"{code}-XA,en;q=0.8") == code
        assert _chosen(code, "en") == code
    assert _chosen("", "en,ar") == _chosen("", "") == _chosen("xx", "") == "en"
    assert _chosen("", "tl-PH") == "fil"


def test_the_image_starts_what_the_public_service_starts() -> None:
    last = re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert yaml.safe_load(last) == SERVICES["public"]["command"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that the services would have, on a database of this test's own."""
    administrator = os.environ.get("DATABASE_URL") or embedded.url(embedded.ADMINISTRATOR, "postgres")
    name = f"test_deployed_{os.getpid()}"
    static = str(tmp_path_factory.mktemp("static"))
    grey = str(tmp_path_factory.mktemp("grey"))
    own = {"name": name, "REGISTRY_STATIC_ROOT": static, "grey": grey}
    yield FILLED | {"DATABASE_ADMIN_URL": administrator} | own
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _environment(service: str, place: dict[str, str]) -> dict[str, str]:
    """A service's variables with what an operator fills in, and the test's server in the place of ``db``."""

    def filled(name: str, value: str) -> str:
        if name == "DATABASE_ADMIN_URL":
            return place[name]
        value = VARIABLE.sub(
            lambda found: place.get(found[1], f"{found[1].lower()} that is long enough to hold"), value
        )
        if name == "DATABASE_URL":
            user = value.split("//")[1].split(":")[0]
            return make_conninfo(place["DATABASE_ADMIN_URL"], user=user, dbname=place["name"])
        return value

    given = {name: filled(name, value) for name, value in SERVICES[service]["environment"].items()}
    return given | {"REGISTRY_STATIC_ROOT": place["REGISTRY_STATIC_ROOT"]}


def _start(service: str, place: dict[str, str], adapt: Callable[[str], str] = str) -> subprocess.Popen[str]:
    words = [adapt(word) for word in SERVICES[service]["command"]]
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/")}
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=environment | _environment(service, place),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def prepared(place: dict[str, str]) -> dict[str, str]:
    """The same, after the service that prepares the database has done its work twice."""
    for _ in range(2):
        preparing = _start("prepare", place, lambda word: word.replace("/srv/could-not-check", place["grey"]))
        said, _nothing = preparing.communicate(timeout=120)
        assert preparing.returncode == 0, said
    return place


@pytest.fixture(scope="module")
def collected(place: dict[str, str]) -> Path:
    """Where the image's own step has put the static files."""
    step = next(line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if "collectstatic" in line)
    command = step.removeprefix("RUN ").split("&&")[0]
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "REGISTRY_STATIC_ROOT": place["REGISTRY_STATIC_ROOT"],
    }
    subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, check=True)  # noqa: S602 - as the image does
    return Path(place["REGISTRY_STATIC_ROOT"])


def test_the_image_collects_static_files_under_names_that_never_change_their_content(collected: Path) -> None:
    assert (collected / "staticfiles.json").exists()


def test_the_applications_role_may_not_rewrite_the_past_of_a_deployed_register(
    prepared: dict[str, str],
) -> None:
    environment = {"PATH": os.environ["PATH"]} | _environment("public", prepared)
    assert "no issues" in _check(environment)


def test_a_role_that_may_is_refused(prepared: dict[str, str]) -> None:
    environment = {"PATH": os.environ["PATH"]} | _environment("prepare", prepared)
    said = _check(environment)
    assert "registry.E010" in said
    assert "registry_owner may rewrite " in said
    assert "registry_entry," in said


def _check(environment: dict[str, str]) -> str:
    command = [sys.executable, "manage.py", "check", "--deploy", "--tag=database", "--database=default"]
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return checked.stdout + checked.stderr


def test_the_keys_are_the_signers_alone_and_it_is_reached_by_a_socket_alone() -> None:
    mounts = {name: dict(m.split(":")[:2] for m in s.get("volumes", [])) for name, s in SERVICES.items()}
    assert [name for name in mounts if "keys" in mounts[name]] == ["signer"]
    assert {name for name in mounts if "socket" in mounts[name]} == {"signer", "public", "worker"}
    signer = SERVICES["signer"]
    assert signer["network_mode"] == "none"
    assert signer["user"].split(":")[0] not in re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert f"--socket={SERVICES['public']['environment']['REGISTRY_SIGNER']}" in signer["command"]


def test_who_deletes_what_people_sent_has_it_and_the_public_application_has_nothing_of_it() -> None:
    mounts = {name: dict(m.split(":")[:2] for m in s.get("volumes", [])) for name, s in SERVICES.items()}
    folder = re.findall(r"REGISTRY_DOCUMENTS=(\S+)", DOCKERFILE)
    assert [mounts[name].get("documents") for name in ("desk", "worker")] == folder * 2
    assert "documents" not in mounts["public"]
    keyed = {name for name, service in OURS.items() if "REGISTRY_CONCERN_KEY" in service["environment"]}
    assert keyed == {"desk", "door", "worker"}


@pytest.mark.usefixtures("collected")
def test_every_service_of_ours_starts_answers_and_ends(prepared: dict[str, str], tmp_path: Path) -> None:
    ports = dict(zip(("public", "desk"), free_ports(2), strict=True))

    def here(name: str) -> Callable[[str], str]:
        return lambda word: re.sub(r"^--port=\d+$", f"--port={ports[name]}", word).replace(
            "0.0.0.0", "127.0.0.1"
        )

    (tmp_path / "keys").mkdir()
    running = [_start(name, prepared, here(name)) for name in ports] + [_start("worker", prepared)]
    running.append(
        _start(
            "signer",
            prepared,
            lambda word: word.replace("/srv/keys", f"{tmp_path}/keys").replace(
                "/run/registry", str(tmp_path)
            ),
        )
    )
    try:
        _until(partial(_signs, Client(tmp_path / "signer.sock", timeout=PATIENCE)))
        for name, port in ports.items():
            asked = shlex.join(SERVICES[name]["healthcheck"]["test"])
            assert f"python -m {probe.__name__} http://127.0.0.1:" in asked
            _until(partial(probe.lives, f"http://127.0.0.1:{port}/healthz"))
        _until(partial(probe.lives, f"http://127.0.0.1:{ports['public']}/readyz"))
        worker = _asked(ports["public"], "/worker.js")
        assets = json.loads(worker.partition("const TOLD = ")[2].partition(";\n")[0])["assets"]
        assert all(re.search(r"\.[0-9a-f]{12}\.(js|png)\?", asset) for asset in assets)
        assert all(_asked(ports["public"], address) for address in ("/scan", *assets))
    finally:
        for program in running:
            program.terminate()
        for program in running:
            program.communicate(timeout=PATIENCE)
    assert not any(probe.lives(f"http://127.0.0.1:{port}/healthz") for port in ports.values())


def _asked(port: int, path: str) -> str:
    """What the proxy would get for whoever asks for this."""
    told = {"Host": FILLED["REGISTRY_HOST"], "X-Forwarded-Proto": "https"}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers=told)) as answer:
        return str(answer.read().decode("latin-1"))


def _signs(client: Client) -> bool:
    """Whether the signer answers; it has no keys yet."""
    try:
        return client.keys() == []
    except SignerDown:
        return False


def _until(true: Callable[[], bool]) -> None:
    patient_until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < patient_until
        time.sleep(0.1)
