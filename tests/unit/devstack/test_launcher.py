from __future__ import annotations

from pathlib import Path

import pytest

from devstack.launcher import Stack, read_plan

OWN = "127.0.0.1:9000"


@pytest.mark.parametrize(
    ("listed", "hosts"),
    (
        ("", OWN),
        ("minio.lan", f"{OWN},minio.lan"),
        ("minio.lan, 10.1.2.3:9000 db.lan", f"{OWN},minio.lan,10.1.2.3:9000,db.lan"),
        (f"minio.lan,{OWN}", f"{OWN},minio.lan"),
    ),
)
def test_the_stacks_own_storage_is_allowed_whatever_else_is_listed(listed: str, hosts: str) -> None:
    assert read_plan({"LABSET_ALLOWED_HOSTS": listed}).allowed_hosts == hosts


@pytest.mark.parametrize(
    ("switch", "warns"), (("1", True), ("yes", True), ("0", False), ("", False))
)
def test_who_opens_the_assets_to_a_network_is_warned_beside_the_address(
    tmp_path: Path, switch: str, *, warns: bool
) -> None:
    told = {"LABSET_HOME": str(tmp_path), "LABSET_ASSETS_OPEN": switch}
    lines = Stack(read_plan(told)).describe()
    assert ("WARNING: LABSET_ASSETS_OPEN=1" in lines) is warns
