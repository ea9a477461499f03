"""What clicks do, without Qt and without a scene."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.interaction import Signal
from UMambaXAILogic.interaction.panel.controller import Activity, PanelController, Question
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.packages import PackagesFacts
from UMambaXAILogic.interaction.protocol import Device, Step

INPUTS = PanelInputs(volume_id="vtk1", volume_name="CTA", model="demo")


class FakeJob:
    def __init__(self) -> None:
        self.progressed, self.warned, self.logged, self.finished = Signal(), Signal(), Signal(), Signal()
        self.state, self.error, self.progress, self.stage, self.seconds_left = "running", None, 0.0, "", None
        self.device, self.step, self.cancelled = None, None, False

    @property
    def is_over(self) -> bool:
        return self.state not in ("waiting", "running", "cancelling")

    def cancel(self) -> None:
        self.state, self.cancelled = "cancelling", True

    def end(self, state: str, error: Exception | None = None) -> None:
        self.state, self.error = state, error
        self.finished.emit(self)


@pytest.fixture
def world():
    """A controller and everything it talks to."""
    world = SimpleNamespace(jobs=[], measurements=[], contests=[], installs=[], asked=[], answer=True, refusal=None)
    world.actions, world.no_room, world.facts, world.told = [], None, PackagesFacts(state="ready"), []

    def start_run(inputs: PanelInputs) -> FakeJob:
        if world.refusal:
            raise world.refusal
        world.jobs.append(FakeJob())
        return world.jobs[-1]

    def start_measure(inputs: PanelInputs) -> FakeJob:
        world.measurements.append(FakeJob())
        return world.measurements[-1]

    def start_contest(inputs: PanelInputs) -> FakeJob:
        world.contests.append((inputs, FakeJob()))
        return world.contests[-1][1]

    def start_install(action: str = "") -> FakeJob:
        world.actions.append(action)
        world.installs.append(FakeJob())
        return world.installs[-1]

    def confirm(text: str, details: str) -> bool:
        world.asked.append(text)
        return world.answer

    def question(action: str = "") -> Question | None:
        if world.no_room:
            raise world.no_room
        return None if action == "verify" else Question("2.5 GB?", "every package")

    world.runtime = SimpleNamespace(
        is_ready=True,
        problem="",
        facts=lambda: world.facts,
        question=question,
        start=start_install,
        describe=lambda job: "They work.",
    )
    world.controller = PanelController(
        Activity(start_run, lambda job: "Dice 0.81", lambda job: world.told),
        Activity(start_measure, lambda job: "Noise 12 HU"),
        world.runtime,
        confirm,
        further={"contest": Activity(start_contest, lambda job: "Second of five")},
    )
    return world


def state(world):
    return world.controller.state(INPUTS)


def test_a_run_goes_from_running_to_its_summary(world):
    succeeded, changes = [], []
    world.controller.succeeded.connect(succeeded.append)
    world.controller.changed.connect(lambda: changes.append(state(world).job_state))
    world.controller.run(INPUTS)
    assert state(world).job_state == "running"
    job = world.jobs[0]
    job.progress, job.stage, job.seconds_left = 0.5, "explain", 12.0
    job.progressed.emit("explain", 0.5, 12.0)
    assert (state(world).progress, state(world).stage, state(world).seconds_left) == (0.5, "explain", 12.0)
    job.device = Device("CPU, 8 threads", 4096, "numba", "fastest here")
    assert state(world).device == "Computes on CPU, 8 threads, 4.0 GB free; selective scan: numba."
    job.device = Device("Apple GPU", None, "", "no scan")
    assert state(world).device == "Computes on Apple GPU."
    job.warned.emit("code", "Unlike the training data.")
    job.end("finished")
    assert state(world).summary == "Dice 0.81"
    assert state(world).warnings == ("Unlike the training data.",)
    assert succeeded == [job]
    assert changes[-1] == "finished"


def test_a_second_click_while_it_runs_does_nothing(world):
    world.controller.run(INPUTS)
    world.controller.run(INPUTS)
    assert len(world.jobs) == 1


def test_inputs_that_are_refused_become_the_message(world):
    world.refusal = InputError("The volume is 4-D.", "Choose one frame.")
    world.controller.run(INPUTS)
    assert state(world).error == "The volume is 4-D.\nChoose one frame."
    assert not world.controller.is_busy


def test_a_failure_becomes_the_message_and_the_next_run_clears_it(world):
    world.controller.run(INPUTS)
    world.jobs[0].end("failed", InputError("Empty.", "Choose another."))
    assert state(world).error == "Empty.\nChoose another."
    world.controller.run(INPUTS)
    assert state(world).error == ""


def test_a_cancel_is_no_error(world):
    world.controller.run(INPUTS)
    world.controller.cancel()
    assert world.jobs[0].cancelled
    world.jobs[0].end("cancelled", InputError("Cancelled."))
    assert state(world).error == ""
    assert state(world).job_state == "cancelled"


def test_forgetting_cancels_and_clears(world):
    world.controller.run(INPUTS)
    world.controller.forget()
    assert world.jobs[0].cancelled
    world.jobs[0].end("cancelled")
    world.controller.forget()
    assert state(world).job_state == ""


def test_packages_are_installed_only_after_a_yes_and_then_it_runs(world):
    world.runtime.is_ready, world.answer = False, False
    world.controller.run(INPUTS)
    assert world.asked == ["2.5 GB?"]
    assert not world.installs
    assert not world.jobs
    world.answer = True
    world.controller.run(INPUTS)
    assert state(world).runtime == "installing"
    world.installs[0].step = Step("download", "torch", 3, 99)
    assert state(world).step == Step("download", "torch", 3, 99)
    world.runtime.is_ready = True
    world.installs[0].end("finished")
    assert len(world.jobs) == 1
    assert state(world).job_state == "running"


def test_a_start_that_fails_in_an_unforeseen_way_is_shown_too(world):
    world.refusal = OSError(28, "No space left on device", "/tmp/umamba-xai")
    world.controller.run(INPUTS)
    assert "No space left" in state(world).error
    world.refusal = ValueError("unheard of")
    with pytest.raises(ValueError, match="unheard of"):  # for the console, with its traceback
        world.controller.run(INPUTS)
    assert "ValueError: unheard of" in state(world).error


def test_installing_outlives_the_scene_but_what_was_to_run_on_it_does_not(world):
    world.runtime.is_ready = False
    world.controller.run(INPUTS)
    world.controller.forget()
    assert not world.installs[0].cancelled
    assert state(world).runtime == "installing"
    world.runtime.is_ready = True
    world.installs[0].end("finished")
    assert not world.jobs
    assert not world.controller.is_busy
    world.controller.run(INPUTS)
    assert len(world.jobs) == 1


def test_an_installation_that_changes_nothing_is_not_repeated_for_ever(world):
    world.runtime.is_ready = False
    world.controller.run(INPUTS)
    world.installs[0].end("finished")
    assert len(world.installs) == 1
    assert "still they are not there" in state(world).error


def test_a_python_that_cannot_be_used_is_part_of_the_state(world):
    world.runtime.problem = "There is no Python at /x."
    assert state(world).runtime_problem == "There is no Python at /x."


def test_measuring_goes_its_own_way_to_its_own_summary(world):
    succeeded, measured = [], []
    world.controller.succeeded.connect(succeeded.append)
    world.controller.measured.connect(measured.append)
    world.controller.measure(INPUTS)
    assert state(world).job_state == "running"
    assert not world.jobs
    world.measurements[0].warned.emit("outside_reference_profile", "The noise is higher.")
    world.measurements[0].end("finished")
    assert state(world).summary == "Noise 12 HU"
    assert state(world).warnings == ("The noise is higher.",)
    assert (succeeded, measured) == ([], world.measurements)


def test_one_thing_at_a_time(world):
    world.controller.measure(INPUTS)
    world.controller.run(INPUTS)
    assert not world.jobs
    world.measurements[0].end("finished")
    world.controller.run(INPUTS)
    world.controller.measure(INPUTS)
    assert (len(world.jobs), len(world.measurements)) == (1, 1)


def test_after_installing_what_was_clicked_is_done(world):
    world.runtime.is_ready = False
    world.controller.measure(INPUTS)
    world.runtime.is_ready = True
    world.installs[0].end("finished")
    assert (len(world.jobs), len(world.measurements)) == (0, 1)


def test_a_profile_that_is_not_there_is_part_of_the_state_until_something_runs(world, tmp_path):
    inputs = dataclasses.replace(INPUTS, profile=str(tmp_path / "gone.json"))
    assert "gone.json" in world.controller.state(inputs).profile_problem
    world.controller.run(inputs)  # needs no profile
    assert world.controller.state(inputs).profile_problem == ""


def test_what_goes_wrong_outside_a_job_is_said_and_forgotten_with_the_next_run(world):
    world.controller.report(InputError("The folder is full.", "Choose another."))
    assert state(world).error == "The folder is full.\nChoose another."
    world.controller.run(INPUTS)
    assert not state(world).error


def test_the_packages_are_looked_after_after_a_yes_and_one_thing_at_a_time(world):
    world.answer = False
    world.controller.maintain("delete")
    assert (world.asked, world.actions) == (["2.5 GB?"], [])
    world.answer = True
    world.controller.maintain("delete")
    world.controller.maintain("install")
    world.controller.run(INPUTS)
    assert (world.actions, world.jobs) == (["delete"], [])
    assert state(world).runtime == "installing"
    world.installs[0].end("finished")
    assert (state(world).summary, state(world).job_state) == ("They work.", "finished")
    world.controller.run(INPUTS)
    assert len(world.jobs) == 1


def test_what_needs_no_question_begins_at_once(world):
    world.controller.maintain("verify")
    assert (world.asked, world.actions) == ([], ["verify"])


def test_what_cannot_be_done_is_said_instead_of_asked(world):
    world.no_room = InputError("8 GB are needed, 1 GB is free.", "Free some space.")
    world.controller.maintain("install")
    assert state(world).error == "8 GB are needed, 1 GB is free.\nFree some space."
    world.runtime.is_ready = False
    world.controller.run(INPUTS)
    assert "8 GB" in state(world).error
    assert (world.asked, world.installs) == ([], [])


def test_a_cancelled_installation_says_that_nothing_changed(world):
    world.controller.maintain("install")
    world.controller.cancel()
    world.installs[0].end("cancelled", InputError("Cancelled."))
    assert (state(world).job_state, state(world).is_about_packages) == ("cancelled", True)
    assert state(world).error == ""


def test_while_something_runs_nobody_looks_at_the_disk(world):
    world.facts = PackagesFacts(state="outdated")
    world.runtime.is_ready = False
    assert state(world).runtime == "outdated"
    world.controller.maintain("update")
    world.runtime.facts = None
    assert state(world).packages.state == "outdated"


def test_what_was_said_is_forgotten_when_something_else_is_chosen(world):
    world.controller.follow(INPUTS)
    world.controller.run(INPUTS)
    world.jobs[0].warned.emit("code", "Unlike the training data.")
    world.jobs[0].end("failed", InputError("Empty.", "Choose another."))
    world.controller.follow(dataclasses.replace(INPUTS, volume_name="renamed", threshold=0.7))
    assert state(world).error == "Empty.\nChoose another."
    world.controller.follow(dataclasses.replace(INPUTS, volume_id="vtk2"))
    assert (state(world).error, state(world).warnings, state(world).job_state) == ("", (), "")


def test_what_changes_during_a_run_does_not_hide_how_it_ends(world):
    world.controller.run(INPUTS)
    gone = PanelInputs(model="demo")
    world.controller.follow(gone)
    assert world.controller.is_busy
    world.jobs[0].end("failed", InputError("The volume was removed.", "Load it again."))
    world.controller.follow(gone)
    assert state(world).error == "The volume was removed.\nLoad it again."


def test_a_warning_that_the_result_says_is_not_said_twice(world):
    world.told = ["Unlike the training data."]
    world.controller.run(INPUTS)
    for message in ("Unlike the training data.", "Slow device."):
        world.jobs[0].warned.emit("code", message)
    assert len(state(world).warnings) == 2
    world.jobs[0].end("finished")
    assert state(world).warnings == ("Slow device.",)


def test_of_a_run_whose_scene_was_closed_nothing_is_said(world):
    world.controller.run(INPUTS)
    world.controller.forget()
    assert world.jobs[0].cancelled and world.controller.is_busy
    world.jobs[0].end("cancelled", InputError("Cancelled."))
    assert (state(world).job_state, state(world).error) == ("", "")


def test_a_further_activity_runs_alone_and_says_by_its_name_that_it_ended(world):
    succeeded, ended = [], []
    world.controller.succeeded.connect(succeeded.append)
    world.controller.ended.connect(lambda name, job: ended.append((name, job)))
    assert state(world).activity == "run"
    world.controller.begin("contest", INPUTS)
    ((inputs, job),) = world.contests
    assert inputs == INPUTS and state(world).is_busy and state(world).activity == "contest"
    world.controller.run(INPUTS)
    assert world.jobs == []
    job.end("finished")
    assert ended == [("contest", job)] and succeeded == []
    assert state(world).summary == "Second of five" and state(world).activity == "contest"


def test_a_further_activity_begins_after_the_packages_were_installed(world):
    world.runtime.is_ready = False
    world.controller.begin("contest", INPUTS)
    world.runtime.is_ready = True
    world.installs[0].end("finished")
    assert [inputs for inputs, _job in world.contests] == [INPUTS]
