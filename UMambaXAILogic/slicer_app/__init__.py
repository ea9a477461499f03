"""The only place that imports qt, ctk or the application's half of slicer: processes, the private runtime, dialogs.

``process_runner.ProcessRunner`` runs the worker on Qt's event loop, ``environment.Environment`` knows which Python and
packages it gets, ``runtime_install`` is the process that installs them. Nothing is imported here, so that the
installing process, which has no Qt, can be started from this package too.
"""
