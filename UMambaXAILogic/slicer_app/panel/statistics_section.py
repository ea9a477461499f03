"""Domain statistics of the chosen volume: measured, compared with a profile, shown as table and histogram."""

from __future__ import annotations

from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.interaction.panel.statistics import statistics_ui

from ..connections import connect
from .parameters import present, scene_parameters
from .section import Section, write
from .statistics_views import show_beside_slices, show_in_panel


class StatisticsSection(Section):
    """Measures the volume."""

    ui_file = "Statistics.ui"

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.browseProfileButton, "clicked(bool)", self.on_browse_profile)
        connect(self.ui.measureButton, "clicked(bool)", self.on_measure)
        connect(self.ui.showHistogramButton, "clicked(bool)", self.on_show_histogram)

    def take_result(self, job: Any) -> None:
        """The statistics are in the scene: show them, also where the panel is out of sight."""
        chosen = scene_parameters()
        chosen.domainTable = job.result.tableNode
        chosen.domainChart = job.result.histogramChartNode

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, statistics_ui(state, _)
        chosen = self.panel.parameters
        table = None if chosen is None else present(chosen.domainTable)
        ui.profileEdit.setEnabled(shown.inputs_enabled)
        ui.browseProfileButton.setEnabled(shown.inputs_enabled)
        ui.measureButton.setEnabled(shown.measure_enabled)
        ui.measureButton.setText(shown.measure_text)
        ui.measureButton.setToolTip(shown.measure_tooltip)
        write(ui.measureHintLabel, shown.hint)
        ui.domainTableView.setVisible(table is not None)
        ui.showHistogramButton.setEnabled(table is not None)
        show_in_panel(ui.domainTableView, table)

    def on_measure(self, checked: bool = False) -> None:
        """Domain statistics."""
        self.panel.clear_log()
        self.panel.controller.measure(self.panel.inputs())

    def on_browse_profile(self, checked: bool = False) -> None:
        """Choose the reference profile in a dialog."""
        path = self.panel.dialogs.choose_profile(self.panel.parameters.profilePath)
        if path:
            self.panel.parameters.profilePath = path

    def on_show_histogram(self, checked: bool = False) -> None:
        """Show histogram and table beside the slices."""
        chosen = self.panel.parameters
        if present(chosen.domainTable) is not None and present(chosen.domainChart) is not None:
            show_beside_slices(chosen.domainTable, chosen.domainChart)
