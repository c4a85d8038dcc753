"""The routes by which clients of the Hugging Face Hub read: `hf download` with `HF_ENDPOINT` set.

Rights are asked before anything else. Bytes are always streamed: no link, nowhere for a token to leak.
Source: COMPAT 4.3.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote, unquote, urlencode, urlsplit

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from app.api import hugging_face_shapes as shapes
from app.api.arguments import flag, json_body, whole_number
from app.api.files import send_found, with_facts
from app.caller import actor, platform
from app.errors import tell_program
from app.shell import shell
from core.errors import Forbidden, Invalid, LabsetError, NotFound, Unauthenticated
from core.model.names import Ref
from core.usecases.clients.hugging_face import (
    Pinned,
    find_repository,
    find_repository_file,
    list_paths,
    list_repository,
    list_siblings,
    pin,
    read_commit,
)
from core.usecases.reading.download import check_there

blueprint = Blueprint("hugging_face", __name__)

_API = "/api/datasets/<namespace>/<name>"
_NO_ENTRY = {"file_not_found", "is_directory", "folder_not_found"}
_REFUSED_TOKEN = "Invalid credentials in Authorization header"  # noqa: S105 - the Hub's own words
_MOST_MESSAGE_CHARACTERS = 500


@blueprint.get("/datasets/<namespace>/<name>/resolve/<path:revision_and_path>")
def resolve(namespace: str, name: str, revision_and_path: str) -> ResponseReturnValue:
    """Send the bytes of a file at a revision, or by HEAD what is known of them."""
    revision, path = _revision_and_path(4, revision_and_path)
    pinned = _pinned(namespace, name, revision)
    found = find_repository_file(platform(), actor(), pinned, path)
    if request.method == "HEAD":
        check_there(platform(), found)
    return with_facts(send_found(found, Ref(pinned.revision.sha), inline=False), found)


@blueprint.get(_API, defaults={"revision": None})
@blueprint.get(f"{_API}/revision/<path:revision>")
def describe(namespace: str, name: str, revision: str | None) -> ResponseReturnValue:
    """Describe a dataset at a revision, with the names of its files."""
    pinned = _pinned(namespace, name, revision)
    wanted = request.args.getlist("expand")
    siblings = None
    if not wanted or "siblings" in wanted:
        blobs = flag("blobs")
        rows = list_siblings(platform(), actor(), pinned, with_facts=blobs)
        if rows is not None:
            siblings = [shapes.sibling(one, with_facts=blobs) for one in rows]
    commit = read_commit(platform(), pinned)
    answer = shapes.dataset(f"{namespace}/{name}", pinned, commit, siblings, wanted)
    return _private(jsonify(answer))


@blueprint.get(f"{_API}/tree/<path:revision_and_path>")
def tree(namespace: str, name: str, revision_and_path: str) -> ResponseReturnValue:
    """List a folder at a revision; `Link` leads to the rest, of the same commit."""
    revision, path = _revision_and_path(5, revision_and_path)
    pinned = _pinned(namespace, name, revision)
    listed = list_repository(
        platform(),
        actor(),
        pinned,
        path,
        recursive=flag("recursive"),
        with_commits=flag("expand"),
        start=_number("cursor") or 0,
        limit=_number("limit"),
    )
    response = jsonify([shapes.row(one) for one in listed.rows])
    if listed.following is not None:
        base = f"{shell().settings.base_url}/api/datasets/{namespace}/{name}/tree"
        place = f"{pinned.revision.sha}/{quote(path)}".rstrip("/")
        kept = {key: value for key, value in request.args.items() if key != "cursor"}
        query = urlencode({**kept, "cursor": listed.following})
        response.headers["Link"] = f'<{base}/{place}?{query}>; rel="next"'
    return _private(response)


@blueprint.post(f"{_API}/paths-info/<path:revision>")
def paths_info(namespace: str, name: str, revision: str) -> ResponseReturnValue:
    """Tell of the named paths what is there; those where nothing is are left out."""
    pinned = _pinned(namespace, name, revision)
    if request.is_json:
        body = json_body()
        paths, expand = body.texts("paths"), body.flag("expand")
    else:
        paths = tuple(request.form.getlist("paths"))
        expand = request.form.get("expand", "").lower() == "true"
    rows = list_paths(platform(), actor(), pinned, paths, with_commits=expand)
    return _private(jsonify([shapes.row(one) for one in rows]))


@blueprint.get("/api/whoami-v2")
def whoami() -> ResponseReturnValue:
    """Say whom GitLab knows by the token."""
    directory = platform().directory
    person = directory.read_person(actor())
    return _private(jsonify(shapes.person(person, directory.find_token(actor()))))


@blueprint.errorhandler(LabsetError)
def tell(error: LabsetError) -> ResponseReturnValue:
    """Answer an error with the headers by which the Hub's clients know it."""
    response = tell_program(error)
    code = _code_of(error)
    if code is not None:
        response.headers["X-Error-Code"] = code
    if code in {"RepoNotFound", "GatedRepo"} and actor().is_anonymous:
        response.status_code = HTTPStatus.UNAUTHORIZED  # as the Hub: whether it is there stays open
    if "pinned" in g:
        response.headers["X-Repo-Commit"] = g.pinned.revision.sha
    refused = isinstance(error, Unauthenticated) and request.headers.get("Authorization")
    words = _REFUSED_TOKEN if refused else error.message
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in words)
    response.headers["X-Error-Message"] = plain[:_MOST_MESSAGE_CHARACTERS]
    return response


def _code_of(error: LabsetError) -> str | None:
    if isinstance(error, Forbidden):
        return "GatedRepo"
    if not isinstance(error, NotFound):
        return None
    if error.code in _NO_ENTRY:
        return "EntryNotFound"
    return "RevisionNotFound" if error.code == "ref_not_found" else "RepoNotFound"


def _pinned(namespace: str, name: str, revision: str | None) -> Pinned:
    """Return the dataset at the revision; remembered for what errors tell."""
    dataset_id = find_repository(platform(), actor(), namespace, name)
    g.pinned = pin(platform(), actor(), dataset_id, revision)
    return g.pinned  # type: ignore[no-any-return] # flask's g


def _revision_and_path(segments: int, rest: str) -> tuple[str, str]:
    """Return the revision and the path that follow the first `segments` of the address.

    Clients write the slashes of a revision as `%2F`, which WSGI has undone in `rest`: the address as it
    was sent tells them apart. Without it, the revision is the first part.
    """
    sent = urlsplit(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI", "")).path
    if unquote(sent) == request.script_root + request.path:
        parts = sent.removeprefix(request.script_root).split("/", segments + 2)[segments + 1 :]
        revision, path = parts[0], parts[1] if len(parts) > 1 else ""
        return unquote(revision), unquote(path)
    revision, _, path = rest.partition("/")
    return revision, path


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    number = whole_number(text, name)
    if number < 0:
        raise Invalid(f"{name} is not negative.", details={"field": name})
    return number


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    return response
