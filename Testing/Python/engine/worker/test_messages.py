"""What the worker says reaches its reader: messages on its stream, everything else in the log."""

from __future__ import annotations

import json
import os
import threading

from UMambaXAILogic.engine.case.record import CaseRecord
from UMambaXAILogic.engine.worker.messages import MessageReporter, MessageWriter
from UMambaXAILogic.interaction.protocol import Point, parse_line


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


def test_every_point_of_a_curve_is_said_at_once_as_the_protocol_reads_it():
    reading, writing = os.pipe()
    reporter = MessageReporter(MessageWriter(writing), threading.Event())
    for number in range(20):  # progress would be held back
        CaseRecord(reporter).point("map", {"removed": number, "relative": None})
    os.close(writing)
    with os.fdopen(reading) as stream:
        found = [parse_line(line) for line in stream]
    assert found == [Point("map", {"removed": float(number), "relative": None}) for number in range(20)]
