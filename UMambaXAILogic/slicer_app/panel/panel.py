"""The sections put together: what they share, and what happens to all of them when the scene comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import vtk

from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.interaction.panel.activities import SAM
from UMambaXAILogic.interaction.panel.controller import PanelController
from UMambaXAILogic.interaction.panel.devices import DeviceInquiry
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.pace import Pace

from ..event_loop import call_later
from .advanced_section import AdvancedSection
from .binding import Binding
from .chosen_inputs import chosen_inputs
from .click_section import ClickSection
from .comparison_section import ComparisonSection
from .deletion_drawing import DeletionDrawing
from .deletion_section import DeletionSection
from .inputs_section import InputsSection
from .judge_section import JudgeSection
from .log_section import LogSection
from .packages_section import PackagesSection
from .parameters import scene_parameters
from .result_controls import ResultControls
from .result_section import ResultSection
from .run_section import RunSection
from .sam_section import SamSection
from .section import Section
from .services import PanelServices
from .statistics_section import StatisticsSection


class Panel:
    """Everything in sight. Sections collect, delegate and show; the controller decides.

    Args:
        layout: where the sections go.
        ui_path: path of a .ui file from its name.
        services: what the panel works with; see ``use``.
    """

    def __init__(self, layout: Any, ui_path: Callable[[str], str], services: PanelServices) -> None:
        self.parameters: Any = None
        self._observation: int | None = None
        self._binding: Binding | None = None

        def made(kind: type) -> Any:
            return kind(self, ui_path(kind.ui_file))

        self.inputs_section = made(InputsSection)
        self.advanced_section = made(AdvancedSection)
        self.run_section = made(RunSection)
        self.result_section = made(ResultSection)
        self.click_section = made(ClickSection)
        self.comparison_section = made(ComparisonSection)
        self.deletion_section = made(DeletionSection)
        self.judge_section = made(JudgeSection)
        self.sam_section = made(SamSection)
        self.statistics_section = made(StatisticsSection)
        self.packages_section = made(PackagesSection)
        self.log_section = made(LogSection)
        self.sections: tuple[Section, ...] = (
            self.inputs_section,
            self.advanced_section,
            self.run_section,
            self.result_section,
            self.click_section,
            self.comparison_section,
            self.deletion_section,
            self.judge_section,
            self.sam_section,
            self.statistics_section,
            self.packages_section,
            self.log_section,
        )
        #: All named controls, whatever section they are in.
        self.ui = SimpleNamespace()
        for section in self.sections:
            layout.addWidget(section.widget)
            self._take_controls(section)
        self._progress = Pace(self.refresh, call_later)
        self._services: PanelServices | None = None
        self.use(services)
        for section in self.sections:
            section.connect_controls()

    def _take_controls(self, section: Section) -> None:
        twice = sorted(vars(self.ui).keys() & vars(section.ui).keys())
        if twice:
            raise ValueError(f"{section.ui_file} names controls that another section has too: {', '.join(twice)}")
        vars(self.ui).update(vars(section.ui))

    @property
    def controller(self) -> PanelController:
        """What clicks do."""
        assert self._services is not None
        return self._services.controller

    @property
    def dialogs(self) -> Any:
        """What asks the user."""
        assert self._services is not None
        return self._services.dialogs

    @property
    def results(self) -> ResultControls:
        """What shows a result."""
        assert self._services is not None
        return self._services.results

    @property
    def deletion(self) -> DeletionDrawing:
        """What draws a deletion curve."""
        assert self._services is not None
        return self._services.deletion

    @property
    def devices(self) -> DeviceInquiry:
        """What can compute."""
        assert self._services is not None
        return self._services.devices

    def use(self, services: PanelServices) -> None:
        """Work with these services; tests bring their own."""
        self.leave()
        self._services = services
        for signal, receive in self._heard():
            signal.connect(receive)
        self.refresh()

    def leave(self) -> None:
        """Let the services go, and what runs with them."""
        if self._services is None:
            return
        for signal, receive in self._heard():
            signal.disconnect(receive)
        self._progress.drop()
        self.devices.cancel()
        self.results.leave()
        self.controller.cancel()
        self.controller.forget()
        self._services = None

    def remove(self) -> None:
        """Take the sections out of sight for good: a reloaded module sets up its own."""
        self.leave_scene()
        self.leave()
        for section in self.sections:
            if section.widget:  # falsy once Qt has destroyed it
                section.widget.deleteLater()

    def _heard(self) -> list[tuple[Any, Callable[..., None]]]:
        return [
            (self.controller.changed, self.refresh),
            (self.controller.progressed, self._progress.ask),
            (self.devices.changed, self.refresh),
            (self.deletion.changed, self.refresh),
            (self.controller.logged, self.log_section.add),
            (self.controller.succeeded, self._on_succeeded),
            (self.controller.ended, self._on_ended),
            (self.controller.measured, self.statistics_section.take_result),
            (self.results.shown, self.result_section.on_shown),
        ]

    def _on_ended(self, name: str, job: Any) -> None:
        if name == SAM:  # its result is one as any other
            self._on_succeeded(job)

    def _on_succeeded(self, job: Any) -> None:
        self.result_section.take_result(job)
        self.refresh()

    def follow_scene(self) -> None:
        """Use this scene's parameters."""
        self.leave_scene()
        self.parameters = scene_parameters()
        for section in self.sections:
            section.before_binding(self.parameters)
        # Once for all: every further binding would rewrite all controls at every change.
        self._binding = Binding(self.parameters, self.ui)
        for section in self.sections:
            section.after_binding(self.parameters)
        self._observation = self.parameters.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_parameters_modified)
        self.refresh()

    def leave_scene(self) -> None:
        """Hold on to nothing of the scene."""
        if self.parameters is None:
            return
        for section in self.sections:
            section.before_leaving()
        if self._observation is not None:
            self.parameters.RemoveObserver(self._observation)
        if self._binding is not None:  # else something went wrong while this scene was being followed
            self._binding.release()
        self.parameters = self._binding = self._observation = None

    def _on_parameters_modified(self, caller: Any = None, event: Any = None) -> None:
        for section in self.sections:
            section.on_parameters_modified()
        self.refresh()

    def inputs(self) -> PanelInputs:
        """What is chosen."""
        return chosen_inputs(self.parameters)

    def refresh(self) -> None:
        """Let every section show what is known."""
        state = self.controller.state(self.inputs())
        for section in self.sections:
            section.show(state)

    def attempt(self, action: Callable[[], Any]) -> None:
        """Do something; what goes wrong is said in the panel."""
        try:
            action()
        except UMambaXAIError as error:
            self.controller.report(error)

    def clear_log(self) -> None:
        """Begin a new log."""
        self.log_section.clear()
