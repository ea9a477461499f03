"""The widgets of CTK and Slicer that the panel uses, as far as it uses them."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal
from shiboken6 import isValid


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A titled box that folds. It is a button, checked while it is open, and what it hides stays hidden from tests.

    A child that somebody shows or hides while the box is closed is shown or hidden when the box opens.
    """

    contentsCollapsed = Signal(bool)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._hidden_by_owner: set[QtWidgets.QWidget] = set()
        self._own_doing = False
        self.setContentsMargins(0, 24, 0, 0)
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(self._fold)

    def hitButton(self, position: QtCore.QPoint) -> bool:
        return position.y() < 24

    def childEvent(self, event: QtCore.QChildEvent) -> None:
        child = event.child()
        if event.type() == QtCore.QEvent.Type.ChildAdded and child.isWidgetType():
            child.installEventFilter(self)
        super().childEvent(event)

    def eventFilter(self, child, event: QtCore.QEvent) -> bool:
        kind = event.type()
        if not self._own_doing and kind == QtCore.QEvent.Type.ShowToParent:
            self._hidden_by_owner.discard(child)
            self._apply(child)
        elif not self._own_doing and kind == QtCore.QEvent.Type.HideToParent:
            self._hidden_by_owner.add(child)
        return super().eventFilter(child, event)

    def _fold(self, opened: bool) -> None:
        for child in self.children():
            if child.isWidgetType():
                self._apply(child)
        self.updateGeometry()
        self.contentsCollapsed.emit(not opened)

    def _apply(self, child: QtWidgets.QWidget) -> None:
        self._own_doing = True
        child.setVisible(self.isChecked() and child not in self._hidden_by_owner)
        if child not in self._hidden_by_owner:  # so that hiding it again is heard of, as in CTK
            child.setAttribute(QtCore.Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
        self._own_doing = False

    def showEvent(self, event) -> None:
        if not self.isChecked():
            for child in self.children():
                if child.isWidgetType():
                    self._apply(child)
        super().showEvent(event)

    def sizeHint(self) -> QtCore.QSize:
        return self._folded(super().sizeHint())

    def minimumSizeHint(self) -> QtCore.QSize:
        return self._folded(super().minimumSizeHint())

    def _folded(self, size: QtCore.QSize) -> QtCore.QSize:
        """What is left of the box while it is closed: its title."""
        return size if self.isChecked() else QtCore.QSize(size.width(), 22)

    def paintEvent(self, event) -> None:
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width(), 22)
        option.text = ("\u25be " if self.isChecked() else "\u25b8 ") + self.text()
        painter = QtWidgets.QStylePainter(self)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_PushButton, option)

    collapsed = Property(
        bool, lambda self: not self.isChecked(), lambda self, collapsed: self.setChecked(not collapsed)
    )


class ctkCheckableComboBox(QtWidgets.QComboBox):
    """A combo box whose items are checked one by one."""

    checkedIndexesChanged = Signal()

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._checked: list[int] = []
        self.model().dataChanged.connect(self._data_changed)
        self.model().rowsInserted.connect(self._make_checkable)

    def _make_checkable(self, parent, first: int, last: int) -> None:
        for row in range(first, last + 1):
            item = self.model().item(row)
            item.setCheckable(True)
            item.setCheckState(QtCore.Qt.CheckState.Unchecked)

    def _rows(self) -> list[int]:
        rows = range(self.model().rowCount())
        return [row for row in rows if self.model().item(row).checkState() == QtCore.Qt.CheckState.Checked]

    def _data_changed(self, *_indexes) -> None:
        if self._rows() != self._checked:
            self._checked = self._rows()
            self.checkedIndexesChanged.emit()

    def checkedIndexes(self) -> list[QtCore.QModelIndex]:
        return [self.model().index(row, 0) for row in self._rows()]

    def checkState(self, index: QtCore.QModelIndex) -> QtCore.Qt.CheckState:
        return self.model().itemFromIndex(index).checkState()

    def setCheckState(self, index: QtCore.QModelIndex, state: QtCore.Qt.CheckState) -> None:
        self.model().itemFromIndex(index).setCheckState(state)

    def paintEvent(self, event) -> None:
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionComboBox()
        self.initStyleOption(option)
        texts = [self.itemText(row) for row in self._rows()]
        everything = len(texts) == self.count() > 0
        option.currentText = "All" if everything else ", ".join(texts) or "None"
        painter.drawComplexControl(QtWidgets.QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QtWidgets.QStyle.ControlElement.CE_ComboBoxLabel, option)


class ctkComboBox(QtWidgets.QComboBox):
    """A combo box that can be told to leave the mouse's wheel alone."""

    NeverScroll, AlwaysScroll, ScrollWithFocus, ScrollWithNoVScrollBar = range(4)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._effect = self.AlwaysScroll

    def _set_effect(self, effect: int) -> None:
        self._effect = effect

    def wheelEvent(self, event) -> None:
        if self._effect == self.NeverScroll:
            event.ignore()
        else:
            super().wheelEvent(event)

    scrollWheelEffect = Property(int, lambda self: self._effect, _set_effect)


class ctkSliderWidget(QtWidgets.QWidget):
    """A slider with a spin box."""

    valueChanged = Signal(float)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal, self)
        self._box = QtWidgets.QDoubleSpinBox(self)
        self._slider.setRange(0, 1000)
        self._page = 10.0
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._box)
        self._box.valueChanged.connect(self._changed)
        self._slider.sliderMoved.connect(lambda position: self._box.setValue(self._from_slider(position)))

    def _from_slider(self, position: int) -> float:
        return self._box.minimum() + position / 1000 * (self._box.maximum() - self._box.minimum())

    def _changed(self, value: float) -> None:
        span = self._box.maximum() - self._box.minimum()
        self._slider.setValue(round(1000 * (value - self._box.minimum()) / span) if span else 0)
        self.valueChanged.emit(value)

    def _set_page(self, step: float) -> None:
        self._page = step

    value = Property(float, lambda self: self._box.value(), lambda self, value: self._box.setValue(value))
    minimum = Property(float, lambda self: self._box.minimum(), lambda self, value: self._box.setMinimum(value))
    maximum = Property(float, lambda self: self._box.maximum(), lambda self, value: self._box.setMaximum(value))
    singleStep = Property(float, lambda self: self._box.singleStep(), lambda self, step: self._box.setSingleStep(step))
    decimals = Property(int, lambda self: self._box.decimals(), lambda self, count: self._box.setDecimals(count))
    pageStep = Property(float, lambda self: self._page, _set_page)


class qMRMLWidget(QtWidgets.QWidget):
    """A widget that passes its scene on."""

    mrmlSceneChanged = Signal(object)
    mrml_signals = ("mrmlSceneChanged(vtkMRMLScene*)",)

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):
        return self._scene

    def setMRMLScene(self, scene) -> None:
        """The same scene again is passed on to nobody."""
        if scene is not self._scene:
            self._scene = scene
            self.mrmlSceneChanged.emit(scene)


class qSlicerAbstractModuleWidget(qMRMLWidget):
    """What the application puts a panel into."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._entered = False

    def _set_entered(self, entered: bool) -> None:
        self._entered = entered

    isEntered = Property(bool, lambda self: self._entered, _set_entered)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Chooses a node of a real scene."""

    currentNodeChanged = Signal(object)
    mrml_signals = ("currentNodeChanged(vtkMRMLNode*)",)
    _FLAGS = {"showChildNodeTypes": True, "addEnabled": True, "removeEnabled": True, "noneEnabled": False}

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._scene, self._current = None, ""
        self._types: list[str] = []
        self._flags = dict(self._FLAGS)
        self._box = QtWidgets.QComboBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.activated.connect(lambda index: self.setCurrentNodeID(self._box.itemData(index)))

    def setMRMLScene(self, scene) -> None:
        if scene is self._scene:
            return
        self._scene = scene
        self.setEnabled(scene is not None)  # whatever it was before
        tags = [scene.AddObserver(event, self._update) for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent)]
        self.destroyed.connect(lambda: [scene.RemoveObserver(tag) for tag in tags])
        self._update()

    def currentNode(self):
        return self._scene.GetNodeByID(self._current) if self._scene is not None and self._current else None

    def setCurrentNode(self, node) -> None:
        self.setCurrentNodeID(node.GetID() if node is not None else "")

    def setCurrentNodeID(self, node_id: str) -> None:
        if self._scene is None or node_id == self._current:
            return
        self._current = node_id or ""
        self._box.setCurrentIndex(self._box.findData(self._current))
        self.currentNodeChanged.emit(self.currentNode())

    def _fits(self, node) -> bool:
        if node.GetHideFromEditors():
            return False
        if self._flags["showChildNodeTypes"]:
            return any(node.IsA(name) for name in self._types)
        return node.GetClassName() in self._types

    def _update(self, *_event) -> None:
        try:
            self._show_nodes()
        except RuntimeError:
            if isValid(self._box):  # else a panel that nobody holds any more was collected just now
                raise

    def _show_nodes(self) -> None:
        nodes = [self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes())]
        fitting = [node for node in nodes if self._fits(node)]
        self._box.clear()
        if self._flags["noneEnabled"]:
            self._box.addItem("None", "")
        for node in fitting:
            self._box.addItem(node.GetName(), node.GetID())
        if self._current not in [node.GetID() for node in fitting]:
            first = "" if self._flags["noneEnabled"] or not fitting else fitting[0].GetID()
            self._box.setCurrentIndex(self._box.findData(first))
            if self._current != first:
                self._current = first
                self.currentNodeChanged.emit(self.currentNode())
        else:
            self._box.setCurrentIndex(self._box.findData(self._current))

    def _set_types(self, types: list[str]) -> None:
        self._types = list(types)
        if self._scene is not None:
            self._update()

    nodeTypes = Property("QStringList", lambda self: self._types, _set_types)
    currentNodeID = Property(str, lambda self: self._current, setCurrentNodeID)


class qMRMLTableView(QtWidgets.QTableView):
    """Shows a real table node. A scene cannot be set: without a view node it would empty the view."""

    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._node = None
        self.setModel(QtGui.QStandardItemModel(self))

    def mrmlTableNode(self):
        return self._node

    def setMRMLTableNode(self, node) -> None:
        self._node = node
        model = self.model()
        model.clear()
        if node is None:
            return
        columns = range(node.GetNumberOfColumns())
        names = [node.GetColumnName(column) for column in columns]
        titled = node.GetUseColumnTitleAsColumnHeader()
        model.setHorizontalHeaderLabels([node.GetColumnTitle(name) if titled else "" for name in names])
        for row in range(node.GetNumberOfRows()):
            model.appendRow([QtGui.QStandardItem(node.GetCellText(row, column)) for column in columns])
        self.resizeColumnsToContents()


def _flag(name: str) -> Property:
    return Property(bool, lambda self: self._flags[name], lambda self, value: self._flags.__setitem__(name, value))


def _with_flags(kind: type) -> type:
    """The class with a Qt property for each flag; Shiboken reads properties when a class is made."""
    return type(kind)(kind.__name__, (kind,), {name: _flag(name) for name in kind._FLAGS})


qMRMLNodeComboBox = _with_flags(qMRMLNodeComboBox)
WIDGETS = (
    ctkCollapsibleButton,
    ctkCheckableComboBox,
    ctkComboBox,
    ctkSliderWidget,
    qMRMLWidget,
    qMRMLNodeComboBox,
    qMRMLTableView,
    qSlicerAbstractModuleWidget,
)
