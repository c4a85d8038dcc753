from __future__ import annotations

import pytest

from core.errors import Conflict, Invalid
from core.model.history import Branch, Refs, Tag
from core.model.names import Ref, Revision
from core.usecases.datasets.branches import check_new_branch

TIP = Revision("a" * 40)
REFS = Refs(branches=(Branch("main", TIP), Branch("line/3", TIP)), tags=(Tag("v1", TIP),))


@pytest.mark.parametrize("name", ("line/4", "mainly", "v1.1", "v1/2", "20261121"))
def test_a_new_branch_may_be_called_so(name: str) -> None:
    check_new_branch(Ref(name), REFS)


@pytest.mark.parametrize("name", ("v1", "line", "line/3/a", "main/a"))
def test_a_new_branch_hides_no_release_and_fits_beside_the_others(name: str) -> None:
    with pytest.raises(Conflict) as caught:
        check_new_branch(Ref(name), REFS)
    assert caught.value.code == "name_taken"


@pytest.mark.parametrize("name", ("b" * 40, "HEAD", "refs/heads/main"))
def test_a_new_branch_is_called_neither_like_a_commit_nor_like_git_s_own(name: str) -> None:
    with pytest.raises(Invalid):
        check_new_branch(Ref(name), REFS)
