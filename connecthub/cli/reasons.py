"""The option `--reason` of commands that stop or take away."""

from __future__ import annotations

import click

reason_option = click.option("--reason", metavar="TEXT", help="Why, for the audit trail: one line.")
