"""The Slicer module: what is clicked. What is computed lives in the package ``UMambaXAILogic`` beside it."""

# Annotations stay evaluated (no ``from __future__ import annotations``): parameterNodeWrapper reads them.
import enum
import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Optional, Union

import slicer
import vtk
from slicer import (
    vtkMRMLLabelMapVolumeNode,
    vtkMRMLPlotChartNode,
    vtkMRMLScalarVolumeNode,
    vtkMRMLSegmentationNode,
    vtkMRMLTableNode,
)
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

if importlib.util.find_spec("UMambaXAILogic") is None:  # installed, it lies beside this file
    sys.path.append(str(Path(__file__).resolve().parents[1]))  # a checkout given as additional module path

MODULE = "UMambaXAI"


def registerLayouts():
    """Make the result's layouts known, for scenes that were saved in them."""
    from UMambaXAILogic.scene.result_layout_description import register_layouts

    register_layouts(slicer.mrmlScene)


class UMambaXAI(ScriptedLoadableModule):
    """What the application shows about the module before it is opened."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "UMambaXAI"
        parent.categories = [translate("qSlicerAbstractCoreModule", "Segmentation")]
        parent.dependencies = ["Segmentations", "Volumes", "VolumeRendering", "Markups", "SubjectHierarchy"]
        parent.contributors = ["UMambaXAI contributors"]
        parent.helpText = _(
            "Segments vessels in CT and MR angiograms with U-Mamba, shows what the network attended to, and measures "
            "both against a ground truth. For research use only."
        )
        slicer.app.connect("startupCompleted()", registerLayouts)
        parent.acknowledgementText = _(
            "Networks: U-Mamba (Ma, Li, Wang 2024) on nnU-Net (Isensee et al. 2021). Explanation: Seg-XRes-CAM "
            "(Hasany, Petitjean, Meriaudeau 2023) and Seg-Grad-CAM (Vinogradova, Dibrov, Myers 2020)."
        )


class ModelSource(enum.Enum):
    """Where the model comes from."""

    DEMO = "demo"
    FOLDER = "folder"
    ARCHIVE = "archive"

    def label(self) -> str:
        """What the combo box shows."""
        return {
            ModelSource.DEMO: _("Demo model (phantom vessels)"),
            ModelSource.FOLDER: _("Trained nnU-Net folder"),
            ModelSource.ARCHIVE: _("Exported zip"),
        }[self]


class MaskMode(enum.Enum):
    """How prediction or ground truth is shown."""

    OFF = "off"
    OUTLINE = "outline"
    FILL = "fill"

    def label(self) -> str:
        """What the combo box shows."""
        return {MaskMode.OFF: _("Hidden"), MaskMode.OUTLINE: _("Outline"), MaskMode.FILL: _("Filled")}[self]


@parameterNodeWrapper
class UMambaXAIParameterNode:
    """The panel's choices, saved with the scene.

    ``result`` is the prediction of the result that is shown; table and chart are the domain statistics.
    """

    inputVolume: vtkMRMLScalarVolumeNode
    modelSource: ModelSource = ModelSource.DEMO
    modelPath: str = ""
    groundTruth: Union[vtkMRMLSegmentationNode, vtkMRMLLabelMapVolumeNode, None]  # noqa: UP007 the wrapper wants this
    result: vtkMRMLSegmentationNode
    showOverlay: bool = True
    showContours: bool = False
    showSurface: bool = True
    showCloud: bool = False
    showProjection: bool = False
    prediction: MaskMode = MaskMode.OFF
    truth: MaskMode = MaskMode.OUTLINE
    showErrors: bool = False
    layer: str = "mean"
    threshold: Annotated[float, WithinRange(0.01, 1.0)] = 0.3
    opacity: Annotated[float, WithinRange(0.0, 1.0)] = 0.55
    profilePath: str = ""
    domainTable: vtkMRMLTableNode
    domainChart: vtkMRMLPlotChartNode


def sceneParameters():
    """This scene's parameters, made on first use."""
    owner = ScriptedLoadableModuleLogic()
    owner.moduleName = MODULE
    return UMambaXAIParameterNode(owner.getParameterNode())


def present(node):
    """A node that parameters name, or None where there is none or it was removed."""
    return node if node is not None and slicer.mrmlScene.IsNodePresent(node) else None


def resultChoices(parameters):
    """How the result is shown, as ``ResultControls.show`` takes it."""
    modes = ("overlay", "contours", "surface", "cloud", "projection")
    return {
        "attention": [mode for mode in modes if getattr(parameters, f"show{mode.capitalize()}")],
        "prediction": parameters.prediction.value,
        "truth": parameters.truth.value,
        "errors": parameters.showErrors,
        "layer": parameters.layer,
        "opacity": parameters.opacity,
        "threshold": parameters.threshold,
    }


class UMambaXAIWidget(ScriptedLoadableModuleWidget, slicer.util.VTKObservationMixin):
    """The panel. Handlers collect, delegate and show; what is shown is computed by ``ui_state``."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        slicer.util.VTKObservationMixin.__init__(self)
        self.controller = None
        self.dialogs = None
        self.results = None
        self.ui = None
        self._parameterNode: Optional[UMambaXAIParameterNode] = None  # noqa: UP045
        self._guiTag = None
        self._shown = None
        self._entered = False

    def setup(self):
        """Build the panel. Called once, when the module is opened for the first time."""
        from UMambaXAILogic.logic import UMambaXAILogic
        from UMambaXAILogic.slicer_app.environment import stored_python
        from UMambaXAILogic.slicer_app.panel_services import make_services

        ScriptedLoadableModuleWidget.setup(self)
        self._entered = self.parent.isEntered  # after a reload: nobody calls enter again
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/UMambaXAI.ui"))
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.layout.addWidget(uiWidget)
        self.layout.addStretch(1)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        self.ui.pythonEdit.setText(stored_python())
        self.useServices(make_services(UMambaXAILogic()))
        self._connectButtons()
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.initializeParameterNode()

    def useServices(self, services):
        """Work with this controller and these dialogs; tests bring their own."""
        self._leaveServices()
        self.controller, self.dialogs, self.results = services.controller, services.dialogs, services.results
        self.controller.changed.connect(self.updateUi)
        self.controller.logged.connect(self.onLogged)
        self.controller.succeeded.connect(self.onSucceeded)
        self.controller.measured.connect(self.onMeasured)
        self.updateUi()

    def _leaveServices(self):
        if self.controller is not None:
            self.controller.changed.disconnect(self.updateUi)
            self.controller.logged.disconnect(self.onLogged)
            self.controller.succeeded.disconnect(self.onSucceeded)
            self.controller.measured.disconnect(self.onMeasured)
            self.controller.cancel()
            self.controller.forget()

    def _connectButtons(self):
        from UMambaXAILogic.slicer_app.connections import connect

        connect(self.ui.runButton, "clicked(bool)", self.onRun)
        connect(self.ui.cancelButton, "clicked(bool)", self.onCancel)
        connect(self.ui.browseModelButton, "clicked(bool)", self.onBrowseModel)
        connect(self.ui.browsePythonButton, "clicked(bool)", self.onBrowsePython)
        connect(self.ui.pythonEdit, "editingFinished()", self.onPythonChanged)
        connect(self.ui.browseProfileButton, "clicked(bool)", self.onBrowseProfile)
        connect(self.ui.measureButton, "clicked(bool)", self.onMeasure)
        connect(self.ui.showHistogramButton, "clicked(bool)", self.onShowHistogram)
        connect(self.ui.layerSelector, "currentTextChanged(QString)", self.onLayer)
        connect(self.ui.layoutButton, "clicked(bool)", self.onLayout)
        connect(self.ui.exportButton, "clicked(bool)", self.onExport)
        connect(self.ui.pictureButton, "clicked(bool)", self.onPicture)
        connect(self.ui.copyButton, "clicked(bool)", self.onCopy)

    def cleanup(self):
        """The module is about to go."""
        self._leaveServices()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        """The user opens the module."""
        self._entered = True
        self.initializeParameterNode()

    def exit(self):
        """The user opens another module."""
        self._entered = False
        self.setParameterNode(None)

    def onSceneStartClose(self, caller, event):
        """Nodes are about to go: nothing may hold on to them."""
        self.setParameterNode(None)
        self.controller.forget()

    def onSceneEndClose(self, caller, event):
        """The new, empty scene needs its own parameters if the panel is in sight."""
        if self._entered:
            self.initializeParameterNode()

    def initializeParameterNode(self):
        """Use this scene's parameters; take the first volume where none is chosen."""
        self.setParameterNode(sceneParameters())
        if self._parameterNode.inputVolume is None:
            volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
            plain = [node for node in volumes if node.GetClassName() == "vtkMRMLScalarVolumeNode"]
            if plain:
                self._parameterNode.inputVolume = plain[0]

    def setParameterNode(self, parameterNode):
        """Bind the controls to ``parameterNode``, or to nothing."""
        if self._parameterNode is not None:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameterNode = parameterNode
        if parameterNode is not None:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
            self.results.use(present(parameterNode.result))
            self._shown = resultChoices(parameterNode)
            self.updateUi()

    def onParametersModified(self, caller=None, event=None):
        """A choice changed, by hand or by script. The views change only with a choice that is about them."""
        if resultChoices(self._parameterNode) != self._shown:
            self.updateResult(self._parameterNode)
        self.updateUi()

    def inputs(self):
        """What is chosen, as the controller takes it."""
        from UMambaXAILogic.interaction.panel_controller import PanelInputs

        chosen = self._parameterNode
        if chosen is None:
            return PanelInputs()
        volume, truth = chosen.inputVolume, chosen.groundTruth
        return PanelInputs(
            volume_id=volume.GetID() if volume is not None else "",
            volume_name=volume.GetName() if volume is not None else "",
            model="demo" if chosen.modelSource == ModelSource.DEMO else chosen.modelPath,
            ground_truth_id=truth.GetID() if truth is not None else "",
            ground_truth_name=truth.GetName() if truth is not None else "",
            threshold=round(chosen.threshold, 2),  # sliders give 0.7000000000000001
            profile=chosen.profilePath.strip(),
        )

    def updateUi(self):
        """Copy ``UiState`` onto the controls."""
        from UMambaXAILogic.interaction import ui_state
        from UMambaXAILogic.slicer_app.panel_view import show
        from UMambaXAILogic.slicer_app.statistics_views import show_in_panel

        chosen = self._parameterNode
        table = None if chosen is None else present(chosen.domainTable)
        show(self.ui, ui_state(self.controller.state(self.inputs(), self.results.facts(), table is not None), _))
        show_in_panel(self.ui.domainTableView, table)
        ownModel = chosen is not None and chosen.modelSource != ModelSource.DEMO
        self.ui.modelPathWidget.setVisible(ownModel)

    def updateResult(self, chosen):
        """Show the result as the controls say."""
        self._shown = resultChoices(chosen)
        self.results.use(present(chosen.result))
        self.attempt(lambda: self.results.show(**self._shown))

    def attempt(self, action):
        """Do something; what goes wrong is said in the panel."""
        from UMambaXAILogic.engine.errors import UMambaXAIError

        try:
            action()
        except UMambaXAIError as error:
            self.controller.report(error)

    def onRun(self, checked=False):
        """Segment & Explain."""
        self.ui.logText.clear()
        self.controller.run(self.inputs())

    def onCancel(self, checked=False):
        """Stop what runs."""
        self.controller.cancel()

    def onBrowseModel(self, checked=False):
        """Choose the model in a dialog."""
        archive = self._parameterNode.modelSource == ModelSource.ARCHIVE
        choose = self.dialogs.choose_model_archive if archive else self.dialogs.choose_model_folder
        path = choose(self._parameterNode.modelPath)
        if path:
            self._parameterNode.modelPath = path

    def onMeasure(self, checked=False):
        """Domain statistics."""
        self.ui.logText.clear()
        self.controller.measure(self.inputs())

    def onBrowseProfile(self, checked=False):
        """Choose the reference profile in a dialog."""
        path = self.dialogs.choose_profile(self._parameterNode.profilePath)
        if path:
            self._parameterNode.profilePath = path

    def onShowHistogram(self, checked=False):
        """Show histogram and table beside the slices."""
        from UMambaXAILogic.slicer_app.statistics_views import show_beside_slices

        chosen = self._parameterNode
        if present(chosen.domainTable) is not None and present(chosen.domainChart) is not None:
            show_beside_slices(chosen.domainTable, chosen.domainChart)

    def onLayer(self, layer):
        """Another layer's attention."""
        self._parameterNode.layer = layer

    def onLayout(self, checked=False):
        """The result's layout, or back."""
        self.attempt(lambda: self.results.arrange(not self.results.facts().in_layout))
        self.updateUi()

    def onExport(self, checked=False):
        """Tables and metrics into a folder."""
        folder = self.dialogs.choose_export_folder()
        if folder:
            self.attempt(lambda: self.results.export(Path(folder)))

    def onPicture(self, checked=False):
        """All views as a picture."""
        path = self.dialogs.choose_picture()
        if path:
            self.attempt(lambda: self.results.save_picture(Path(path)))

    def onCopy(self, checked=False):
        """The numbers onto the clipboard."""
        self.attempt(self.results.copy_numbers)

    def onBrowsePython(self, checked=False):
        """Choose an existing Python in a dialog."""
        path = self.dialogs.choose_python(self.ui.pythonEdit.text)
        if path:
            self.ui.pythonEdit.setText(path)
            self.onPythonChanged()

    def onPythonChanged(self):
        """Use that Python from now on, or the private runtime where the field is empty."""
        from UMambaXAILogic.slicer_app.environment import interpreter, store_python

        path = interpreter(self.ui.pythonEdit.text.strip())
        self.ui.pythonEdit.setText(path)
        store_python(path)
        self.updateUi()

    def onLogged(self, line):
        """The worker wrote a line."""
        self.ui.logText.appendPlainText(line)

    def onSucceeded(self, job):
        """The result is in the scene: let the controls act on it, also where the panel is out of sight."""
        chosen = sceneParameters()
        chosen.result = job.result.segmentationNode
        self.updateResult(chosen)
        self.updateUi()

    def onMeasured(self, job):
        """The statistics are in the scene: show them, also where the panel is out of sight."""
        chosen = sceneParameters()
        chosen.domainTable = job.result.tableNode
        chosen.domainChart = job.result.histogramChartNode

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
        widget = slicer.util.getModuleWidget(MODULE)
        widget.enter()
        return widget

    def test_emptyPanelSaysWhatToChoose(self):
        """Nothing can be started without a volume, and the button says so."""
        ui = self.panel().ui
        self.assertFalse(ui.runButton.enabled)
        self.assertIn("volume", ui.runButton.toolTip)

    def test_choicesAreBoundBothWays(self):
        """Widgets follow the scene's parameters and the other way round."""
        ui, parameters = self.panel().ui, sceneParameters()
        parameters.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        self.assertEqual(ui.inputVolumeSelector.currentNode(), parameters.inputVolume)
        self.assertTrue(ui.runButton.enabled)
        ui.thresholdSlider.value = 0.5
        self.assertAlmostEqual(sceneParameters().threshold, 0.5)
        ui.modelSourceSelector.setCurrentIndex(1)
        self.assertEqual(sceneParameters().modelSource, ModelSource.FOLDER)
        self.assertFalse(ui.runButton.enabled)

    def test_closingTheSceneEmptiesThePanel(self):
        """No control holds on to a node that is gone."""
        ui = self.panel().ui
        sceneParameters().inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
        slicer.mrmlScene.Clear(0)
        self.assertIsNone(ui.inputVolumeSelector.currentNode())
        self.assertFalse(ui.runButton.enabled)

    def test_statisticsAreShownAsTableAndHistogram(self):
        """The panel's table follows the scene's parameters, and the button leads to the histogram."""
        ui, parameters = self.panel().ui, sceneParameters()
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
