"""The Slicer module: what is clicked. What is computed lives in the package ``UMambaXAILogic`` beside it."""

import importlib.util
import sys
from pathlib import Path

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

if importlib.util.find_spec("UMambaXAILogic") is None:  # installed, it lies beside this file
    sys.path.append(str(Path(__file__).resolve().parents[1]))  # a checkout given as additional module path

HOMEPAGE = "https://github.com/UMambaXAI/SlicerUMambaXAI"
PAPER = "https://arxiv.org/abs/2512.13977"


def onStartupCompleted():
    """Make the result's layouts known, for scenes that were saved in them, and offer the sample cases."""
    from UMambaXAILogic.scene.result_layout_description import register_layouts
    from UMambaXAILogic.slicer_app.sample_data import register_sample_data

    register_layouts(slicer.mrmlScene)
    register_sample_data()


class UMambaXAI(ScriptedLoadableModule):
    """What the application shows about the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "UMambaXAI"
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "Volumes", "VolumeRendering", "Markups", "SubjectHierarchy"]
        parent.contributors = ["UMambaXAI contributors"]
        parent.helpText = "\n".join(f"<p>{paragraph}</p>" for paragraph in helpParagraphs())
        parent.acknowledgementText = "\n".join(f"<p>{paragraph}</p>" for paragraph in acknowledgements())
        slicer.app.connect("startupCompleted()", onStartupCompleted)


def helpParagraphs():
    """What the module is for, how to see it at once, and where to read on."""
    return [
        _(
            "Segments vessels in CT and MR angiograms with U-Mamba, shows what the network attended to, and measures "
            "both against a ground truth."
        ),
        _("To see it without any file of your own: <b>Try it</b>, then <b>Segment &amp; Explain</b>."),
        _("<a href='{tutorial}'>Tutorial</a>, <a href='{home}'>home page and source code</a>.").format(
            tutorial=f"{HOMEPAGE}/blob/main/Documentation/tutorial.md", home=HOMEPAGE
        ),
        _("<b>For research use only.</b> Not a medical device. The demo model was trained on computer-made phantoms."),
    ]


def acknowledgements():
    """Whose work this builds on."""
    return [
        _(
            "Framework: <a href='{paper}'>XAI-driven diagnosis of generalization failure</a> (Abuzeid, El-Bana, "
            "Al-Kabbany 2025)."
        ).format(paper=PAPER),
        _(
            "Networks: U-Mamba (Ma, Li, Wang 2024) on nnU-Net (Isensee et al. 2021). Explanation: Seg-XRes-CAM "
            "(Hasany, Petitjean, Meriaudeau 2023) and Seg-Grad-CAM (Vinogradova, Dibrov, Myers 2020)."
        ),
        _("Please cite what you use; the entries are in the README."),
    ]


class UMambaXAIWidget(ScriptedLoadableModuleWidget, slicer.util.VTKObservationMixin):
    """Where the application and the panel meet; the panel itself is ``UMambaXAILogic.slicer_app.panel``."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        slicer.util.VTKObservationMixin.__init__(self)
        self.panel = None
        self._entered = False

    def setup(self):
        """Build the panel. Called once, when the module is opened for the first time."""
        from UMambaXAILogic.logic import UMambaXAILogic
        from UMambaXAILogic.slicer_app.panel.panel import Panel
        from UMambaXAILogic.slicer_app.panel.services import make_services

        ScriptedLoadableModuleWidget.setup(self)
        self._entered = self.parent.isEntered  # after a reload: nobody calls enter again
        self.panel = Panel(self.layout, self.uiPath, make_services(UMambaXAILogic()))
        self.layout.addStretch(1)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.panel.follow_scene()

    def uiPath(self, name):
        """Path of a .ui file."""
        return self.resourcePath(f"UI/{name}")

    def cleanup(self):
        """The module is about to go."""
        self.removeObservers()
        if self.panel is not None:
            self.panel.remove()

    def enter(self):
        """The user opens the module."""
        self._entered = True
        self.panel.follow_scene()

    def exit(self):
        """The user opens another module."""
        self._entered = False
        self.panel.leave_scene()

    def onSceneStartClose(self, caller, event):
        """Nodes are about to go: nothing may hold on to them."""
        self.panel.leave_scene()
        self.panel.controller.forget()

    def onSceneEndClose(self, caller, event):
        """The new, empty scene needs its own parameters if the panel is in sight."""
        if self._entered:
            self.panel.follow_scene()

    def onSceneEndImport(self, caller, event):
        """The nodes that loaded parameters name are there only now, and the parameters do not say so themselves."""
        if self._entered:
            self.panel.follow_scene()

    def onReload(self):
        """Reload this module and the package behind it (developer mode)."""
        for name in [name for name in sys.modules if name.split(".")[0] == "UMambaXAILogic"]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class UMambaXAITest(ScriptedLoadableModuleTest):
    """Runs inside the application, and in the stand-in for it that the test suite brings. Needs no packages."""

    def setUp(self):
        """Each test on an empty scene."""
        slicer.mrmlScene.Clear(0)

    def runTest(self, **kwargs):
        """Every test method: what the application's Reload and Test calls."""
        for name in sorted(name for name in dir(self) if name.startswith("test_")):
            self.setUp()
            self.delayDisplay(name)
            getattr(self, name)()

    def panel(self):
        """The opened panel."""
        widget = slicer.util.getModuleWidget("UMambaXAI")
        widget.enter()
        return widget.panel

    def test_emptyPanelSaysWhatToChoose(self):
        """Nothing can be started without a volume, and the button says so."""
        ui = self.panel().ui
        self.assertFalse(ui.runButton.enabled)
        self.assertIn("volume", ui.runButton.toolTip)

    def test_choicesAreBoundBothWays(self):
        """Widgets follow the scene's parameters and the other way round."""
        panel = self.panel()
        ui, parameters = panel.ui, panel.parameters
        parameters.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        self.assertEqual(ui.inputVolumeSelector.currentNode(), parameters.inputVolume)
        self.assertTrue(ui.runButton.enabled)
        ui.thresholdSlider.value = 0.5
        self.assertAlmostEqual(parameters.threshold, 0.5)
        ui.modelSourceSelector.setCurrentIndex(1)
        self.assertEqual(parameters.modelSource.value, "folder")
        self.assertFalse(ui.runButton.enabled)

    def test_closingTheSceneEmptiesThePanel(self):
        """No control holds on to a node that is gone."""
        panel = self.panel()
        ui = panel.ui
        panel.parameters.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        slicer.mrmlScene.Clear(0)
        self.assertIsNone(ui.inputVolumeSelector.currentNode())
        self.assertFalse(ui.runButton.enabled)

    def test_statisticsAreShownAsTableAndHistogram(self):
        """The panel's table follows the scene's parameters, and the button leads to the histogram."""
        panel = self.panel()
        ui, parameters = panel.ui, panel.parameters
        self.assertFalse(ui.measureButton.enabled)
        self.assertTrue(ui.domainTableView.isHidden())
        parameters.domainTable = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "Statistics")
        parameters.domainChart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Histogram")
        self.assertFalse(ui.domainTableView.isHidden())
        self.assertEqual(ui.domainTableView.mrmlTableNode(), parameters.domainTable)
        layout = slicer.app.layoutManager().layout
        ui.showHistogramButton.click()
        self.assertEqual(
            slicer.app.applicationLogic().GetSelectionNode().GetActivePlotChartID(), parameters.domainChart.GetID()
        )
        slicer.app.layoutManager().setLayout(layout)

    def test_workerAnswersAndIsCancelled(self):
        """The worker starts with Slicer's own Python, and a program that hears nothing is ended within two seconds."""
        from UMambaXAILogic.slicer_app.self_test import cancel_seconds, worker_error

        self.assertEqual(worker_error().code, "usage")
        self.assertLess(cancel_seconds(), 2.0)
