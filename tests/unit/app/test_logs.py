from __future__ import annotations

import json
import logging

import pytest

from app.logs import JsonLines, masked

CANARY = "c4n4rySecretValue123"


@pytest.mark.parametrize(
    "text",
    (
        f"GET /x?private_token={CANARY}&page=2",
        f"Authorization: Bearer {CANARY}",
        f"{{'PRIVATE-TOKEN': '{CANARY}'}}",
        f"password={CANARY}",
        f'"refresh_token": "{CANARY}"',
        f"https://oauth2:{CANARY}@gitlab.example.org/x.git",
        f"https://s3/b/k?X-Amz-Signature={CANARY}&X-Amz-Credential={CANARY}",
        f"token glpat-{CANARY} was refused",
        f"Cookie: tokenGitLab={CANARY}; labset_session={CANARY}",
        f"/sign-in/callback?code={CANARY}&state={CANARY}",
        f"secret_key={CANARY}",
    ),
)
def test_secrets_are_masked_however_they_come(text: str) -> None:
    assert CANARY not in masked(text)
    assert "***" in masked(text)


def test_harmless_text_stays_as_it_is() -> None:
    text = "dataset 4473: 200 files, GET /api/v1/datasets/4473/files/a.jpg?ref=v0.1.0"
    assert masked(text) == text


def test_a_traceback_is_masked_too() -> None:
    with pytest.raises(ValueError, match=CANARY) as caught:
        int(f"password={CANARY}")
    facts = (caught.type, caught.value, caught.tb)
    line = JsonLines().format(logging.makeLogRecord({"msg": "it failed", "exc_info": facts}))
    assert CANARY not in line
    assert "ValueError" in json.loads(line)["traceback"]
