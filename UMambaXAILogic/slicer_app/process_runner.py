"""The runner inside Slicer: ``QProcess`` on the application's event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import qt

from UMambaXAILogic.interaction.runner import OnBytes, OnEnd

from .connections import connect


class ProcessRunner:
    """Runs one process; see ``interaction.runner.Runner``.

    Args:
        parent: owns the process and the timers: a QProcess that nothing owns is destroyed and its child killed, and
            a QTimer that nothing refers to never fires.
    """

    def __init__(self, parent: qt.QObject) -> None:
        self._parent = parent
        self._process: qt.QProcess | None = None  # falsy, but not None, once Qt has destroyed it
        self._pid: int | None = None
        self._on_output: OnBytes = _ignore
        self._on_error: OnBytes = _ignore
        self._on_end: OnEnd | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the launcher, or None where nothing was started."""
        return self._pid

    def start(
        self,
        program: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None,
        on_output: OnBytes,
        on_error: OnBytes,
        on_end: OnEnd,
    ) -> None:
        """See ``Runner.start``."""
        self._on_output, self._on_error, self._on_end = on_output, on_error, on_end
        process = qt.QProcess(self._parent)
        self._process = process
        if environment is not None:
            process.setProcessEnvironment(_to_qt(environment))
        connect(process, "readyReadStandardOutput()", self._read_output)
        connect(process, "readyReadStandardError()", self._read_error)
        connect(process, "finished(int,QProcess::ExitStatus)", self._finished)
        connect(process, "errorOccurred(QProcess::ProcessError)", self._error_occurred)
        process.start(program, list(arguments))
        self._pid = process.processId() or None

    def close_input(self) -> None:
        """See ``Runner.close_input``."""
        if self._process:
            self._process.closeWriteChannel()

    def terminate(self) -> None:
        """See ``Runner.terminate``."""
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        """See ``Runner.kill``."""
        if self._process:
            self._process.kill()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        """See ``Runner.call_later``."""
        timer = qt.QTimer(self._parent)
        timer.setSingleShot(True)

        def fire() -> None:
            timer.deleteLater()
            callback()

        def call_off() -> None:
            if timer:  # falsy once Qt has destroyed it
                timer.stop()
                timer.deleteLater()  # its parent, the application, would keep it

        connect(timer, "timeout()", fire)
        timer.start(int(1000 * seconds))
        return call_off

    def _read_output(self) -> None:
        if self._process:
            self._on_output(_to_bytes(self._process.readAllStandardOutput()))

    def _read_error(self) -> None:
        if self._process:
            self._on_error(_to_bytes(self._process.readAllStandardError()))

    def _finished(self, exit_code: int, exit_status: int) -> None:
        self._read_output()
        self._read_error()
        self._end(-exit_code if exit_status == qt.QProcess.CrashExit else exit_code)

    def _error_occurred(self, error: int) -> None:
        if error == qt.QProcess.FailedToStart:  # the only error after which ``finished`` is not emitted
            self._on_error(f"{self._process.program()}: {self._process.errorString()}\n".encode())
            # On Windows this comes out of ``start`` itself, before the caller had a chance to listen.
            self.call_later(0.0, lambda: self._end(None))

    def _end(self, exit_code: int | None) -> None:
        process, self._process = self._process, None
        on_end, self._on_end = self._on_end, None
        if process:
            process.deleteLater()
        if on_end is not None:
            on_end(exit_code)


def _ignore(chunk: bytes) -> None:
    """Nobody listens before ``start``."""


def _to_bytes(array: qt.QByteArray) -> bytes:
    return array.data()  # bytes(array) fails in PythonQt


def _to_qt(environment: Mapping[str, str]) -> qt.QProcessEnvironment:
    result = qt.QProcessEnvironment()
    for name, value in environment.items():
        result.insert(name, value)
    return result
