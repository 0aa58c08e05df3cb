"""The quick writer of many rows says byte for byte what the only writer of YAML says."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.rendering import yaml_rows, yaml_text

ODD = ("😀", "\x85", "\u2028", "\ufeff", "\x07", "\t", '"', ': "', "- ", "...", "---", "? ", "#", "~", "true", "1.0", "\n",
       " \n", "字" * 70, "x" * 130, "::1", "%")  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=20), st.lists(st.sampled_from([*ODD, "word", "说明", " "]), max_size=12).map("".join)
)
PLAIN = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.just(1.5))
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(st.sampled_from(["a", "some-key", "uid"]), inner, max_size=3),
    ),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["message", "name", "rule"]), VALUES, max_size=3), max_size=4)


@settings(max_examples=300, deadline=None)
@given(ROWS)
@example([{"name": "a\n\n"}, {"name": "b"}])
@example([{"name": "b"}, {"name": "a\n\n"}])
@example([{"name": "ends so..."}, {"name": "..."}])
@example([{"name": "\n\u2028\u2028"}, {"name": "b"}])
def test_many_rows_are_written_as_one_list_is(rows: list[dict[str, Any]]) -> None:
    assert yaml_rows(rows) == yaml_text(rows)


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_row_among_others_changes_none_of_them(odd: str) -> None:
    plain = {"policy": "NET-001", "message": "一行\n另一行", "properties": {"place": "inventory/requests/a.yaml:7"}}
    rows: list[dict[str, Any]] = [plain, {**plain, "name": f"a{odd} b", "message": f"一\n{odd}二"}, plain]
    text = yaml_rows(rows)
    assert text == yaml_text(rows)
    if odd not in ("\x85", "\u2028"):  # breaks to a reader too
        assert yaml.safe_load(text) == rows
