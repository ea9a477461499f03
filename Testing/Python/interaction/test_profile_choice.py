"""A glance at the profile that was chosen."""

from __future__ import annotations

from UMambaXAILogic.interaction.profile_choice import problem_with_profile


def test_no_profile_is_no_problem():
    assert problem_with_profile("") == ""


def test_a_profile_that_is_not_there_says_where_it_was_looked_for():
    problem = problem_with_profile("/nowhere/source.json")
    assert "/nowhere/source.json" in problem
    assert "Choose" in problem


def test_a_folder_is_no_profile(tmp_path):
    assert "folder" in problem_with_profile(str(tmp_path))


def test_a_file_is_left_to_the_worker(tmp_path):
    (tmp_path / "source.json").write_text("{}")
    assert problem_with_profile(str(tmp_path / "source.json")) == ""
