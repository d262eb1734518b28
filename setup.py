"""Runs `npm ci` for the page's charts if they are missing; everything else is in pyproject.toml."""

import shutil
import subprocess
from pathlib import Path

from setuptools import setup

WEB = Path(__file__).parent / "analytics" / "web"

if not (WEB / "node_modules" / "uplot").exists() and shutil.which("npm"):
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=WEB, check=False)

setup()
