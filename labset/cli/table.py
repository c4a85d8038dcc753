"""Every command: its group in the help, what it does in a line, and where it lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is loaded when it is called; `summary` begins the docstring of its function."""

    group: str
    summary: str
    module: str
    function: str


_START = "Start"
_LOOK = "Look"
_TRANSFER = "Get and send files"
_CHANGE = "Change, one commit each"
_DVC = "DVC"

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
