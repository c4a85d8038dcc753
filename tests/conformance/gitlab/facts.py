"""The facts about GitLab 18 that Labset relies on: each has a test here whose name cites it."""

from __future__ import annotations

_RELIED_ON = {
    "ERR": (*range(1, 8),),
    "AUTH": (*range(1, 5), *range(6, 12)),
    "USER": (*range(1, 10),),
    "PROJ": (1, 2, *range(4, 18), *range(20, 35)),
    "VIS": (1, 2, *range(4, 8)),
    "PERM": (*range(1, 15),),
    "COMM": (*range(1, 18),),
    "FILE": (*range(1, 10),),
    "REF": (*range(1, 5), 6, 7, 9, 10),
    "TREE": (*range(1, 9),),
    "MEMB": (*range(1, 11),),
    "GRP": (*range(1, 7),),
    "PAGE": (*range(1, 8),),
    "GIT": (*range(1, 9), *range(10, 22)),
    "HOOK": (1, 2, *range(4, 9)),
    "OAUTH": (*range(1, 10),),
}
_NICE = {
    "ERR": (8,),
    "AUTH": (5, 12, 13),
    "PROJ": (3, 18, 19),
    "VIS": (3,),
    "COMM": (18, 19),
    "FILE": (10,),
    "REF": (5, 8),
    "MEMB": (11,),
    "GRP": (7,),
    "GIT": (9,),
    "HOOK": (3, 9, 10),
    "OAUTH": (10,),
}


def _ids(table: dict[str, tuple[int, ...]]) -> frozenset[str]:
    return frozenset(f"{name}-{number}" for name, numbers in table.items() for number in numbers)


RELIED_ON = _ids(_RELIED_ON)
NICE = _ids(_NICE)
