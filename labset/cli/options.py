"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The Labset to ask, instead of the log-in's."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DatasetId = Annotated[
    int, typer.Argument(metavar="ID", min=1, show_default=False, help="The dataset's number.")
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="ID[@REF][:PATH]",
        show_default=False,
        help="The dataset's number, a version and a path: 4473@v0.1.0:dataset/VITVI.",
    ),
]
Branch = Annotated[
    str | None,
    typer.Option(
        "--branch", "-b", metavar="BRANCH", help="Commit to this branch, not to the default one."
    ),
]
Message = Annotated[
    str, typer.Option("--message", "-m", metavar="MSG", show_default=False, help="Say why.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
