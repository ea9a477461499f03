"""JSON text keeps lists of numbers on one line, and means what plain JSON means."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.json_text import json_text

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
bodies = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@given(bodies)
def test_it_reads_as_what_was_written(body):
    assert json.loads(json_text(body)) == body


def test_numbers_share_a_line_and_texts_do_not():
    text = json_text(
        {"counts": [1, 2.5e-7, None, -3], "names": ["a", "b"], "text": "[\n 1,\n 2\n]", "nested": [[1], [2]]}
    )
    assert '"counts": [1, 2.5e-07, null, -3]' in text
    assert '"names": [\n' in text and text.endswith("}\n")
    assert json.loads(text)["text"] == "[\n 1,\n 2\n]"


def test_what_json_does_not_know_is_a_mistake():
    with pytest.raises(ValueError):
        json_text([float("nan")])
