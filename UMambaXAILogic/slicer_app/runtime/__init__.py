"""The private runtime: torch, nnunetv2 and the rest in a folder of their own, which only the worker puts on its path.

``contents`` says what belongs into it, ``build`` and ``plan`` what this machine would get and how large that is;
``process`` is the process that installs, checks, renews and deletes it. No Qt: the processes have none.
"""
