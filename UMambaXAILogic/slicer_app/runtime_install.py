"""The process that installs the private runtime. It speaks the worker's protocol, so ``Job`` runs and cancels it.

``... --target DIR --staging DIR2 [--constraints FILE] [--index URL] [--find-links DIR3] REQUIREMENT...``

Packages go into the fresh ``staging`` folder, are verified there by importing them in a process of their own, and only
then take the place of ``target``: pip skips what already exists in a target folder and still reports success.
``--clean`` instead removes a staging folder that a cancel left behind.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

from UMambaXAILogic.engine.errors import CancelledError, NotInstalledError
from UMambaXAILogic.engine.failure import describe_failure
from UMambaXAILogic.engine.worker import claim_standard_streams
from UMambaXAILogic.engine.worker_cancel import CancelWatch
from UMambaXAILogic.engine.worker_messages import MessageWriter
from UMambaXAILogic.engine.worker_path import place_packages
from UMambaXAILogic.interaction.worker_command import python_command

from .runtime import MARKER, MODULES


def main(arguments: list[str] | None = None) -> int:
    """Install, or clean; returns the exit status."""
    own_input, own_output = claim_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # pip's lines are shown live
    writer = MessageWriter(own_output)
    watch = CancelWatch(own_input, writer)
    watch.start()
    try:
        place_packages(None)
        _work(arguments, writer, watch.cancelled)
        watch.disarm()
        return 0
    except BaseException as error:
        watch.disarm()
        failure = describe_failure(error)
        if failure.code == "bug":
            traceback.print_exc(file=sys.stderr)
        with contextlib.suppress(CancelledError):
            writer.say("error", code=failure.code, message=failure.message, remedy=failure.remedy)
        return failure.exit_code


def _work(arguments: list[str] | None, writer: MessageWriter, cancelled: threading.Event) -> None:
    import argparse  # after place_packages: a wrong argparse may lie in Slicer's site-packages

    parser = argparse.ArgumentParser(description="Install the private runtime.")
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--staging", type=Path, required=True)
    parser.add_argument("--index")
    parser.add_argument("--find-links", type=Path)
    parser.add_argument("--constraints", type=Path)
    parser.add_argument("--modules", default=",".join(MODULES))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--size-gb", type=float, default=0.0)
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("requirements", nargs="*")
    options = parser.parse_args(arguments)

    writer.say("hello", pid=os.getpid(), versions={"python": sys.version.split()[0]})
    if options.clean:
        shutil.rmtree(options.staging, ignore_errors=True)
        shutil.rmtree(_temporary(options.staging), ignore_errors=True)
    else:
        check_space(options.target, options.size_gb)
        writer.say("stage", name="install")
        install(options.staging, options.requirements, options.constraints, options.index, options.find_links)
        writer.say("stage", name="verify")
        versions = verify(options.staging, options.modules.split(","), options.python, cancelled)
        marker = {"requirements": options.requirements, "versions": versions}
        (options.staging / MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
        if cancelled.is_set():
            raise CancelledError()
        put_in_place(options.staging, options.target)
    writer.say("result", folder=str(options.target), files={})


def check_space(target: Path, size_gb: float) -> None:
    """Refuse before the download what would fill the disk after it.

    Raises:
        NotInstalledError: less than ``size_gb`` are free.
    """
    existing = next(folder for folder in target.absolute().parents if folder.is_dir())
    free_gb = shutil.disk_usage(existing).free / 1e9
    if free_gb < size_gb:
        raise NotInstalledError(
            f"Installing needs about {size_gb:.1f} GB in {target.parent}, and {free_gb:.1f} GB are free.",
            "Free some space, or choose an existing Python environment instead.",
        )


def install(
    staging: Path, requirements: list[str], constraints: Path | None, index: str | None, find_links: Path | None
) -> None:
    """``pip install --target`` into a fresh folder, in this process: behind a launcher a child could not be ended.

    Raises:
        NotInstalledError: pip did not succeed; its own error lines say why.
    """
    if staging.exists():
        shutil.rmtree(staging)
    temporary = _temporary(staging)
    temporary.mkdir(parents=True, exist_ok=True)
    # pip's own temporary files (as large as the runtime) go where they can be moved from and are cleaned up with it.
    os.environ.update(TMPDIR=str(temporary), TEMP=str(temporary), TMP=str(temporary), PIP_USER="0")
    tempfile.tempdir = str(temporary)
    log = temporary / "pip.log"
    options = ["--progress-bar", "off", "--no-input", "--disable-pip-version-check"]
    options += ["--no-warn-script-location", "--no-warn-conflicts"]  # neither concerns a folder of its own
    source = [] if index is None else ["--extra-index-url", index]
    if find_links is not None:
        source = ["--no-index", "--find-links", str(find_links)]
    if constraints is not None:
        options += ["--constraint", str(constraints)]
    sys.argv = ["pip", "install", "--target", str(staging), "--log", str(log), *options, *source, *requirements]
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code:
            raise NotInstalledError(
                f"The packages could not be installed: {_pip_errors(log) or f'pip ended with {end.code}'}",
                "Check the connection to the internet (and the proxy) and the free disk space, and try again. "
                "Without the internet: under Advanced, name an existing Python that has torch and nnunetv2.",
            ) from None
    (staging / "argparse.py").unlink(missing_ok=True)  # argparse 1.4.0, see engine.worker_path
    shutil.rmtree(temporary, ignore_errors=True)


def verify(staging: Path, modules: list[str], python: str, cancelled: threading.Event) -> dict[str, str]:
    """Import ``modules`` from the fresh folder in a process that ends before the folder is renamed.

    Windows does not rename a folder whose libraries are loaded.

    Returns:
        The version of each module.

    Raises:
        NotInstalledError: a module does not load, or loads from elsewhere.
        CancelledError: ``cancelled`` was set meanwhile.
    """
    command = python_command(f"{__package__}.runtime_verify", (str(staging), *modules), program=python)
    with subprocess.Popen(
        [command.program, *command.arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        output, complaints = _listen(process, cancelled)
    if process.returncode != 0:
        lines = complaints.strip().splitlines()
        raise NotInstalledError(
            f"The packages were installed but do not work: {lines[-1] if lines else f'status {process.returncode}'}",
            "Install them again, or choose an existing Python environment instead.",
        )
    return json.loads(output.splitlines()[-1])


def put_in_place(staging: Path, target: Path) -> None:
    """``staging`` becomes ``target``; an older ``target`` makes room first and is removed last."""
    outdated = target.with_name(target.name + ".old")
    shutil.rmtree(outdated, ignore_errors=True)
    if target.exists():
        target.rename(outdated)
    staging.rename(target)
    shutil.rmtree(outdated, ignore_errors=True)


def _listen(process: subprocess.Popen[bytes], cancelled: threading.Event) -> tuple[str, str]:
    while True:
        try:
            output, complaints = process.communicate(timeout=0.1)
            return output.decode("utf-8", errors="replace"), complaints.decode("utf-8", errors="replace")
        except subprocess.TimeoutExpired:
            if cancelled.is_set():
                process.kill()
                raise CancelledError() from None


def _temporary(staging: Path) -> Path:
    return staging.with_name(staging.name + "t")  # short, because Windows limits paths to 260 characters


def _pip_errors(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return " ".join(line.partition("ERROR: ")[2] for line in lines if "ERROR: " in line)
