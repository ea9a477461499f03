"""What the worker says reaches its reader: messages on its stream, everything else in the log."""

from __future__ import annotations

import json
import os
import threading

from UMambaXAILogic.engine.worker_messages import MessageReporter, MessageWriter


def test_what_a_method_will_cost_goes_to_the_log_and_not_between_messages(capfd):
    reading, writing = os.pipe()
    reporter = MessageReporter(MessageWriter(writing), threading.Event())
    reporter.stage("explain")
    reporter.announce("Filling 170 regions takes up to 1406 forward passes.")
    reporter.progress(0.5)
    os.close(writing)
    with os.fdopen(reading) as stream:
        messages = [json.loads(line) for line in stream]
    assert [message["type"] for message in messages] == ["stage", "progress"]
    assert capfd.readouterr().err == "Filling 170 regions takes up to 1406 forward passes.\n"
