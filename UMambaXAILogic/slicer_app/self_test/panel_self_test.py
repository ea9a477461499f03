"""The tests. Whoever runs them mixes this into a ``unittest.TestCase``: the module file does."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any

import slicer

# The module file is read when the application starts: what the tests need is imported when they run.
if TYPE_CHECKING:
    from .surroundings import Surroundings

    _Base = unittest.TestCase
else:
    _Base = object

#: Longest turn of the event loop that a run and the import of its results may cause; more is a frozen window.
_LONGEST_TURN_S = 2.5
_DEMO_PATIENCE_S = 1800.0


class PanelSelfTest(_Base):
    """Opens the panel, runs it on a sample case, and looks at what is in the scene then. Needs no packages."""

    surroundings: Surroundings

    def setUp(self) -> None:
        """Each test on an empty scene, with the opened panel."""
        from .surroundings import Surroundings

        self.surroundings = Surroundings(self.make_logic)

    def tearDown(self) -> None:
        """Everything as it was before."""
        self.surroundings.leave()

    def runTest(self, **_settings: Any) -> None:
        """All of them, with their ends and what was skipped: what the application's Reload and Test calls."""
        result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromTestCase(type(self)))
        self.assertTrue(result.wasSuccessful(), "see the lines above")

    def make_logic(self, environment: Any = None) -> Any:
        """A ``UMambaXAILogic`` in an environment; None: its own. Overridden, because it stands above all of this."""
        raise NotImplementedError

    @property
    def panel(self) -> Any:
        """The opened panel."""
        return self.surroundings.panel

    def test_emptyPanelSaysWhatToChoose(self) -> None:
        """Nothing can be started without a volume, and the button says so."""
        ui = self.panel.ui
        self.assertFalse(ui.runButton.enabled)
        self.assertIn("volume", ui.runButton.toolTip)

    def test_choicesAreBoundBothWays(self) -> None:
        """Widgets follow the scene's parameters and the other way round."""
        panel = self.panel
        ui, parameters = panel.ui, panel.parameters
        parameters.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        self.assertEqual(ui.inputVolumeSelector.currentNode(), parameters.inputVolume)
        ui.thresholdSlider.value = 0.5
        self.assertAlmostEqual(parameters.threshold, 0.5)
        parameters.opacity = 0.25
        self.assertAlmostEqual(ui.opacitySlider.value, 0.25)

    def test_closingTheSceneEmptiesThePanel(self) -> None:
        """No control holds on to a node that is gone."""
        panel = self.panel
        panel.parameters.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        slicer.mrmlScene.Clear(0)
        self.assertIsNone(panel.ui.inputVolumeSelector.currentNode())
        self.assertFalse(panel.ui.runButton.enabled)

    def test_statisticsAreShownAsTableAndHistogram(self) -> None:
        """The panel's table follows the scene's parameters, and the button leads to the histogram."""
        panel = self.panel
        ui, parameters = panel.ui, panel.parameters
        ui.domainCollapsibleButton.collapsed = False
        self.assertFalse(ui.measureButton.enabled)
        self.assertTrue(ui.domainTableView.isHidden())
        parameters.domainTable = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Statistics")
        parameters.domainChart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Histogram")
        self.assertFalse(ui.domainTableView.isHidden())
        self.assertEqual(ui.domainTableView.mrmlTableNode(), parameters.domainTable)
        layout = slicer.app.layoutManager().layout
        ui.showHistogramButton.click()
        selection = slicer.app.applicationLogic().GetSelectionNode()
        self.assertEqual(selection.GetActivePlotChartID(), parameters.domainChart.GetID())
        slicer.app.layoutManager().setLayout(layout)

    def test_furtherPartsSayWhatIsMissing(self) -> None:
        """Nothing of them can be started without a volume or a result, each says why, and their choices are bound."""
        panel = self.panel
        ui, parameters = panel.ui, panel.parameters
        for name in ("judge", "benchmark", "deletion", "sam"):
            self.assertFalse(getattr(ui, f"{name}Button").enabled, name)
            self.assertTrue(getattr(ui, f"{name}HintLabel").text, name)
        self.assertFalse(ui.dicomButton.enabled)
        for name, box in panel.judge_section.methods.items():
            box.setChecked(name == "dea")
        self.assertEqual(panel.inputs().benchmark.chosen, ("dea",))
        ui.benchmarkBudgetSpinBox.value = 20
        self.assertEqual(parameters.benchmarkBudget, 20)
        ui.benchmarkFillSelector.setCurrentIndex(2)
        self.assertEqual(parameters.benchmarkFill, "blur")
        parameters.deletionPoints = 5
        self.assertEqual(ui.deletionPointsSpinBox.value, 5)
        ui.samCheckpointEdit.text = "sam.pth"
        self.assertEqual(parameters.samCheckpoint, "sam.pth")

    def test_mapsOfTheUsersOwnAreOffered(self) -> None:
        """A volume that comes to the scene can be checked as a map, is kept as its node, and goes with it."""
        import qt

        panel, scene = self.panel, slicer.mrmlScene
        selector = panel.ui.ownMapsSelector
        panel.parameters.inputVolume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        own = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "mine")
        self._wait(lambda: selector.count == 1, "the map")
        selector.setCheckState(selector.model().index(0, 0), qt.Qt.Checked)
        self.assertEqual([node.GetID() for node in panel.parameters.benchmarkMaps], [own.GetID()])
        scene.RemoveNode(own)
        self._wait(lambda: selector.count == 0, "a list without it")
        self.assertFalse(panel.inputs().benchmark.maps)

    def test_dicomDatabaseIsAsked(self) -> None:
        """Images that the application's DICOM database does not know are refused in words."""
        from UMambaXAILogic.engine.errors import InputError
        from UMambaXAILogic.scene.dicom_series import INSTANCES_ATTRIBUTE, series_files

        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        volume.SetAttribute(INSTANCES_ATTRIBUTE, "1.2.3 1.2.4")
        with self.assertRaises(InputError) as refused:
            series_files(volume)
        self.assertIn("DICOM database", refused.exception.message)

    def test_deletionCurveGrowsInAPlotView(self) -> None:
        """A curve that is being computed comes into a plot view, grows there, and leaves nothing when it is dropped."""
        from UMambaXAILogic.scene.deletion_curve import DeletionChart, deletion_chart

        from .sample_run import run_sample

        nodes = run_sample(self).nodes
        chart = DeletionChart(nodes, "mean")

        def grow(removed: float) -> None:
            chart.take([("map", {"removed": removed, "voxels": removed, "relative": 1.0 - removed, "surviving": None})])

        def views_with_it() -> list[Any]:
            wanted = deletion_chart(nodes).GetID()
            views = slicer.util.getNodesByClass("vtkMRMLPlotViewNode")
            return [view for view in views if view.GetPlotChartNodeID() == wanted]

        grow(0.0)
        self.panel.deletion.show()
        self.assertTrue(views_with_it())
        grow(1.0)
        grow(0.5)
        line = deletion_chart(nodes).GetNthPlotSeriesNode(0)
        self.assertEqual(line.GetTableNode().GetNumberOfRows(), 3)
        grown = [deletion_chart(nodes), line, line.GetTableNode()]
        self.panel.deletion.hide()
        self.assertFalse(views_with_it())
        chart.drop()
        self.assertFalse([node for node in grown if slicer.mrmlScene.IsNodePresent(node)])

    def test_workerAnswersAndIsCancelled(self) -> None:
        """The worker starts with Slicer's own Python, and a program that hears nothing is ended within two seconds."""
        from .worker_checks import cancel_seconds, worker_error

        error = worker_error()
        self.assertIsNotNone(error)
        self.assertEqual(getattr(error, "code", ""), "usage")
        self.assertLess(cancel_seconds(), 2.0)

    def test_sampleCaseIsLoadedOnceAndShown(self) -> None:
        """The shipped phantom comes with its vessels, into the slice views, and a second time from the scene."""
        from ..sample_data import open_sample_case

        case = open_sample_case()
        self.assertEqual(tuple(open_sample_case()), tuple(case))
        self.assertEqual(case.truth_node.GetSegmentation().GetNumberOfSegments(), 1)
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            self.assertEqual(composite.GetBackgroundVolumeID(), case.volume_node.GetID())

    def test_runShowsItsResultInEveryWay(self) -> None:
        """A click on the button ends in results below the volume, and each button shows what it says."""
        from .sample_run import is_in_sight, longest_turn_s, run_sample

        view = run_sample(self)
        self.assertLess(longest_turn_s(), _LONGEST_TURN_S)
        self.assertTrue(view.has_attention and view.has_truth)
        for mode in ("overlay", "contours", "surface", "cloud", "projection"):
            button = getattr(self.panel.ui, f"{mode}Button")
            for wanted in (not button.checked, button.checked):
                button.click()
                self._wait(lambda mode=mode, wanted=wanted: is_in_sight(view, mode) == wanted, f"{mode}: {wanted}")
        self.panel.ui.errorsButton.click()
        self._wait(lambda: is_in_sight(view, "errors"), "errors")
        self.panel.ui.thresholdSlider.value = 0.6
        display = view.nodes.get("attention").GetDisplayNode()
        self._wait(lambda: abs(display.GetLowerThreshold() - 0.6) < 1e-6, "threshold")

    def test_layoutComesAndGoes(self) -> None:
        """The result's layout has a chart and a table of its own; a second click brings back what was there."""
        from UMambaXAILogic.scene.result_layout import is_shown
        from UMambaXAILogic.scene.result_layout_description import PLOT_TAG, layout_node

        from .sample_run import run_sample

        run_sample(self)
        node, button = layout_node(slicer.mrmlScene), self.panel.ui.layoutButton
        if is_shown(slicer.mrmlScene):  # where a new result arranges the views by itself
            button.click()
            self._wait(lambda: not is_shown(slicer.mrmlScene), "the former layout")
        before = node.GetViewArrangement()
        button.click()
        self._wait(lambda: is_shown(slicer.mrmlScene), "the result's layout")
        if slicer.util.mainWindow() is not None:
            layouts = slicer.app.layoutManager()
            views = [layouts.plotWidget(index).mrmlPlotViewNode() for index in range(layouts.plotViewCount)]
            self.assertIn(PLOT_TAG, [view.GetSingletonTag() for view in views])
        button.click()
        self._wait(lambda: node.GetViewArrangement() == before, "the former layout")

    def test_sceneIsSavedAndLoaded(self) -> None:
        """A scene bundle brings back the choices, the result and how it is shown."""
        from .sample_run import run_sample

        run_sample(self)
        self.panel.ui.thresholdSlider.value = 0.45
        self._wait(lambda: abs(self.panel.results.view.state.threshold - 0.45) < 1e-6, "threshold")
        state = self.panel.results.view.state
        path = self.surroundings.folder / "scene.mrb"
        self.assertTrue(slicer.mrmlScene.WriteToMRB(str(path)))
        slicer.mrmlScene.Clear(0)
        self.assertTrue(slicer.mrmlScene.ReadFromMRB(str(path), True))
        self._wait(lambda: self.panel.results.view is not None, "the result")
        self.assertEqual(self.panel.results.view.state, state)
        self.assertAlmostEqual(self.panel.ui.thresholdSlider.value, 0.45)
        self.assertEqual(self.panel.parameters.inputVolume, self.panel.results.view.nodes.get("volume"))

    def test_cancelLeavesTheSceneAsItWas(self) -> None:
        """A worker that computes on and on is stopped within two seconds."""
        from .sample_run import start_endless_run
        from .surroundings import node_ids

        heartbeat = start_endless_run(self)
        before = node_ids()
        self.panel.ui.cancelButton.click()
        self._wait(lambda: not self.panel.controller.is_busy, "the end", 2.0)
        self.assertFalse(heartbeat.beats())
        self.assertEqual(node_ids(), before)
        self.assertTrue(self.panel.ui.runButton.enabled)

    def test_closingTheSceneStopsTheWorker(self) -> None:
        """The worker ends with the scene that it works for, and nothing comes into the next one."""
        from .sample_run import start_endless_run

        heartbeat = start_endless_run(self)
        slicer.mrmlScene.Clear(0)
        self._wait(lambda: not self.panel.controller.is_busy, "the end", 2.0)
        self.assertFalse(heartbeat.beats())
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode"), 0)

    def test_demoModelRuns(self) -> None:
        """Where the packages are installed: the demo model finds the vessels of its own phantom."""
        from ..environment import Environment
        from ..panel.services import make_services
        from .sample_run import click_run

        if not Environment().is_ready:
            self.skipTest("the packages are not installed: the demo model was NOT run")
        self.panel.use(make_services(self.make_logic()))
        view = click_run(self, _DEMO_PATIENCE_S)
        self.assertGreater(view.nodes.metrics["segmentation"]["dice"], 0.5)

    def _wait(self, condition: Any, what: str, seconds: float = 60.0) -> None:
        from .waiting import wait_until

        self.assertTrue(wait_until(condition, seconds), f"waited {seconds:g} s for: {what}")
