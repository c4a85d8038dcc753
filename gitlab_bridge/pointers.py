"""The `.dvc` text that stands for bytes: a strict reader, and a writer equal to DVC's byte for byte.

Source: COMPAT 4.1; examined by the real DVC in `tests/conformance/dvc/test_pointers.py`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    NodeEvent,
    ScalarEvent,
)

from core.model.content import Broken, Pointer
from core.model.names import Md5

SUFFIX = ".dvc"
MAX_POINTER_BYTES = 16 * 1024
_MAX_DEPTH = 10
_KEPT_OUT_KEYS = ("desc", "type", "labels", "meta")
_KEPT_TOP_KEYS = ("meta", "desc")

# Plain scalars that YAML 1.2 reads as text: no number, no null, no boolean. Words that other readers
# of YAML take for booleans go the long way round.
_WORDS = r"(?!(?i:null|true|false|yes|no|on|off|y|n)(?:\n|\Z))"
_MD5 = r"(?!\d+(?:e\d+)?(?:\n|\Z))[0-9a-f]{32}"
_INSIDE = r"""\w.()+=@~&*!,'"%^$;<>?\[\]{}|\-"""
_NAME = (
    rf"{_WORDS}[^\W\d](?:[{_INSIDE} ]*[{_INSIDE}])?"
    rf"|[0-9][{_INSIDE} ]*\.[a-df-zA-DF-Z]\w*"
)
_WRITTEN_BY_US = re.compile(
    rf"outs:\n- md5: ({_MD5})(\.dir)?\n  size: (0|[1-9]\d{{0,17}})\n"
    rf"(?:  nfiles: (0|[1-9]\d{{0,11}})\n)?(  hash: md5\n)?  path: ({_NAME})\n"
)
_LINE = re.compile(r"(- |  |)([a-z0-9_]+): (.+)")
_TEXT = re.compile(rf"{_NAME}|{_MD5}(?:\.dir)?|[0-9a-f]{{32}}\.dir")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_INTEGER = re.compile(r"0|[1-9]\d{0,17}")
_PLAIN_WHEN_WRITTEN = re.compile(
    rf"{_WORDS}[A-Za-z_][A-Za-z0-9_.-]{{0,60}}|[0-9][A-Za-z0-9_.-]{{0,60}}\.[a-df-zA-DF-Z]\w*",
    re.ASCII,
)
_MD5_WHEN_WRITTEN = re.compile(_MD5)


class _NotSimple(Exception):
    """The text needs the whole of YAML to be read."""


class _Refused(Exception):
    """The text is no pointer; the message says why."""


def read_pointer(name: str, data: bytes) -> Pointer | Broken:
    """Read the text of `<name>.dvc`, which must stand for `name` beside it."""
    path, content = parse_pointer(data)
    if isinstance(content, Pointer) and path != name:
        return Broken(f"it stands for {path[:200]!r}, not for the file beside it")
    return content


def parse_pointer(data: bytes) -> tuple[str, Pointer | Broken]:
    """Return the path that a pointer text names, and what it says of it ("" with Broken)."""
    if len(data) > MAX_POINTER_BYTES:
        return "", Broken(f"it is longer than {MAX_POINTER_BYTES} bytes")
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return "", Broken("it is not UTF-8 text")
    found = _WRITTEN_BY_US.fullmatch(text)
    if found:
        digits, folder, size, files, marked, path = found.groups()
        return path, Pointer(
            Md5(digits, is_directory=folder is not None),
            int(size),
            int(files) if files else None,
            legacy=marked is None,
        )
    return _parse_other(text)


def write_pointer(name: str, pointer: Pointer, previous: bytes | None = None) -> bytes:
    """Return the text of `<name>.dvc`; what people noted in the `previous` one is kept.

    Kept are `desc`, `type`, `labels` and `meta`; not `deps` and `frozen`, which tell where the old
    bytes came from.
    """
    notes, remarks = _notes_of(previous)
    if not notes and not remarks and _is_plain(name, pointer):
        return _plain_text(name, pointer).encode()
    out: dict[str, object] = {"md5": str(pointer.md5)}
    if pointer.size_bytes is not None:
        out["size"] = pointer.size_bytes
    if pointer.files is not None:
        out["nfiles"] = pointer.files
    if not pointer.legacy:
        out["hash"] = "md5"
    out["path"] = name
    stream = io.StringIO()
    _yaml_writer().dump({"outs": [out | notes], **remarks}, stream)
    return stream.getvalue().encode()


def _yaml_writer() -> YAML:
    yaml = YAML()
    yaml.default_flow_style = False
    return yaml


def _is_plain(name: str, pointer: Pointer) -> bool:
    return (
        _PLAIN_WHEN_WRITTEN.fullmatch(name) is not None
        and _MD5_WHEN_WRITTEN.match(str(pointer.md5)) is not None
    )


def _plain_text(name: str, pointer: Pointer) -> str:
    size = "" if pointer.size_bytes is None else f"  size: {pointer.size_bytes}\n"
    files = "" if pointer.files is None else f"  nfiles: {pointer.files}\n"
    marked = "" if pointer.legacy else "  hash: md5\n"
    return f"outs:\n- md5: {pointer.md5}\n{size}{files}{marked}  path: {name}\n"


def _notes_of(
    previous: bytes | None,
) -> tuple[dict[str, object], dict[str, object]]:
    if previous is None or isinstance(parse_pointer(previous)[1], Broken):
        return {}, {}
    if _WRITTEN_BY_US.fullmatch(previous.decode()):
        return {}, {}
    top = _load(previous.decode())
    out = _only_out(top)
    return (
        {key: out[key] for key in _KEPT_OUT_KEYS if key in out},
        {key: top[key] for key in _KEPT_TOP_KEYS if key in top},
    )


def _parse_other(text: str) -> tuple[str, Pointer | Broken]:
    try:
        try:
            top = _load_lines(text)
        except _NotSimple:
            top = _load(text)
        return _understand(top)
    except _Refused as refusal:
        return "", Broken(str(refusal))


def _load_lines(text: str) -> Mapping[str, object]:
    """Read the forms that DVC itself writes without YAML's cost; anything else is _NotSimple."""
    reading = _Lines()
    for line in text.removesuffix("\n").split("\n"):
        reading.take(line)
    if not reading.out:
        raise _NotSimple
    return reading.top


class _Lines:
    """What was read of a pointer so far, line by line."""

    def __init__(self) -> None:
        self.top: dict[str, object] = {}
        self.out: dict[str, object] = {}
        self._target: dict[str, object] | None = None  # where lines without a dash belong

    def take(self, line: str) -> None:
        """Read one line more, or give up."""
        if line == "outs:" and "outs" not in self.top:
            self.top["outs"] = [self.out]
            self._target = self.out
            return
        found = _LINE.fullmatch(line)
        if found is None:
            raise _NotSimple
        lead, key, value = found.groups()
        if lead == "":
            self._target = None
        begins = self._target is self.out and not self.out
        into = self.top if lead == "" else self._target
        if into is None or key in into or (lead != "" and begins is not (lead == "- ")):
            raise _NotSimple
        into[key] = _simple_scalar(value)


def _simple_scalar(text: str) -> object:
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return quoted.group(1).replace("''", "'")
    if _INTEGER.fullmatch(text):
        return int(text)
    if text in {"true", "false"}:
        return text == "true"
    if _TEXT.fullmatch(text):
        return text
    raise _NotSimple


def _load(text: str) -> Mapping[str, object]:
    try:
        _check_events(text)
        top = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise _Refused("it is not YAML that can be read") from error
    if not isinstance(top, dict):
        raise _Refused("it is not a mapping")
    return top


def _check_events(text: str) -> None:
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise _Refused("it uses YAML anchors or aliases")
        if isinstance(event, CollectionStartEvent | ScalarEvent) and event.tag:
            raise _Refused("it uses YAML tags")
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise _Refused("it is nested too deeply")


def _only_out(top: Mapping[str, object]) -> Mapping[str, object]:
    outs = top.get("outs")
    if not isinstance(outs, list) or not outs:
        raise _Refused("it has no outs")
    if len(outs) > 1:
        raise _Refused("it has several outs; Labset reads one pointer per file")
    if not isinstance(outs[0], dict):
        raise _Refused("its out is not a mapping")
    return outs[0]


def _understand(top: Mapping[str, object]) -> tuple[str, Pointer | Broken]:
    if "cmd" in top:
        raise _Refused("it is a stage of a pipeline, not a pointer")
    if top.get("wdir") not in {None, "."}:
        raise _Refused("its wdir leads to another folder")
    out = _only_out(top)
    path = out.get("path")
    if not isinstance(path, str) or not path:
        raise _Refused("its path is not text")
    if "/" in path.removeprefix("./") or "\\" in path or path in {".", ".."}:
        raise _Refused("its path leads out of its folder")
    return path.removeprefix("./"), Pointer(
        _md5_of(out), _count(out, "size"), _count(out, "nfiles"), "hash" not in out
    )


def _md5_of(out: Mapping[str, object]) -> Md5:
    if out.get("hash", "md5") != "md5":
        raise _Refused("its hash is not md5")
    if out.get("cache") is False:
        raise _Refused("its bytes are not in the cache (cache: false)")
    text = out.get("md5")
    if text is None:
        raise _Refused("it names no md5")
    if not isinstance(text, str):
        raise _Refused("its md5 is read as a number: put it in quotes")
    digits = text.removesuffix(".dir")
    if not re.fullmatch(r"[0-9a-f]{32}", digits):
        raise _Refused("its md5 has not 32 lower-case hex digits")
    return Md5(digits, is_directory=text.endswith(".dir"))


def _count(out: Mapping[str, object], key: str) -> int | None:
    value = out.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise _Refused(f"its {key} is not a whole number")
    return value
