"""``manage.py intake PROFILE FILE --on DATE``: take another register's list in, or say why not."""

import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from registry import clock
from registry.intake import taking
from registry.intake.report import Problem, Report
from registry.rules.errors import RegistryError


def day(text: str) -> date:
    """The day of ``--on``."""
    return date.fromisoformat(text)


class Command(BaseCommand):
    """Take a list in whole or not at all, with a progress bar and a report of every row."""

    help = "Take another register's list in: PROFILE is a shipped name or a path to a TOML file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be said on the command line."""
        parser.add_argument("profile", metavar="PROFILE", help="name of a shipped profile, or path to one")
        parser.add_argument("file", metavar="FILE", type=Path, help="CSV, TSV or XLSX, as the profile says")
        parser.add_argument(
            "--on", required=True, type=day, metavar="DATE", help="the day of the list, YYYY-MM-DD"
        )
        parser.add_argument("--dry-run", action="store_true", help="read and compare, write nothing")
        parser.add_argument("--report", type=Path, metavar="OUT.json", help="write the whole report there")
        parser.add_argument(
            "--allow-shrink", action="store_true", help="accept the loss of more than a fifth"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Take the list in, print the counts, and end with an error where it is refused."""
        report = Report()
        try:
            self._take_in(options, report)
        except RegistryError as refusal:
            report.note(Problem(0, "", refusal.code, refusal.detail))
            self._write(report, options["report"])
            raise CommandError(f"{refusal.code}: {refusal.detail}") from refusal
        self._write(report, options["report"])
        verb = "Would change" if options["dry_run"] else "Changed"
        self.stdout.write(
            f"{report.rows:,} rows in {report.seconds:.1f} s: {report.accepted:,} accepted, "
            f"{report.flagged:,} flagged, {report.refused:,} refused.\n{verb}: {report.added:,} added, "
            f"{report.changed:,} changed, {report.gone:,} gone, {report.unchanged:,} unchanged, {report.moved:,} moved?"
        )
        self._show_problems(report)

    def _write(self, report: Report, path: Path | None) -> None:
        if path is not None:
            with path.open("w", encoding="utf-8") as out:
                report.write(out)

    def _take_in(self, options: dict[str, Any], report: Report) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
            task = bar.add_task(f"Reading {options['file'].name}", total=1.0)
            taking.take_in(
                options["profile"],
                options["file"],
                on=options["on"],
                at=clock.now(),
                by="intake",
                dry_run=options["dry_run"],
                allow_shrink=options["allow_shrink"],
                progress=lambda share: bar.update(task, completed=share),
                report=report,
            )

    def _show_problems(self, report: Report, most: int = 10) -> None:
        for shown, problem in enumerate(report.problems()):
            if shown == most:
                self.stdout.write("  … and more: --report writes them all.")
                return
            column = f", {problem.column}" if problem.column else ""
            self.stdout.write(f"  line {problem.line}{column}: {problem.code}: {problem.message}")
