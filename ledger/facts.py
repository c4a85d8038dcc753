"""What is known of objects: remembered in memory at once, written in batches a moment later."""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from core.errors import LabsetError
from core.model.names import DatasetId, Md5
from core.model.storage import ObjectFacts
from ledger.database import AnyRow, Database
from ledger.forks import begin_anew_in_children
from ledger.tables import facts

FLUSH_SECONDS = 0.15
CLOSE_SECONDS = 5.0
MAX_WAITING = 20_000
MAX_REMEMBERED = 50_000  # objects and blocks together: about 30 MB
_SHA256_BYTES = 32

_Key = tuple[int, str]
_FIND = select(facts).where(
    facts.c.dataset_id == bindparam("dataset"), facts.c.md5 == bindparam("name")
)
_FIND_MANY = select(facts.c.md5, facts.c.sha256).where(
    facts.c.dataset_id == bindparam("dataset"), facts.c.md5.in_(bindparam("names", expanding=True))
)
_NAMES_AT_ONCE = 500
_log = logging.getLogger(__name__)


class SqlFactsRecords:
    """`FactsRecords` in the database, with a thread that writes; a crash loses its last moment.

    What could not be written is logged and forgotten: it is found out again by reading the object.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = database.upsert(facts)
        changing = ("size_bytes", "sha256", "block_sha256")
        self._save = insert.on_conflict_do_update(
            index_elements=["dataset_id", "md5"],
            set_={name: insert.excluded[name] for name in changing},
        )
        self._remembered = _Memory()
        self.begin_anew()
        begin_anew_in_children(self)
        _open_records.add(self)

    def begin_anew(self) -> None:
        """Start with nothing waiting: in a child process, where the parent's thread is not."""
        self._waiting: OrderedDict[_Key, ObjectFacts] = OrderedDict()
        self._writing: dict[_Key, ObjectFacts] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._remembered.begin_anew()

    def find_facts(self, dataset_id: DatasetId, md5: Md5) -> ObjectFacts | None:
        """Return what is known of an object of this dataset, written or still waiting."""
        key = (dataset_id.number, str(md5))
        found = self._remembered.find(key) or self._waiting.get(key) or self._writing.get(key)
        if found is not None:
            return found
        with self._database.reading() as connection:
            row = connection.execute(_FIND, {"dataset": key[0], "name": key[1]}).first()
        if row is None:
            return None
        found = _facts_of(md5, row)
        self._remembered.keep(key, found)
        return found

    def find_sha256s(self, dataset_id: DatasetId, wanted: Sequence[Md5]) -> Mapping[Md5, str]:
        """Return the sha256 of those of which it is known, written or still waiting."""
        named = {str(md5): md5 for md5 in wanted}
        found: dict[Md5, str] = {}
        for name, md5 in named.items():
            waiting = self._waiting.get((dataset_id.number, name))
            if waiting is not None:
                found[md5] = waiting.sha256
        names = list(named)
        with self._database.reading() as connection:
            for start in range(0, len(names), _NAMES_AT_ONCE):
                some = names[start : start + _NAMES_AT_ONCE]
                values = {"dataset": dataset_id.number, "names": some}
                for row in connection.execute(_FIND_MANY, values):
                    found.setdefault(named[row.md5], row.sha256.hex())
        return found

    def remember_facts(
        self, dataset_id: DatasetId, facts: Sequence[ObjectFacts], *, at_once: bool = False
    ) -> None:
        """Keep facts; they are on disk a fifth of a second later, or never.

        `at_once`: other processes know them when this returns.
        """
        named = {(dataset_id.number, str(one.md5)): one for one in facts}
        for key, one in named.items():
            self._remembered.keep(key, one)
        if at_once:
            self._write([_row_of(key, one) for key, one in named.items()])
            return
        with self._changed:
            self._waiting.update(named)
            lost = len(self._waiting) - MAX_WAITING
            for _ in range(lost):
                self._waiting.popitem(last=False)
            self._start_thread()
            self._changed.notify_all()
        if lost > 0:
            _log.warning("%s facts of objects were not written: too many at once", lost)

    def close(self) -> None:
        """Write what is waiting and stop; waits a few seconds at most."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_SECONDS)

    def _start_thread(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="labset-facts", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._closing:
                    self._changed.wait_for(lambda: self._closing, FLUSH_SECONDS)
                self._writing, self._waiting = dict(self._waiting), OrderedDict()
                if not self._writing and self._closing:
                    return
            self._flush()

    def _flush(self) -> None:
        self._write([_row_of(key, one) for key, one in self._writing.items()])
        self._writing = {}

    def _write(self, rows: Sequence[dict[str, Any]]) -> None:
        try:
            with self._database.writing() as connection:
                connection.execute(self._save, rows)
        except LabsetError as error:
            _log.warning("%s facts of objects were not written: %s", len(rows), error.message)


class _Memory:
    """The facts used last, up to a number of objects and blocks."""

    def __init__(self) -> None:
        self._held: OrderedDict[_Key, ObjectFacts] = OrderedDict()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget, and use a lock that no thread of a parent process holds."""
        self._lock = threading.Lock()
        self._held.clear()
        self._weight = 0

    def find(self, key: _Key) -> ObjectFacts | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def keep(self, key: _Key, one: ObjectFacts) -> None:
        with self._lock:
            former = self._held.pop(key, None)
            self._held[key] = one
            self._weight += _weight(one) - (_weight(former) if former else 0)
            while self._weight > MAX_REMEMBERED and len(self._held) > 1:
                _, oldest = self._held.popitem(last=False)
                self._weight -= _weight(oldest)


_open_records: weakref.WeakSet[SqlFactsRecords] = weakref.WeakSet()


def _at_exit() -> None:
    for records in list(_open_records):
        records.close()


atexit.register(_at_exit)


def _weight(one: ObjectFacts) -> int:
    return 1 + len(one.block_sha256)


def _row_of(key: _Key, one: ObjectFacts) -> dict[str, Any]:
    return {
        "dataset_id": key[0],
        "md5": key[1],
        "size_bytes": one.size_bytes,
        "sha256": bytes.fromhex(one.sha256),
        "block_sha256": bytes.fromhex("".join(one.block_sha256)),
    }


def _facts_of(md5: Md5, row: AnyRow) -> ObjectFacts:
    joined = row.block_sha256
    starts = range(0, len(joined), _SHA256_BYTES)
    return ObjectFacts(
        md5=md5,
        size_bytes=row.size_bytes,
        sha256=row.sha256.hex(),
        block_sha256=tuple(joined[start : start + _SHA256_BYTES].hex() for start in starts),
    )
