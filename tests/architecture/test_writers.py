"""One writer for each thing: who may change the register is a short list, and everybody else only reads."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]

WRITERS = {
    "registry.licensing",
    "registry.motions",
    "registry.merging",
    "registry.barring",
    "registry.alerting",
    "registry.subjects",
    "registry.agencies",
    "registry.changes",
    "registry.policies",
    "registry.proposals",
    "registry.photographs",
    "registry.admission.applicants",
    "registry.admission.events",
    "registry.admission.officers",
    "registry.publishing",
    "registry.recording",
    "registry.remedy.acts",
    "registry.remedy.cases",
    "registry.remedy.intake",
    "registry.search.indexing",
    "registry.ledger",
    "registry.commitments",
    "registry.idempotency",
    "registry.history",
    "registry.holders",
    "registry.intake",
    "registry.generator",
    "registry.marks",
    "registry.person_names",
    "registry.screening",
}
"""The modules of the register that write; a package stands for what is in it."""

READ_TOO = {
    "registry.commitments",  # opens texts, which the feed of changes gives
    "registry.history",  # reads versions, by which past days are answered
    "registry.marks",  # forgotten with a version, compared by the audit
    "registry.person_names",  # finds persons by name, and the barred among them
    "registry.search.indexing",  # compared by the audit
}
"""The writers that the public application can not do without: each answers questions beside what it writes."""
CONTRACT = "The public application can not reach a writer or a sign-in, not even indirectly"

WORDS = {
    "save",
    "create",
    "update",
    "delete",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
}
ALWAYS = {"bulk_create", "bulk_update", "get_or_create", "update_or_create", "skip_history_when_saving"}
SQL = re.compile(
    r"\b(INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|TRUNCATE|COPY\b[^;]*\bFROM\s+STDIN|FROM\s+STDIN)\b",
    re.IGNORECASE,
)
BELOW_HTTP = {
    "django.http",
    "django.shortcuts",
    "django.dispatch",
    "django.core.signals",
    "django.db.models.signals",
}


def _modules(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        yield from _parsed(package)


@cache
def _parsed(package: str) -> tuple[tuple[str, ast.Module], ...]:
    """The package's modules by name, read once for all tests."""
    named = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((ROOT / package).rglob("*.py"))
    }
    return tuple(
        (name, ast.parse(path.read_text(encoding="utf-8")))
        for name, path in named.items()
        if ".migrations" not in name
    )


def _is_writer(module: str) -> bool:
    return any(module == writer or module.startswith(f"{writer}.") for writer in WRITERS)


def _chain(node: ast.expr) -> list[str]:
    """The names of ``a.b(…).c`` from its root: a, b, c."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return [*([node.id] if isinstance(node, ast.Name) else []), *reversed(names)]


def _writes(tree: ast.Module) -> Iterator[str]:
    """What in a module writes to the database, as far as reading tells."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WORDS:
            chain = _chain(node.func)
            on_rows = {"objects", "_default_manager", "_base_manager"} & set(chain)
            if on_rows or chain[-1] in ALWAYS or (chain[-1] in {"save", "delete"} and not node.args):
                yield f"line {node.lineno}: {'.'.join(chain)}"
        elif isinstance(node, ast.Attribute) and node.attr in ALWAYS - WORDS:
            yield f"line {node.lineno}: {node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield f"line {node.lineno}: {node.value.strip()[:60]}"


@pytest.mark.parametrize(
    "line",
    [
        "Licence.objects.filter(pk=1).update(state='active')",
        "Licence.objects.create(number='x')",
        "Entry._default_manager.bulk_create(rows)",
        "licence.save()",
        "licence.save(update_fields=['state'])",
        "licence.skip_history_when_saving = True",
        "cursor.execute('UPDATE registry_licence SET state = %s')",
        "cursor.copy(f'COPY {table} (number) FROM STDIN')",
    ],
)
def test_a_write_is_recognised(line: str) -> None:
    assert list(_writes(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    ["found.update(more)", "digest.update(b'x')", "Licence.objects.get(pk=1)", "image.save(target, 'PNG')"],
)
def test_what_only_reads_is_left_alone(line: str) -> None:
    assert not list(_writes(ast.parse(line)))


def test_only_the_writers_write_the_register() -> None:
    found = {module: list(_writes(tree)) for module, tree in _modules("registry") if not _is_writer(module)}
    assert {module: writes for module, writes in found.items() if writes} == {}


def test_every_writer_exists() -> None:
    there = {module for module, _tree in _modules("registry")}
    assert there >= WRITERS


def test_the_public_application_s_contract_names_every_writer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (forbidden,) = (set(one["forbidden_modules"]) for one in contracts if one["name"] == CONTRACT)
    assert READ_TOO < WRITERS
    assert {name for name in forbidden if name.startswith("registry.")} == WRITERS - READ_TOO


def test_nobody_above_the_register_writes_its_tables_in_sql() -> None:
    tables = {model._meta.db_table for model in apps.get_app_config("registry").get_models()}
    for module, tree in _modules("api", "verification"):
        spelled = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert [
            text for text in spelled if SQL.search(text) and any(table in text for table in tables)
        ] == [], module


def test_a_record_with_history_is_written_past_its_history_by_nobody() -> None:
    remembered = {
        model.__name__
        for model in apps.get_app_config("registry").get_models()
        if hasattr(model._meta, "simple_history_manager_attribute")
    }
    assert remembered
    silent = {"create", "update", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
    found = []
    for module, tree in _modules("registry"):
        if module == "registry.history":
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in silent
            ):
                chain = _chain(node.func)
                if chain[0] in remembered and "objects" in chain:
                    found.append(f"{module} line {node.lineno}: {'.'.join(chain)}")
    assert found == []


def test_nothing_below_the_edge_speaks_http_or_listens_for_signals() -> None:
    found = []
    for module, tree in _modules("registry", "verification"):
        for node in ast.walk(tree):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [f"{module} imports {name}" for name in named if name in BELOW_HTTP]
    assert found == []
