from __future__ import annotations

import time

import pytest

from app.bodies import parse_json
from core.errors import Invalid


def test_a_name_that_stands_twice_is_told() -> None:
    with pytest.raises(Invalid) as refused:
        parse_json(b'{"a": 1, "b": {"c": 1, "c": 2}}', "The body", names_once=True)
    assert refused.value.details == {"field": "c"}
    assert parse_json(b'{"a": {"c": 1}, "b": {"c": 2}}', "The body", names_once=True)


def test_it_is_found_as_fast_among_very_many_names() -> None:
    names = ",".join(f'"{number}":1' for number in range(90_000))
    began = time.process_time()
    with pytest.raises(Invalid):
        parse_json(f'{{{names},"89999":1}}'.encode(), "The body", names_once=True)
    assert time.process_time() - began < 2
