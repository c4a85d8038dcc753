"""P4 as promised: a hundred clients on one branch, fifty on one path."""

from __future__ import annotations

from tests.integration.faults.crowds import check_that_all_succeed, check_that_one_wins
from tests.integration.faults.world import World


def test_a_hundred_clients_on_one_branch_all_succeed_in_a_minute(world: World) -> None:
    check_that_all_succeed(world, 100)


def test_of_fifty_on_one_path_one_wins_and_the_others_hear_who(world: World) -> None:
    check_that_one_wins(world, 50)
