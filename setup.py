"""Has npm fetch the page's charts where they are not there yet; all else about the package is in pyproject.toml."""

import shutil
import subprocess
from pathlib import Path

from setuptools import setup

WEB = Path(__file__).parent / "analytics" / "web"

if not (WEB / "node_modules" / "uplot").exists() and shutil.which("npm"):
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=WEB, check=False)

setup()
