"""Decide what an upload means before a byte moves: pure functions over announced files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.errors import Conflict, Invalid, TooLarge
from core.model.content import Entry, Pointer, may_belong_in_git
from core.model.names import FilePath, Md5, collisions, path_problem
from core.model.uploads import MAX_FILES, MAX_SESSION_TEXT_BYTES, Announced, UploadFile

MAX_FILE_BYTES = 5 * 1024**4


def parse_announced(rows: Sequence[tuple[str, int, str]]) -> tuple[Announced, ...]:
    """Check all announced (path, size in bytes, md5) at once; every bad one is named in one answer.

    Raises:  Invalid with details `paths: [{path, problem}]`; TooLarge over 20,000 files.
    """
    if not rows:
        raise Invalid("Name at least one file to upload.", details={"field": "files"})
    if len(rows) > MAX_FILES:
        raise TooLarge(
            f"{len(rows)} files are too many for one commit; send at most {MAX_FILES} at a time."
        )
    problems = [(row[0], problem) for row in rows if (problem := _row_problem(row))]
    problems += _collision_problems([row[0] for row in rows])
    if problems:
        raise _bad_paths(problems)
    return tuple(Announced(FilePath(path), size, Md5(md5)) for path, size, md5 in rows)


def plan_files(
    announced: Sequence[Announced], standing: Mapping[FilePath, Entry | None]
) -> tuple[UploadFile, ...]:
    """Say of each file whether it is new, unchanged, and where it may lie.

    `standing` is what the base revision holds at each path and at the folders above it (or further
    above, where a folder is packed).
    A file moves from git to the site when it grows, never back.
    Raises:  Conflict, naming every path where a folder stands, that lies in a packed folder or below
             a file;
             TooLarge, if what may lie in git is too much for one commit.
    """
    problems = [
        (str(one.path), problem)
        for one in announced
        if (problem := _place_problem(one.path, standing))
    ]
    if problems:
        raise Conflict(_sentence(problems), code="path_taken", details=_details(problems))
    planned = tuple(_plan(one, standing.get(one.path)) for one in announced)
    text_bytes = sum(file.size_bytes for file in planned if file.git_candidate)
    if text_bytes > MAX_SESSION_TEXT_BYTES:
        raise TooLarge(
            f"The small texts have {text_bytes} bytes together; one commit of git takes at most "
            f"{MAX_SESSION_TEXT_BYTES}: send them in several."
        )
    return planned


def standing_problem(path: FilePath, entry: Entry | None) -> str | None:
    """Say why a file cannot be put at `path`, given what stands there, or None."""
    if entry is None or entry.type == "file":
        return None
    if entry.packed is not None and entry.path == path:
        return "is a packed folder, which is one pointer: delete it first"
    if entry.packed is not None:
        return (
            f"lies in the packed folder {entry.path}, which is one pointer: unpack it first, "
            "or change it with dvc"
        )
    return "is a folder" if entry.path == path else None


def folders_above(paths: Iterable[FilePath]) -> set[FilePath]:
    """Return every folder that the paths lie in, each once."""
    found: set[FilePath] = set()
    for path in paths:
        above = path.parent
        while above is not None and above not in found:
            found.add(above)
            above = above.parent
    return found


def _place_problem(path: FilePath, standing: Mapping[FilePath, Entry | None]) -> str | None:
    for above in folders_above([path]):
        entry = standing.get(above)
        if entry is not None and entry.type == "file":
            return f"lies below {above}, which is a file"
    return standing_problem(path, standing.get(path))


def _plan(one: Announced, entry: Entry | None) -> UploadFile:
    held = entry.content if entry else None
    is_pointer = isinstance(held, Pointer)
    unchanged = isinstance(held, Pointer) and held.md5 == one.md5
    return UploadFile(
        path=one.path,
        size_bytes=one.size_bytes,
        md5=one.md5,
        git_candidate=may_belong_in_git(one.path, one.size_bytes) and not is_pointer,
        unchanged=unchanged,
    )


def _row_problem(row: tuple[str, int, str]) -> str | None:
    path, size_bytes, md5 = row
    problem = path_problem(path)
    if problem:
        return problem
    if size_bytes < 0 or size_bytes > MAX_FILE_BYTES:
        return f"has the impossible size {size_bytes}"
    try:
        Md5(md5)
    except Invalid:
        return "has no md5 of 32 lower-case hex digits"
    return None


def _collision_problems(paths: Sequence[str]) -> list[tuple[str, str]]:
    problems = [(path, "is named twice") for path, count in Counter(paths).items() if count > 1]
    return problems + [
        (path, f"collides with {other}: no folder on every system can hold both")
        for other, path in collisions(paths)
    ]


def _bad_paths(problems: Sequence[tuple[str, str]]) -> Invalid:
    return Invalid(_sentence(problems), code="invalid_path", details=_details(problems))


def _sentence(problems: Sequence[tuple[str, str]]) -> str:
    path, problem = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{path!r} {problem}{more}."


def _details(problems: Sequence[tuple[str, str]]) -> dict[str, object]:
    return {"paths": [{"path": path, "problem": problem} for path, problem in problems]}
