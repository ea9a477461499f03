"""Progress and time left, against arithmetic done by hand."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.progress import STAGES
from UMambaXAILogic.interaction.estimate import ProgressEstimate


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_stages_count_with_their_share(clock):
    estimate = ProgressEstimate(clock)
    assert (estimate.overall, estimate.stage, estimate.seconds_left) == (0.0, "", None)
    estimate.enter("segment")
    before = STAGES["load_model"] + STAGES["read"] + STAGES["preprocess"]
    assert estimate.overall == pytest.approx(before)
    estimate.advance("segment", 0.5)
    assert estimate.overall == pytest.approx(before + 0.5 * STAGES["segment"])


def test_progress_never_goes_back(clock):
    estimate = ProgressEstimate(clock)
    estimate.advance("explain", 0.5)
    reached = estimate.overall
    estimate.enter("read")
    assert estimate.overall == reached


def test_time_left_is_the_stage_at_its_own_pace_and_the_rest_at_the_pace_so_far(clock):
    estimate = ProgressEstimate(clock)
    estimate.enter("load_model")
    clock.now += 10
    estimate.enter("segment")
    clock.now += 20
    estimate.advance("segment", 0.25)
    stage_left = 20 * 3  # a quarter took 20 s
    done = sum(STAGES[name] for name in ("load_model", "read", "preprocess", "segment"))
    per_share = (10 + 20 + stage_left) / done
    assert estimate.seconds_left == pytest.approx(stage_left + per_share * (1 - done))


def test_nothing_is_promised_too_early(clock):
    estimate = ProgressEstimate(clock)
    estimate.enter("segment")
    estimate.advance("segment", 0.5)
    assert estimate.seconds_left is None  # no time has passed
    clock.now += 5
    assert estimate.seconds_left is not None
    estimate.enter("explain")
    assert estimate.seconds_left is None  # nothing of this stage is done


def test_an_unknown_stage_is_shown_and_counts_nothing(clock):
    estimate = ProgressEstimate(clock)
    estimate.advance("warm_up", 0.5)
    clock.now += 10
    assert (estimate.stage, estimate.overall, estimate.seconds_left) == ("warm_up", 0.0, None)


def test_when_complete_nothing_is_left(clock):
    estimate = ProgressEstimate(clock)
    estimate.enter("write")
    estimate.complete()
    assert (estimate.overall, estimate.seconds_left) == (1.0, 0.0)
