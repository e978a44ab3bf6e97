"""What an administrator installs: compose.yaml, the image, the units; checked without Docker and without systemd."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
