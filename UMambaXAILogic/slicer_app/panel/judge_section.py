"""Is a map evidence? Judges the one on show, and benchmarks methods."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.activities import BENCHMARK, JUDGE
from UMambaXAILogic.interaction.panel.benchmark import BenchmarkFacts, BenchmarkUi, benchmark_ui
from UMambaXAILogic.interaction.panel.benchmark_choices import METHODS, kept_methods
from UMambaXAILogic.interaction.panel.judge import JudgedFacts, judge_ui, progress_ui
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.scene.import_benchmark import DELETION_CHART, INSERTION_CHART, TABLE, BenchmarkRecord
from UMambaXAILogic.scene.result_view.nodes import ATTENTION, METRICS, VOLUME

from ..connections import connect
from .judge_facts import benchmark_facts, benchmark_of, judged_facts, own_map_volumes
from .option_controls import checked_keys, chosen_key, show_checks, show_choice
from .progress_controls import show_progress
from .section import Section, write
from .statistics_views import show_beside_slices, show_in_panel
from .volume_watch import VolumeWatch

if TYPE_CHECKING:
    from .panel import Panel

_INPUTS = (
    "benchmarkRobustnessCheckBox",
    "benchmarkSanityCheckBox",
    "benchmarkBudgetSpinBox",
    "benchmarkSeedSpinBox",
    "benchmarkFillSelector",
    "benchmarkFolderEdit",
    "browseBenchmarkFolderButton",
)


class JudgeSection(Section):
    """Judges maps by evidence."""

    ui_file = "Judge.ui"

    def __init__(self, panel: Panel, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._judged: tuple[Any, JudgedFacts] | None = None
        self._benchmark: tuple[Any, BenchmarkFacts] | None = None
        self._watch = VolumeWatch(lambda callback: self.panel.results.later(callback), self._on_volumes)
        self._own_maps_tooltip = self.ui.ownMapsSelector.toolTip
        self.methods: dict[str, Any] = {}
        for name in METHODS:
            box = qt.QCheckBox()
            box.objectName = f"benchmark_{name}"
            self.ui.benchmarkMethodsBox.layout().addWidget(box)
            self.methods[name] = box

    def connect_controls(self) -> None:
        """See ``Section``."""
        ui = self.ui
        connect(ui.judgeButton, "clicked(bool)", partial(self.on_start, JUDGE))
        connect(ui.benchmarkButton, "clicked(bool)", partial(self.on_start, BENCHMARK))
        connect(ui.judgeCancelButton, "clicked(bool)", self.on_cancel)
        connect(ui.benchmarkFillSelector, "currentIndexChanged(int)", self.on_fill)
        connect(ui.browseBenchmarkFolderButton, "clicked(bool)", self.on_browse_folder)
        connect(ui.benchmarkDeletionButton, "clicked(bool)", partial(self.on_curves, DELETION_CHART))
        connect(ui.benchmarkInsertionButton, "clicked(bool)", partial(self.on_curves, INSERTION_CHART))
        connect(ui.benchmarkFolderButton, "clicked(bool)", self.on_open_folder)
        connect(ui.ownMapsSelector, "checkedIndexesChanged()", self.on_own_maps)
        for box in self.methods.values():
            connect(box, "toggled(bool)", self.on_method)

    def after_binding(self, parameters: Any) -> None:
        """Any volume may be a map: offer those that come, and no longer those that go."""
        self._watch.follow(self.panel.results.scene)

    def before_leaving(self) -> None:
        """See ``Section``."""
        self._watch.stop()
        self._judged = self._benchmark = None
        self._show_table(None)

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, judged = self.ui, judge_ui(state, self._facts(), _)
        ui.judgeButton.setEnabled(judged.enabled)
        ui.judgeButton.setText(judged.text)
        ui.judgeButton.setToolTip(judged.tooltip)
        for label, text in (
            (ui.judgeSubjectLabel, judged.subject),
            (ui.judgeHintLabel, judged.hint),
            (ui.judgeBadgesLabel, judged.badges),
        ):
            write(label, text)
        record = self._record()
        self._show_benchmark(benchmark_ui(state, self._benchmark_facts(record), _), record)
        show_progress(ui, "judge", progress_ui(state, (JUDGE, BENCHMARK), _))

    def on_start(self, activity: str, checked: bool = False) -> None:
        """Judge the map on show, or benchmark methods."""
        self.panel.clear_log()
        self.panel.controller.begin(activity, self.panel.inputs())

    def on_cancel(self, checked: bool = False) -> None:
        """Stop what runs."""
        self.panel.controller.cancel()

    def on_method(self, checked: bool = False) -> None:
        """Other methods are judged."""
        names = tuple(name for name, box in self.methods.items() if box.checked)
        self.panel.parameters.benchmarkMethods = list(kept_methods(names))

    def on_own_maps(self) -> None:
        """Other maps of the user's own are judged."""
        scene = self.panel.results.scene
        nodes = [scene.GetNodeByID(key) for key in checked_keys(self.ui.ownMapsSelector)]
        self.panel.parameters.benchmarkMaps = [node for node in nodes if node is not None]

    def on_fill(self, index: int) -> None:
        """Something else takes the voxels' place."""
        self.panel.parameters.benchmarkFill = chosen_key(self.ui.benchmarkFillSelector)

    def on_browse_folder(self, checked: bool = False) -> None:
        """Choose where the files are kept."""
        path = self.panel.dialogs.choose_benchmark_folder(self.panel.parameters.benchmarkFolder)
        if path:
            self.panel.parameters.benchmarkFolder = path

    def on_curves(self, chart: str, checked: bool = False) -> None:
        """Show curves and table beside the slices."""
        record = self._record()
        if record is not None and record.get(chart) is not None:
            show_beside_slices(record.get(TABLE), record.get(chart))

    def on_open_folder(self, checked: bool = False) -> None:
        """Show the benchmark's files."""
        self._benchmark = None  # look anew
        facts = self._benchmark_facts(self._record())
        if facts.folder:
            self.panel.dialogs.open_folder(facts.folder)
        else:  # it went meanwhile
            self.panel.refresh()

    def _show_benchmark(self, shown: BenchmarkUi, record: BenchmarkRecord | None) -> None:
        ui = self.ui
        for option in shown.methods:
            box = self.methods[option.key]
            was_blocked = box.blockSignals(True)
            box.setChecked(option.key in shown.methods_checked)
            box.blockSignals(was_blocked)
            box.setText(option.text)
            box.setToolTip(option.tooltip)
            box.setEnabled(shown.inputs_enabled)
        show_checks(ui.ownMapsSelector, shown.maps, shown.maps_checked)
        ui.ownMapsSelector.setEnabled(not shown.maps_reason)
        reason = f"{shown.maps_reason}\n\n" if shown.maps_reason else ""
        ui.ownMapsSelector.setToolTip(f"{reason}{self._own_maps_tooltip}")
        show_choice(ui.benchmarkFillSelector, shown.fills, shown.fill)
        for name in _INPUTS:
            getattr(ui, name).setEnabled(shown.inputs_enabled)
        ui.benchmarkButton.setEnabled(shown.start_enabled)
        ui.benchmarkButton.setText(shown.start_text)
        ui.benchmarkButton.setToolTip(shown.start_tooltip)
        for label, text in (
            (ui.benchmarkCostLabel, shown.cost),
            (ui.benchmarkHintLabel, shown.hint),
            (ui.benchmarkSubjectLabel, shown.subject),
            (ui.benchmarkReadingLabel, shown.reading),
        ):
            write(label, text)
        ui.benchmarkTableView.setVisible(record is not None)
        self._show_table(None if record is None else record.get(TABLE))
        ui.benchmarkDeletionButton.setEnabled(shown.deletion_enabled)
        ui.benchmarkInsertionButton.setEnabled(shown.insertion_enabled)
        ui.benchmarkFolderButton.setEnabled(shown.folder_enabled)
        ui.benchmarkFolderButton.setToolTip(shown.folder_tooltip)

    def _show_table(self, node: Any) -> None:
        view = self.ui.benchmarkTableView
        if view.mrmlTableNode() is not node:
            show_in_panel(view, node)
            view.resizeColumnsToContents()

    def _facts(self) -> JudgedFacts:
        """Read once: progress asks many times a second."""
        nodes = self.panel.results.nodes
        file = None if nodes is None else nodes.get(METRICS)
        if nodes is None or file is None:
            return judged_facts(nodes)
        volume, attention = nodes.get(VOLUME), nodes.get(ATTENTION)
        version = (nodes.record.GetID(), file.GetMTime(), volume.GetName(), attention is None)
        if self._judged is None or self._judged[0] != version:
            self._judged = version, judged_facts(nodes)
        return self._judged[1]

    def _benchmark_facts(self, record: BenchmarkRecord | None) -> BenchmarkFacts:
        """Likewise: a folder on a network that is gone answers late."""
        if self.panel.parameters is None:
            return BenchmarkFacts()
        volumes = own_map_volumes(self.panel.results.scene, self.panel.inputs().volume_id)
        if record is None:
            return BenchmarkFacts(volumes=volumes)
        volume = record.volume
        charts = [record.get(role) is None for role in (DELETION_CHART, INSERTION_CHART)]
        version = (record.node.GetID(), record.node.GetMTime(), volume and volume.GetName(), charts)
        if self._benchmark is None or self._benchmark[0] != version:
            self._benchmark = version, benchmark_facts(record)
        return replace(self._benchmark[1], volumes=volumes)

    def _on_volumes(self) -> None:
        if self.panel.parameters is not None:
            self.panel.refresh()

    def _record(self) -> BenchmarkRecord | None:
        if self.panel.parameters is None:  # out of sight, or the scene is being closed: its table must not be held
            return None
        return benchmark_of(self.panel.results.scene, self.panel.inputs().volume_id)
