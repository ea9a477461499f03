"""Starting the worker: it finds the package, and the current folder cannot get in its way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from UMambaXAILogic.interaction import Job, SubprocessRunner, worker_command
from UMambaXAILogic.interaction.worker_command import python_command


def test_the_worker_starts_from_any_folder_and_names_a_request_that_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise RuntimeError('a file of the user')\n")
    monkeypatch.chdir(tmp_path)
    job = Job(worker_command(tmp_path / "missing" / "request.json"), SubprocessRunner())
    job.start()
    assert job.wait(60)
    assert job.state == "failed", job.error
    assert "request.json" in job.error.message
    assert job.hello is not None


def test_a_private_runtime_that_is_gone_is_named(tmp_path):
    job = Job(worker_command(tmp_path / "request.json", packages=tmp_path / "gone"), SubprocessRunner())
    job.start()
    assert job.wait(60)
    assert job.error.code == "not_installed"
    assert "gone" in job.error.message


def test_another_python_and_its_environment_are_used(tmp_path):
    command = worker_command(Path("r.json"), program="/opt/python", environment={"A": "b"})
    assert command.program == "/opt/python"
    assert command.environment == {"A": "b"}
    assert '"' not in command.arguments[1] and "\n" not in command.arguments[1]


def test_plugins_of_another_application_are_not_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("ITK_AUTOLOAD_PATH", "/app/plugins")
    command = python_command("UMambaXAILogic.engine.worker.process", ("--help",))
    code = command.arguments[1].replace("from UMambaXAILogic.engine.worker.process import main; sys.exit(main())", "")
    shown = subprocess.run(
        [sys.executable, "-c", code + "print(os.environ.get('ITK_AUTOLOAD_PATH'))", "parent"],
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip() == "None", shown.stderr
