#!/bin/sh
# Make a virtual environment with a Python 3.11-3.13 of this machine: make_venv.sh FOLDER
# PYTHON=/path/to/python chooses one.
set -eu
folder=$1

suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3 python; do
        if [ -n "$candidate" ] && suits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    for candidate in "$HOME"/.pyenv/versions/3.1[123].*/bin/python "$HOME"/miniconda3/envs/*/bin/python; do
        if [ -x "$candidate" ] && suits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    echo "No Python 3.11, 3.12 or 3.13 was found (looked for python3.11, python3.12, python3.13, python3 and python)." >&2
    echo "Install one, or name one: make demo PYTHON=/path/to/python3.12" >&2
    exit 1
fi
echo "Making $folder with $("$python" -c 'import platform, sys; print(sys.executable, platform.python_version())')"

# Debian's Python has no ensurepip unless python3-venv is installed, but a pip of its own can fill the gap.
if ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
    "$python" -m venv --without-pip "$folder"
    if ! "$python" -m pip --python "$folder/bin/python" install pip; then
        rm -rf "$folder"
        echo "This Python has neither ensurepip nor a pip of 22.3 or later." >&2
        echo "On Debian or Ubuntu install one of them: sudo apt-get install python3-venv" >&2
        exit 1
    fi
else
    "$python" -m venv "$folder"
fi
