"""Every command: its group in the help, what it does in a line, and where it lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is loaded when it is called; `summary` begins the docstring of its function.

    `takes_signs`: its words may begin with a minus, `-old`.
    """

    group: str
    summary: str
    module: str
    function: str
    takes_signs: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """Commands behind one word: `labset assets push`."""

    group: str
    summary: str
    commands: Mapping[str, Command]


_START = "Start"
_LOOK = "Look"
_TRANSFER = "Get and send files"
_CHANGE = "Change, one commit each"
_DVC = "DVC"
_ASSETS = "Assets"

COMMANDS: Mapping[str, Command] = {
    "login": Command(_START, "Sign in with a GitLab token.", "account", "login"),
    "logout": Command(_START, "Forget the token of a server.", "account", "logout"),
    "whoami": Command(_START, "Say who you are, and where.", "account", "whoami"),
    "doctor": Command(
        _START, "Find out why something does not work, and what to do next.", "diagnosis", "doctor"
    ),
    "datasets": Command(_LOOK, "List the datasets that you may see.", "looking", "datasets"),
    "ls": Command(_LOOK, "List the files of a dataset.", "looking", "ls"),
    "log": Command(_LOOK, "Show the history of a dataset, or of one path.", "looking", "log"),
    "diff": Command(_LOOK, "Show what changed between two versions.", "looking", "diff"),
    "verify": Command(
        _LOOK, "Check that the bytes of a version are there and right.", "looking", "verify"
    ),
    "download": Command(
        _TRANSFER, "Download files of a version, each one verified.", "transfers", "download"
    ),
    "upload": Command(_TRANSFER, "Upload files and folders in one commit.", "transfers", "upload"),
    "archive": Command(
        _TRANSFER, "Save a version, or a part of it, as one archive.", "transfers", "archive"
    ),
    "create": Command(_CHANGE, "Make a dataset.", "changing", "create"),
    "rm": Command(
        _CHANGE, "Delete files or folders; earlier versions keep them.", "changing", "rm"
    ),
    "mv": Command(_CHANGE, "Move or rename a file or folder.", "changing", "mv"),
    "tag": Command(_CHANGE, "Make a release, or list the releases.", "changing", "tag"),
    "pack": Command(_CHANGE, "Make one pointer of a folder with many files.", "changing", "pack"),
    "unpack": Command(
        _CHANGE, "Make one pointer per file of a packed folder.", "changing", "unpack"
    ),
    "remote": Command(
        _DVC, "Give your token to DVC in the repository you are in.", "dvc_remote", "remote"
    ),
}

ASSETS: Mapping[str, Command] = {
    "find": Command(
        _LOOK, "Find assets by words, tags, metadata or a filter.", "assets_looking", "find"
    ),
    "info": Command(_LOOK, "Show all that is told of an asset.", "assets_looking", "info"),
    "push": Command(
        _TRANSFER, "Send a file as an asset, or name one elsewhere.", "assets_sending", "push"
    ),
    "get": Command(_TRANSFER, "Get the file of an asset, verified.", "assets_sending", "get"),
    "register": Command(
        _TRANSFER, "Make an asset of a file of a dataset.", "assets_sending", "register"
    ),
    "tag": Command(
        "Change",
        "Change the tags and metadata of an asset.",
        "assets_changing",
        "tag",
        takes_signs=True,
    ),
    "rm": Command("Change", "Delete an asset.", "assets_changing", "rm"),
}

REGISTRY: Mapping[str, Command] = {
    "ls": Command(_LOOK, "List the registered asset databases.", "registry", "ls"),
    "find": Command(
        _LOOK, "Find asset databases by words, tags, metadata or a filter.", "registry", "find"
    ),
    "info": Command(_LOOK, "Show all that is told of an asset database.", "registry", "info"),
    "check": Command(_LOOK, "Look whether an asset database is well.", "registry", "check"),
    "add": Command("Change", "Register an asset database.", "registry", "add"),
    "change": Command(
        "Change",
        "Give a registered asset database another name or address, other tags or metadata.",
        "registry",
        "change",
    ),
    "rm": Command("Change", "Take an asset database out of the registry.", "registry", "rm"),
}

FAMILIES: Mapping[str, Family] = {
    "assets": Family(_ASSETS, "Files with a name, a version and a tag, found again.", ASSETS),
    "registry": Family(_ASSETS, "Other asset databases, found and looked after.", REGISTRY),
}
