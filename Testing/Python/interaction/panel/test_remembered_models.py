"""The models that were used before."""

from __future__ import annotations

import pytest

from UMambaXAILogic.interaction.panel.remembered_models import (
    CHOOSE_ARCHIVE,
    CHOOSE_FOLDER,
    MOST_REMEMBERED,
    RememberedModel,
    from_text,
    model_entries,
    remembered,
    to_text,
)


def test_the_latest_comes_first_and_only_once():
    models = remembered(remembered(remembered((), "/a", "A"), "/b", "B"), "/a/", "A again")
    assert models == (RememberedModel("/a/", "A again"), RememberedModel("/b", "B"))


def test_the_longest_unused_are_forgotten():
    models: tuple[RememberedModel, ...] = ()
    for number in range(MOST_REMEMBERED + 3):
        models = remembered(models, f"/{number}", str(number))
    assert len(models) == MOST_REMEMBERED
    assert models[0].path == f"/{MOST_REMEMBERED + 2}"
    assert models[-1].path == "/3"


def test_the_list_travels_as_one_text():
    models = (RememberedModel("/ein Ordner/ä", "Gefäße, U-Mamba Bot"), RememberedModel("C:\\b", "B"))
    assert from_text(to_text(models)) == models


@pytest.mark.parametrize("text", ["", "x", "{}", "[3]", '[{"path": "/a"}]', "null"])
def test_what_is_no_such_text_is_an_empty_list(text):
    assert from_text(text) == ()


def test_what_there_is_to_choose_from():
    models = (RememberedModel("/b", "B"), RememberedModel("/a", "A"))
    entries = model_entries("demo", models, {"/a"})
    assert [entry.key for entry in entries] == ["demo", "/b", "/a", CHOOSE_FOLDER, CHOOSE_ARCHIVE]
    assert [entry.text for entry in entries][1:3] == ["B", "A (missing)"]
    assert entries[1].tooltip == "/b"


def test_the_chosen_model_is_in_the_list_even_where_it_was_never_used():
    entries = model_entries("/models/mine/", (RememberedModel("/b", "B"),), ())
    assert [(entry.key, entry.text) for entry in entries][1:3] == [("/models/mine/", "mine"), ("/b", "B")]
    assert [entry.key for entry in model_entries("", (), ())] == ["demo", CHOOSE_FOLDER, CHOOSE_ARCHIVE]


def test_models_of_one_title_are_told_apart_by_as_much_of_their_paths_as_it_takes():
    def texts(*paths: str) -> list[str]:
        entries = model_entries("demo", [RememberedModel(path, "T") for path in paths], ())
        return [entry.text for entry in entries[1:-2]]

    assert texts("/x/first", "/x/second") == ["T (first)", "T (second)"]
    assert texts("/one/fold", "/two/fold") == ["T (one)", "T (two)"]
    assert texts("/1/a/fold", "/2/a/fold") == ["T (/1/a/fold)", "T (/2/a/fold)"]
