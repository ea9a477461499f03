"""What changes many times a second is shown at once, then seldom, and the last of it always."""

from __future__ import annotations

import pytest

from UMambaXAILogic.interaction.panel.pace import PAUSE_S, Pace


class World:
    """A clock that is set by hand, and calls that are made by hand."""

    def __init__(self) -> None:
        self.now, self.value, self.shown, self.due = 100.0, 0, [], []
        self.pace = Pace(lambda: self.shown.append(self.value), self.call_later, lambda: self.now)

    def call_later(self, seconds, callback):
        self.due.append((self.now + seconds, callback))

    def change(self, value):
        self.value = value
        self.pace.ask()

    def pass_time(self, seconds):
        self.now += seconds
        ripe = [callback for due, callback in self.due if due <= self.now + 1e-9]
        self.due = [(due, callback) for due, callback in self.due if due > self.now + 1e-9]
        for callback in ripe:
            callback()


@pytest.fixture
def world():
    return World()


def test_the_first_change_is_shown_at_once(world):
    world.change(1)
    assert world.shown == [1] and not world.due


def test_changes_that_come_fast_become_one_and_the_last_is_shown(world):
    for value in range(1, 50):
        world.change(value)
    assert world.shown == [1] and len(world.due) == 1
    world.pass_time(PAUSE_S)
    assert world.shown == [1, 49]


def test_changes_that_come_slowly_are_all_shown_at_once(world):
    for value in (1, 2, 3):
        world.change(value)
        world.pass_time(1.1 * PAUSE_S)
    assert world.shown == [1, 2, 3] and not world.due


def test_what_was_dropped_is_not_shown_and_what_comes_after_is(world):
    world.change(1)
    world.change(2)
    world.pace.drop()
    world.pass_time(PAUSE_S)
    assert world.shown == [1]
    world.change(3)
    assert world.shown == [1, 3]


def test_nothing_is_shown_twice_where_it_was_dropped_and_asked_for_again(world):
    world.change(1)
    world.change(2)
    world.pace.drop()
    world.change(3)
    world.pass_time(PAUSE_S)
    assert world.shown == [1, 3]


def test_a_failure_to_show_does_not_end_it(world):
    world.pace = Pace(lambda: 1 / 0, world.call_later, lambda: world.now)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            world.pace.ask()
