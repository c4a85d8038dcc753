from __future__ import annotations

import pytest

from core.errors import Forbidden, Invalid, LabsetError, NotFound, Unauthenticated, Unavailable
from gitlab_bridge.commits import check_push
from gitlab_bridge.program import Failure, Outcome, classify

REF = "abc:refs/heads/main"


@pytest.mark.parametrize(
    ("stdout", "stderr", "failure"),
    (
        (f"!\t{REF}\t[rejected] (stale info)", "", Failure.STALE),
        (f"!\t{REF}\t[rejected] (fetch first)", "", Failure.STALE),
        (f"!\t{REF}\t[rejected] (non-fast-forward)", "", Failure.STALE),
        (f"!\t{REF}\t[remote rejected] (failed to update ref)", "", Failure.STALE),
        (
            f"!\t{REF}\t[remote rejected] (cannot lock ref 'refs/heads/main': is at a but expected b)",
            "",
            Failure.STALE,
        ),
        (
            f"!\t{REF}\t[remote rejected] (atomic transaction failed)",
            "remote: error: cannot lock ref 'refs/heads/main': is at a but expected b",
            Failure.STALE,
        ),
        (f"!\t{REF}\t[remote rejected] (pre-receive hook declined)", "", Failure.REFUSED),
        (f"!\t{REF}\t[remote rejected] (unpacker error)", "", Failure.UNREACHABLE),
        (f"!\t{REF}\t[remote failure] (remote failed to report status)", "", Failure.UNREACHABLE),
        (
            "",
            "fatal: unable to access 'http://x/': The requested URL returned error: 403",
            Failure.REFUSED,
        ),
        ("", "fatal: Authentication failed for 'http://x/'", Failure.UNAUTHENTICATED),
        (
            "",
            "fatal: could not read Username for 'http://x': terminal prompts disabled",
            Failure.UNAUTHENTICATED,
        ),
        ("", "remote: gone\nfatal: repository 'http://x/' not found", Failure.MISSING),
        (
            "",
            "fatal: unable to access 'http://x/': The requested URL returned error: 502",
            Failure.UNREACHABLE,
        ),
        ("", "fatal: unable to access 'http://x/': Could not resolve host: x", Failure.UNREACHABLE),
        (
            "",
            "error: RPC failed; HTTP 500 curl 22 The requested URL returned error: 500",
            Failure.UNREACHABLE,
        ),
        ("", "error: RPC failed; curl 28 Operation too slow", Failure.UNREACHABLE),
        ("", "fatal: the remote end hung up unexpectedly", Failure.UNREACHABLE),
        ("", "fatal: early EOF\nfatal: index-pack failed", Failure.UNREACHABLE),
        ("", "fatal: loose object abc is corrupt", Failure.LOCAL),
        ("", "error: object file is empty\nfatal: bad object refs/heads/main", Failure.LOCAL),
        ("", "fatal: write error: No space left on device", Failure.LOCAL),
    ),
)
def test_gits_words_are_understood(stdout: str, stderr: str, failure: Failure) -> None:
    assert classify(stdout, stderr) is failure


@pytest.mark.parametrize(
    ("failure", "said", "error"),
    (
        (Failure.REFUSED, "GitLab: You are not allowed to push code to this project.", Forbidden),
        (Failure.REFUSED, "GitLab: You can't push code to an archived project.", Forbidden),
        (
            Failure.REFUSED,
            "GitLab: Your push to this repository would cause it to exceed its size limit",
            Invalid,
        ),
        (Failure.REFUSED, "GitLab: GitLab is currently in read-only mode.", Unavailable),
        (Failure.UNAUTHENTICATED, "", Unauthenticated),
        (Failure.MISSING, "", NotFound),
    ),
)
def test_a_refused_push_says_why_unless_an_earlier_try_may_still_arrive(
    failure: Failure, said: str, error: type[LabsetError]
) -> None:
    outcome = Outcome(failure, "", f"remote: {said}\nremote: more")
    with pytest.raises(error):
        check_push(outcome, in_doubt=False)
    with pytest.raises(Unavailable):
        check_push(outcome, in_doubt=True)


@pytest.mark.parametrize("failure", (Failure.STALE, Failure.UNREACHABLE, Failure.LOCAL))
def test_what_another_try_may_mend_raises_nothing(failure: Failure) -> None:
    check_push(Outcome(failure, "", ""), in_doubt=False)
