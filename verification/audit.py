"""The auditor: whether a register's history is whole, and the register says what its history says; from outside.

::

    python -m verification.audit https://verify.example.org --state audit.json

It needs this code and the register's public addresses, nothing else: no database, no key of ours. It reads every entry
of the transparency log, recomputes the root, checks the checkpoint's signature and that the log continues what was seen
last time (``--state``), folds the entries and compares what they say with the newest dump, with ``/changes`` and with
look-ups. What differs is printed, a line each. 0: nothing differs; 1: something does; 2: it could not be found out.

Memory does not grow with the log: what the entries say is kept in a temporary SQLite file.
"""

import argparse
import base64
import gzip
import hashlib
import http.client
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from registry.rules.lifecycle import Action
from verification import leaves, merkle, notes
from verification.cbor import Malformed
from verification.leaves import Answer, Leaf
from verification.notes import Checkpoint, Key

SAMPLE: Final = 1000
"""Licences that are looked up one by one beside those that changed since the dump; and withdrawn badges."""

BATCH: Final = 1000
GRACE: Final = timedelta(seconds=60)
"""An entry of the register that is older than this must be in the log."""

_SECONDS: Final = 60
_LARGEST_ANSWER: Final = 64 << 20
_LARGEST_FILE: Final = 8 << 30
_PIECE: Final = 1 << 20
_MOST_TOLD: Final = 1000


_ACTIONS: Final = {
    name: name.partition(".")[2] for name in leaves.TYPES if name.startswith(("licence.", "agency."))
} | {leaves.TYPE_OF[Action.CORRECT]: Action.CORRECT.value}
"""What an entry's type is called by the register's own feed; of a restricted one it says nothing."""


class NotAudited(Exception):  # noqa: N818 - named by the refusal, like the register's errors
    """The audit could not be made: an address does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an audit remembers for the next one."""

    vkey: str
    size: int
    root: bytes


class Site:
    """A register's public addresses, over one connection."""

    def __init__(self, address: str) -> None:
        """Nothing is asked yet."""
        parts = urlsplit(address if "//" in address else f"https://{address}")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise NotAudited(f"{address} is no address")
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = made(parts.hostname, parts.port, timeout=_SECONDS)
        self._before = parts.path.rstrip("/")
        self.date = datetime(1970, 1, 1, tzinfo=UTC)

    def get(self, path: str) -> bytes:
        """The body at a path; refuses with ``NotAudited`` anything but 200."""
        return self._asked("GET", path).read(_LARGEST_ANSWER)

    def json(self, path: str, body: Any = None) -> Any:
        """The JSON at a path, or that a body sent there is answered with."""
        if body is None:
            return json.loads(self.get(path))
        sent, headers = json.dumps(body), {"Content-Type": "application/json"}
        return json.loads(self._asked("POST", path, sent, headers).read(_LARGEST_ANSWER))

    def save(self, path: str, file: Path) -> str:
        """Save the body at a path, and give its SHA-256."""
        answer, digest, size = self._asked("GET", path), hashlib.sha256(), 0
        with file.open("wb") as out:
            while piece := answer.read(_PIECE):
                size += len(piece)
                if size > _LARGEST_FILE:
                    raise NotAudited(f"{path} is too large")
                digest.update(piece)
                out.write(piece)
        return digest.hexdigest()

    def _asked(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        for attempt in (1, 2):
            try:
                self._connection.request(method, self._before + path, body, dict(headers or {}))
                answer = self._connection.getresponse()
                break
            except (OSError, http.client.HTTPException) as fault:
                self._connection.close()
                if attempt == 2:
                    raise NotAudited(f"{path}: {fault}") from fault
        if answer.status != 200:
            answer.read(_LARGEST_ANSWER)
            raise NotAudited(f"{path} answered {answer.status}")
        with suppress(TypeError, ValueError):
            self.date = parsedate_to_datetime(answer.headers["Date"])
        return answer


class Range:
    """The hashes of the largest complete subtrees of a tree that grows: enough for its root (a compact range)."""

    def __init__(self) -> None:
        """An empty tree."""
        self.size, self._hashes = 0, list[bytes]()

    def add(self, leaf: bytes) -> None:
        """Let the hash of an entry join."""
        full = self.size
        while full & 1:
            leaf, full = merkle.node_hash(self._hashes.pop(), leaf), full >> 1
        self._hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._hashes:
            return merkle.EMPTY_ROOT
        found = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            found = merkle.node_hash(left, found)
        return found


class Fold(MutableMapping[str, Answer]):
    """What the entries say of each licence, holder and entry, now and at a dump; in a file."""

    def __init__(self, file: Path) -> None:
        """An empty one in this file."""
        self._rows = sqlite3.connect(file, isolation_level=None)
        self._rows.executescript(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000;
            CREATE TABLE licence (number TEXT PRIMARY KEY, said TEXT, dumped TEXT) WITHOUT ROWID;
            CREATE TABLE holder (number TEXT PRIMARY KEY, said TEXT, dumped TEXT) WITHOUT ROWID;
            CREATE TABLE entry (sequence INTEGER PRIMARY KEY, position INTEGER, said TEXT);
            CREATE TABLE withdrawn (code TEXT PRIMARY KEY) WITHOUT ROWID;
            BEGIN;
            """
        )
        self.since_dump = False

    def __getitem__(self, number: str) -> Answer:
        row = self._rows.execute("SELECT said FROM licence WHERE number = ?", [number]).fetchone()
        if row is None or row[0] is None:
            raise KeyError(number)
        return Answer(*json.loads(row[0]))

    def __setitem__(self, number: str, answer: Answer) -> None:
        self._say("licence", number, [answer.index, answer.digest, answer.holder, answer.spans])

    def __delitem__(self, number: str) -> None:
        self._say("licence", number, None)

    def __iter__(self) -> Iterator[str]:
        for (number,) in self._rows.execute("SELECT number FROM licence WHERE said IS NOT NULL"):
            yield number

    def __len__(self) -> int:
        found: int = self._rows.execute("SELECT count(*) FROM licence WHERE said IS NOT NULL").fetchone()[0]
        return found

    def pop(self, number: str, default: Any = None) -> Any:
        """The answer about a licence, which is forgotten; ``default`` when there is none."""
        found = self.get(number)
        if found is None:
            return default
        del self[number]
        return found

    def _say(self, table: str, number: str, said: Any) -> None:
        """Note what is said now; what was said at the dump stays beside it once something is said after it."""
        text = None if said is None else json.dumps(said, separators=(",", ":"), ensure_ascii=False)
        self._rows.execute(
            f"INSERT INTO {table} VALUES (?1, ?2, CASE WHEN ?3 THEN 'null' END) ON CONFLICT (number) DO UPDATE SET"  # noqa: S608 - one of two names above
            " dumped = CASE WHEN ?3 AND dumped IS NULL THEN coalesce(said, 'null') ELSE dumped END, said = ?2",
            [number, text, self.since_dump],
        )

    def note(self, leaf: Leaf, position: int) -> None:
        """Note the entry's holder, the badge that it ends, and the entry itself by its sequence number."""
        if leaf["t"] == "badge.withdrawn":
            self._rows.execute("INSERT OR IGNORE INTO withdrawn VALUES (?)", [leaf["code"]])
        said = leaf.get("pub") or {}
        if "holder" in said:
            self._say("holder", said["holder"], [said.get("name"), said.get("name_sha256")])
        if "seq" in leaf:
            told = [
                _ACTIONS.get(leaf["t"]),
                leaf.get("lic"),
                leaf.get("ag"),
                leaf.get("from"),
                leaf.get("row"),
            ]
            self._rows.execute(
                "INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", [leaf["seq"], position, json.dumps(told)]
            )

    def dumped(self) -> Iterator[tuple[str, Answer]]:
        """Every licence and what was said of it at the dump, by number."""
        rows = self._rows.execute("SELECT number, coalesce(dumped, said) FROM licence ORDER BY number")
        for number, said in rows:
            if said is not None and said != "null":
                yield number, Answer(*json.loads(said))

    def entries(self, last: int) -> Iterator[tuple[int, int, list[Any]]]:
        """Sequence number, index and facts of every entry up to a number."""
        rows = self._rows.execute("SELECT * FROM entry WHERE sequence <= ? ORDER BY sequence", [last])
        for sequence, position, said in rows:
            yield sequence, position, json.loads(said)

    def entry(self, sequence: int) -> list[Any] | None:
        """The facts of one entry."""
        row = self._rows.execute("SELECT said FROM entry WHERE sequence = ?", [sequence]).fetchone()
        return json.loads(row[0]) if row else None

    def name(self, holder: str, *, dumped: bool) -> list[Any]:
        """A holder's name, or its commitment."""
        column = "coalesce(dumped, said)" if dumped else "said"
        row = self._rows.execute(f"SELECT {column} FROM holder WHERE number = ?", [holder]).fetchone()  # noqa: S608 - the same
        found: list[Any] | None = json.loads(row[0]) if row and row[0] else None
        return found or [None, None]

    def some(self, count: int) -> list[str]:
        """The licences spoken of since the dump, and some others by chance."""
        rows = self._rows.execute(
            "SELECT number FROM licence WHERE said IS NOT NULL ORDER BY dumped IS NULL, random()"
            " LIMIT (SELECT count(*) FROM licence WHERE dumped IS NOT NULL) + ?",
            [count],
        )
        return [number for (number,) in rows]

    def withdrawn(self, count: int) -> list[str]:
        """The codes of so many badges that were withdrawn, by chance."""
        rows = self._rows.execute("SELECT code FROM withdrawn ORDER BY random() LIMIT ?", [count])
        return [code for (code,) in rows]


class Audit:
    """One audit: what was found, told as it is found."""

    def __init__(self, site: Site, fold: Fold, folder: Path, *, tell: Any = print) -> None:
        """Ready to begin; ``tell`` takes each line."""
        self._site, self._fold, self._folder, self._tell = site, fold, folder, tell
        self.found = 0
        self._dumps: dict[str, str] = {}
        self._last = 0

    def differs(self, what: str) -> None:
        """Tell a difference."""
        self.found += 1
        if self.found <= _MOST_TOLD:
            self._tell(what)
        elif self.found == _MOST_TOLD + 1:
            self._tell("… and more")

    def log(self, key: Key, seen: Seen | None) -> tuple[Checkpoint, Mapping[str, Any] | None]:
        """Read and judge the log; its checkpoint, and the manifest of the newest full dump."""
        manifest, digest = self._manifest()
        stated = self._checkpoint(key, seen)
        tree = Range()
        for number in range(-(-stated.size // merkle.WIDTH)):
            width = min(merkle.WIDTH, stated.size - number * merkle.WIDTH)
            path = f"/log/{merkle.bundle_path(number, width)}"
            try:
                held = merkle.unbundle(self._site.get(path), width)
            except ValueError as fault:
                raise NotAudited(f"{path}: {fault}") from fault
            for data in held:
                if seen and tree.size == seen.size and tree.root() != seen.root:
                    self._rewritten(seen)
                hashed = merkle.leaf_hash(data)
                self._take(data, tree.size, hashed, manifest, seen)
                tree.add(hashed)
        if seen and tree.size == seen.size and tree.root() != seen.root:
            self._rewritten(seen)
        if tree.root() != stated.root:
            self.differs(f"log: its {stated.size} entries do not make the signed root")
            self._misplaced(stated)
        if manifest is not None and self._dumps.get(manifest["name"]) != digest:
            self.differs(f"dump {manifest['name']}: the log names another manifest, or none")
        return stated, manifest

    def _manifest(self) -> tuple[Mapping[str, Any] | None, str]:
        fulls = [dump for dump in self._site.json("/api/v1/dumps")["data"] if dump["kind"] == "full"]
        if not fulls:
            return None, ""
        data = self._site.get(f"/api/v1/dumps/{fulls[-1]['name']}/manifest.json")
        return json.loads(data), hashlib.sha256(data).hexdigest()

    def _checkpoint(self, key: Key, seen: Seen | None) -> Checkpoint:
        try:
            stated, _ = notes.open_checkpoint(self._site.get("/log/checkpoint"), key)
        except (notes.NotGenuine, Malformed) as fault:
            self.differs(f"checkpoint: {fault}")
            raise NotAudited("the checkpoint is not genuine") from fault
        if seen and stated.size < seen.size:
            self.differs(
                f"log: rolled back: it has {stated.size} entries and had {seen.size} when it was last audited"
            )
        return stated

    def _rewritten(self, seen: Seen) -> None:
        self.differs(f"log: rewritten: the {seen.size} entries of the last audit are others now")

    def _misplaced(self, stated: Checkpoint) -> None:
        """Name the entries that are not those whose hashes the tree is made of."""
        for number in range(-(-stated.size // merkle.WIDTH)):
            width = min(merkle.WIDTH, stated.size - number * merkle.WIDTH)
            hashes = self._site.get(f"/log/{merkle.Tile(0, number).path(width)}")
            held = merkle.unbundle(self._site.get(f"/log/{merkle.bundle_path(number, width)}"), width)
            for place, data in enumerate(held):
                if (
                    merkle.leaf_hash(data)
                    != hashes[place * merkle.HASH_SIZE : (place + 1) * merkle.HASH_SIZE]
                ):
                    self.differs(f"entry {number * merkle.WIDTH + place}: is not the one that was logged")

    def _take(
        self, data: bytes, index: int, hashed: bytes, manifest: Mapping[str, Any] | None, seen: Seen | None
    ) -> None:
        """Fold one entry; an entry that was swapped for another may be of any form."""
        try:
            leaf = leaves.read(data)
            self._order(leaf, index)
            if manifest is not None:
                over = (
                    leaf["seq"] > manifest["sequence"] if "seq" in leaf else manifest["name"] in self._dumps
                )
                self._fold.since_dump = over
            if leaf["t"] == "dump.published":
                self._dumps[leaf["name"]] = leaf["sha256"]
            if leaf["t"] == leaves.ABOUT_NOBODY and (seen is None or index >= seen.size):
                numbers = ", ".join(leaf.get("of", ()))
                self.differs(f"entry {index}: nobody speaks for a change of {leaf['rel']} {numbers}".rstrip())
            if wrong := leaves.apply(self._fold, leaf, index, hashed.hex()):
                self.differs(f"entry {index}: {wrong}")
            self._fold.note(leaf, index)
        except (Malformed, KeyError, TypeError, AttributeError, sqlite3.Error) as fault:
            self.differs(f"entry {index}: cannot be read: {fault}")

    def _order(self, leaf: Leaf, index: int) -> None:
        if "seq" not in leaf:
            return
        if leaf["seq"] != self._last + 1:
            self.differs(f"entry {index}: is number {leaf['seq']} of the register behind number {self._last}")
        self._last = max(self._last, leaf["seq"])

    # What the register says beside its log

    def dump(self, manifest: Mapping[str, Any]) -> None:
        """Compare the newest full dump with the entries up to it."""
        files = {}
        for one in manifest["files"]:
            file = self._folder / one["name"]
            digest = self._site.save(f"/api/v1/dumps/{manifest['name']}/{one['name']}", file)
            if digest != one["sha256"]:
                self.differs(
                    f"dump {manifest['name']}: {one['name']} is not the file that its manifest names"
                )
            elif one["name"].endswith(".ndjson.gz"):
                files[one["table"]] = file
            else:
                file.unlink()
        if "licences" in files:
            self._licences(_lines(files["licences"]), manifest["at"])
        if "entries" in files:
            self._entries(_lines(files["entries"]), manifest["sequence"])

    def _licences(self, rows: Iterator[Mapping[str, Any]], at: str) -> None:
        said = ((number, answer) for number, answer in self._fold.dumped() if answer.spans)
        for number, row, answer in _joined(((row["number"], row) for row in rows), said):
            if answer is None:
                self.differs(f"licence {number}: in the dump, and not in the log")
            elif row is None:
                self.differs(f"licence {number}: in the log, and not in the dump")
            else:
                self._licence(
                    number, (row["state"], row["result"], row["may_recruit"]), answer.at(at), "the dump"
                )
                if row["agency"] != answer.holder:
                    self.differs(
                        f"licence {number}: held by {answer.holder} in the log, by {row['agency']} in the dump"
                    )
                elif not _named(row, *self._fold.name(answer.holder, dumped=True)):
                    self.differs(f"licence {number}: its holder has another name in the dump than in the log")

    def _licence(self, number: str, told: tuple[Any, ...], said: tuple[Any, ...] | None, where: str) -> None:
        if told != said:
            says = f"{said[0]} ({said[1]})" if said else "nothing"
            self.differs(f"licence {number}: {told[0]} ({told[1]}) in {where}, {says} in the log")

    def _entries(self, rows: Iterator[Mapping[str, Any]], last: int) -> None:
        said = ((sequence, (position, facts)) for sequence, position, facts in self._fold.entries(last))
        erased = 0
        for sequence, row, entry in _joined(((row["sequence"], row) for row in rows), said):
            if entry is None:
                self.differs(f"number {sequence} of the register: inserted, the log does not have it")
            elif row is None:
                self.differs(f"number {sequence} of the register (entry {entry[0]}): deleted, the log has it")
            elif row["row"] is None:
                erased += 1
            elif self._public(row) != entry[1][:3] or row["row"] != entry[1][4]:
                self.differs(
                    f"number {sequence} of the register (entry {entry[0]}): edited since it was logged"
                )
        if erased:
            self._tell(f"Note: {erased} entries can no longer be compared, their salts were erased.")

    @staticmethod
    def _public(row: Mapping[str, Any]) -> list[Any]:
        if row["action"] is None:
            return [None, None, None]
        return [row["action"], row["licence"], row["agency"]]

    def changes(self, after: int) -> None:
        """Compare ``/changes`` behind a number with the log."""
        while True:
            page = self._site.json(f"/api/v1/changes?after={after}&limit=1000")
            for row in page["data"]:
                said = self._fold.entry(row["sequence"])
                if said is None:
                    if self._site.date - datetime.fromisoformat(row["recorded_at"]) > GRACE:
                        self.differs(f"number {row['sequence']} of the register: not in the log")
                elif self._public(row) != said[:3]:
                    self.differs(f"number {row['sequence']} of the register: told otherwise by /changes")
            if not page["data"]:
                if page["last"] < self._last:
                    self.differs(f"register: ends at number {page['last']}, the log at {self._last}")
                return
            after = page["next"]

    def look_up(self, count: int) -> None:
        """Ask the register about licences, and compare with the log."""
        numbers = self._fold.some(count)
        for start in range(0, len(numbers), BATCH):
            asked = [{"number": number} for number in numbers[start : start + BATCH]]
            told = self._site.json("/api/v1/verifications", {"items": asked})["data"]
            # The answer's date has whole seconds: it is of one of the instants from there to the next.
            seconds = [str(leaves.instant(self._site.date + timedelta(seconds=more))) for more in (0, 1)]
            for one in told:
                self._looked_up(one, seconds)

    def scan(self, count: int) -> None:
        """Ask about badges that were withdrawn: a withdrawn badge is good never again."""
        for code in self._fold.withdrawn(count):
            proof = self._site.json(f"/api/v1/verify/{code}")["proof"]
            if proof != "withdrawn":
                self.differs(f"badge {code}: {proof} when looked up, withdrawn in the log")

    def _looked_up(self, one: Mapping[str, Any], seconds: Sequence[str]) -> None:
        answer = self._fold[one["asked"]]
        if one["outcome"] != "found":
            if answer.spans:
                self.differs(f"licence {one['asked']}: {one['outcome']} when looked up, and in the log")
            return
        if one["sequence"] > self._last:
            return  # decided since the checkpoint
        verdict = one["verdict"]
        told = (one["state"] or "", verdict["result"], verdict["may_recruit"])
        if told not in [answer.at(second) for second in seconds]:
            self._licence(one["asked"], told, answer.at(seconds[0]), "the register")
        name, committed = self._fold.name(answer.holder, dumped=False)
        if not committed and name != one["holder"]:
            self.differs(
                f"licence {one['asked']}: its holder has another name in the register than in the log"
            )


def _named(row: Mapping[str, Any], name: str | None, committed: str | None) -> bool:
    """Whether a row's name is the one in the log, opened by the row's salt where it is a commitment."""
    if not committed:
        return bool(row["name"] == name)
    if row["name_salt"] is None:
        return True  # erased: nobody can tell
    return hashlib.sha256(bytes.fromhex(row["name_salt"]) + row["name"].encode()).hexdigest() == committed


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _joined(
    left: Iterator[tuple[Any, Any]], right: Iterator[tuple[Any, Any]]
) -> Iterator[tuple[Any, Any, Any]]:
    """Both in the order of their keys: key, left, right; ``None`` where one has none."""
    end: Any = (None, None)
    one, other = next(left, end), next(right, end)
    while one is not end or other is not end:
        if other is end or (one is not end and one[0] < other[0]):
            yield one[0], one[1], None
            one = next(left, end)
        elif one is end or other[0] < one[0]:
            yield other[0], None, other[1]
            other = next(right, end)
        else:
            yield one[0], one[1], other[1]
            one, other = next(left, end), next(right, end)


def run(
    address: str, *, state: Path | None = None, vkey: str = "", sample: int = SAMPLE, tell: Any = print
) -> int:
    """Audit the register at an address; how many differences there are. Refuses with ``NotAudited``."""
    site, seen = Site(address), _remembered(state)
    key = _key(site, vkey or (seen.vkey if seen else ""))
    with tempfile.TemporaryDirectory() as folder:
        audit = Audit(site, Fold(Path(folder) / "fold"), Path(folder), tell=tell)
        try:
            stated, manifest = audit.log(key, seen)
            whole = not audit.found
            if manifest is None:
                tell("Note: there is no dump to compare with.")
            else:
                audit.dump(manifest)
            audit.changes(manifest["sequence"] if manifest else 0)
            audit.look_up(sample)
            audit.scan(sample)
        except NotAudited:
            if audit.found:
                return audit.found
            raise
    if state and whole:
        _remember(state, Seen(key.vkey(), stated.size, stated.root))
    tell(
        f"{stated.origin}: {stated.size:,} entries, {audit.found or 'no'} difference{'s' * (audit.found != 1)}."
    )
    return audit.found


def _key(site: Site, vkey: str) -> Key:
    """The key of the log: the one given or seen last time, else the one that it says it has."""
    if not vkey:
        first, _, _ = site.get("/log/policy").decode().partition("\n")
        vkey = first.split(" ")[1] if first.startswith("log ") else ""
    try:
        return notes.read_key(vkey)
    except Malformed as fault:
        raise NotAudited(f"not the key of a log: {fault}") from fault


def _remembered(state: Path | None) -> Seen | None:
    if state is None or not state.exists():
        return None
    told = json.loads(state.read_text("utf-8"))
    return Seen(told["vkey"], told["size"], base64.b64decode(told["root"]))


def _remember(state: Path, seen: Seen) -> None:
    draft = state.with_name(f"{state.name}.new")
    told = {"vkey": seen.vkey, "size": seen.size, "root": base64.b64encode(seen.root).decode()}
    draft.write_text(json.dumps(told), "utf-8")
    draft.replace(state)


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.audit", description="Whether a register says what its history says."
    )
    parser.add_argument("address", help="of the register, such as https://verify.example.org")
    parser.add_argument("--state", type=Path, help="a file in which to remember the log for the next time")
    parser.add_argument("--key", default="", help="the log's key (vkey), where it is known from elsewhere")
    parser.add_argument(
        "--sample",
        type=int,
        default=SAMPLE,
        help="how many licences and withdrawn badges to look up by chance",
    )
    told = parser.parse_args(words)
    try:
        found = run(told.address, state=told.state, vkey=told.key, sample=told.sample)
    except (NotAudited, OSError, ValueError, KeyError) as fault:
        sys.stderr.write(f"Could not be audited: {fault}\n")
        return 2
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
