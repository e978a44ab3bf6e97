"""The baselines' own Python environment: made once under `build/`, used again until its list of packages changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.harness import ROOT, say

FOLDER = ROOT / "build" / "bench-venv"
BASELINES = Path(__file__).parent / "baselines"
REQUIREMENTS = BASELINES / "requirements.txt"


def bench_bin() -> Path:
    """The folder of the environment's programs; installs them where they are missing."""
    stamp = FOLDER / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        say(f"installing the baselines into {FOLDER}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        pip = [str(FOLDER / "bin" / "pip"), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
        shutil.copyfile(REQUIREMENTS, stamp)
    return FOLDER / "bin"


def versions() -> str:
    """What is installed there."""
    listed = subprocess.run(
        [str(bench_bin() / "pip"), "list", "--format=freeze"], check=True, capture_output=True, text=True
    ).stdout.split()
    named = ("celery==", "huey==", "psycopg==", "rq==", "redis==")
    return ", ".join(line.replace("==", " ") for line in listed if line.startswith(named))
