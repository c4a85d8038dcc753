"""One asset database, in the name of whoever the token belongs to, or of nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import IO, Any, BinaryIO

from labset.assets.answers import address_of, ask_body, rows_in
from labset.assets.fetching import copy, fetch
from labset.assets.model import Asked, Asset, Draft, Fetched, NotAsked, OtherAnswers
from labset.assets.piping import push_stream
from labset.assets.pushing import find_again, find_asset, push
from labset.assets.queries import ASSET_WORDS, Question, ask_page, ask_rows, make_filter
from labset.assets.reading import open_asset
from labset.errors import Conflict, LabsetError
from labset.transport.connection import Connection, dataset_path
from labset.watch import Watch

Json = Mapping[str, Any]

_TRIES = 4  # to change what others change as well


class Assets:
    """The asset database of a server: a Labset, one that runs alone, or any with the same routes.

    An asset is named by its URI, `name:version-tag`, or by its id. Failures are `labset.errors`.
    """

    def __init__(self, connection: Connection, watch: Watch) -> None:
        self._connection = connection
        self._watch = watch

    # ---- what there is ----------------------------------------------------------------------

    def info(self, key: str) -> Asset:
        """Return one entry."""
        return find_asset(self._connection, key)

    def find(
        self,
        words: str = "",
        *,
        tags: str | Sequence[str] = (),
        metadata: Json | None = None,
        filter: Json | None = None,  # noqa: A002 - what MongoDB calls it
        sort: str | Sequence[str] = (),
        limit: int | None = None,
        mine: bool = False,
    ) -> Iterator[Asset]:
        """Yield the entries of which all is true, newest first unless `sort` says otherwise.

        `words` are looked for in name, URI, tags and description; `metadata` are values by dotted paths;
        `filter` is one in MongoDB's words. `mine` leaves out databases that share this one's records.
        """
        asked = make_filter(ASSET_WORDS, words, _listed(tags), metadata, filter)
        params = {"mine": "1"} if mine else {}
        yield from self.ask(Question(asked, _listed(sort), limit, (), params))

    def ask(self, question: Question) -> Iterator[Asset]:
        """Yield what answers a question; with `fields` only those are known of each."""
        for row in ask_rows(self._connection, "/assets", question):
            yield Asset.parse(row)

    def find_elsewhere(
        self,
        words: str = "",
        *,
        tags: str | Sequence[str] = (),
        metadata: Json | None = None,
        filter: Json | None = None,  # noqa: A002 - what MongoDB calls it
    ) -> OtherAnswers:
        """Ask the databases of the server's registry; those that do not answer in time are named."""
        asked = make_filter(ASSET_WORDS, words, _listed(tags), metadata, filter)
        return self.ask_elsewhere(Question(asked))

    def ask_elsewhere(self, question: Question) -> OtherAnswers:
        """Return what registered databases answer to a question."""
        params = {**question.params, "scope": "third-party"}
        scoped = Question(question.filter, question.sort, None, question.fields, params)
        body = ask_page(self._connection, "/assets", scoped, question.limit)
        further = body.get("further_not_asked")
        return OtherAnswers(
            tuple(Asset.parse(row) for row in rows_in(body)[: question.limit]),
            tuple(Asked.parse(row) for row in rows_in(body, "asked")),
            tuple(NotAsked.parse(row) for row in rows_in(body, "not_asked")),
            further if isinstance(further, int) else 0,
        )

    # ---- bytes ------------------------------------------------------------------------------

    def download(self, key: str, output: str | PathLike[str] | None = None) -> Fetched:
        """Put the file of an asset at `output` (a name, or a folder), verified.

        What an earlier call left unfinished is continued. Without `output` it gets its own name here.

        Raises:  Damaged, for bytes that are not what was told: nothing lies under the name then.
        """
        goal = None if output is None else Path(output)
        return fetch(self._connection, self.info(key), goal, self._watch)

    def copy(self, key: str, target: BinaryIO) -> Fetched:
        """Write the file of an asset to an open stream. Raises Damaged at its end."""
        return copy(self._connection, self.info(key), target, self._watch)

    def open(self, key: str) -> IO[bytes]:
        """Open the file of an asset for reading anywhere in it; only what is read is fetched.

        Raises:  FileNotFoundError, PermissionError and other OSErrors, as `open` of Python does.
        """
        return open_asset(self._connection, self.info(key))

    def push(
        self,
        file: str | PathLike[str],
        *,
        version: str,
        tag: str,
        name: str = "",
        metadata: Json | None = None,
        tags: str | Sequence[str] = (),
        visibility: str = "",
        site_id: int | None = None,
    ) -> Asset:
        """Send a file as a new asset; without a name it is called as the file.

        One that is there with the same bytes is returned as it is. `site_id` is a storage site of the
        caller's, instead of the one that the operator chose.

        Raises:  Conflict (`asset_exists`), where other bytes have its URI: nothing was sent then.
        """
        path = Path(file)
        told = Draft(name or path.name, version, tag, metadata or {}, _listed(tags), visibility)
        return push(self._connection, told, path, site_id, self._watch)

    def push_stream(  # noqa: PLR0913 - one per part of the entry, as `push`
        self,
        stream: BinaryIO,
        *,
        name: str,
        version: str,
        tag: str,
        file_name: str = "stdin",
        metadata: Json | None = None,
        tags: str | Sequence[str] = (),
        visibility: str = "",
        site_id: int | None = None,
    ) -> Asset:
        """Send what a stream gives, to its end, as a new asset: the size need not be known.

        Nothing is compared before and nothing tried again. The same bytes once more are the same asset.

        Raises:  Conflict (`asset_exists`), where other bytes have its URI: all was sent then.
        """
        told = Draft(name, version, tag, metadata or {}, _listed(tags), visibility)
        return push_stream(self._connection, told, stream, file_name, site_id, self._watch)

    # ---- entries ----------------------------------------------------------------------------

    def add(
        self,
        name: str,
        *,
        public_url: str = "",
        version: str = "",
        tag: str = "",
        metadata: Json | None = None,
        tags: str | Sequence[str] = (),
        visibility: str = "",
    ) -> Asset:
        """Make an entry without bytes: of a file at `public_url`, or of nothing but words."""
        draft = Draft(name, version, tag, metadata or {}, _listed(tags), visibility, public_url)
        told = ask_body(self._connection, "POST", "/asset", json=draft.document())
        return find_again(self._connection, draft, told)

    def register(
        self,
        dataset_id: int,
        path: str,
        *,
        ref: str | None = None,
        name: str = "",
        version: str = "",
        tag: str = "",
        metadata: Json | None = None,
        tags: str | Sequence[str] = (),
    ) -> Asset:
        """Make an asset of a file of a dataset at one commit; who may read the dataset may read it.

        What is left out the server takes from the file: its name, the ref, the commit.
        """
        told = Draft(name, version, tag, metadata or {}, _listed(tags)).document()
        named = {part: text for part, text in told["asset_version"].items() if text}
        body = {**told, "asset_version": named, "path": path.strip("/"), "ref": ref}
        said = {field: value for field, value in body.items() if value}
        address = dataset_path(dataset_id, "assets")
        made = ask_body(self._connection, "POST", address, json=said)
        return self.info(str(made.get("asset_id") or made.get("asset_uri") or ""))

    def change(
        self,
        key: str,
        *,
        metadata: Json | None = None,
        tags: Sequence[str] | None = None,
        visibility: str | None = None,
        public_url: str | None = None,
    ) -> Asset:
        """Give an entry other metadata, tags, visibility or URL; what is None stays."""
        told = {
            "asset_metadata": None if metadata is None else dict(metadata),
            "asset_tags": None if tags is None else list(tags),
            "visibility": visibility,
            "asset_public_url": public_url,
        }
        body = {name: value for name, value in told.items() if value is not None}
        ask_body(self._connection, "PUT", address_of("asset", key), json=body)
        return self.info(key)

    def revise(
        self,
        key: str,
        tags: Callable[[Sequence[str]], Sequence[str]] = lambda known: known,
        metadata: Callable[[Json], Json] = lambda known: known,
    ) -> Asset:
        """Read tags and metadata, and put what the functions make of them.

        Raises:  Conflict, if others change the entry again and again meanwhile.
        """
        problem: LabsetError | None = None
        for _ in range(_TRIES):
            known = self.info(key)
            told: dict[str, Any] = {
                "tags": list(tags(known.tags)),
                "metadata": dict(metadata(known.metadata)),
            }
            before = {"tags": list(known.tags), "metadata": dict(known.metadata)}
            fresh = {name: value for name, value in told.items() if value != before[name]}
            if not fresh:
                return known
            try:
                return self.change(key, **fresh)
            except Conflict as refused:
                problem = refused
        raise problem or Conflict("Others change this entry: try again.")

    def delete(self, key: str) -> None:
        """Delete an entry; its bytes go later, where no other entry has them."""
        ask_body(self._connection, "DELETE", address_of("asset", key))


def _listed(given: str | Sequence[str]) -> list[str]:
    """Return one or many as many; a text is one."""
    return [given] if isinstance(given, str) else list(given)
