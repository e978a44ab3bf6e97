"""`connecthub sandbox`: stand-in servers for outside systems."""

from __future__ import annotations

import click


@click.group()
def sandbox() -> None:
    """Stand-in servers for outside systems, to try plugins without an account."""


@sandbox.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
def seeyon(port: int) -> None:
    """Serve a Seeyon stand-in on this machine until Ctrl-C: user `sandbox-user`, password `sandbox-password`.

    \b
    Example:
      connecthub sandbox seeyon --port 8765
    """
    from connecthub.integrations.sandbox.seeyon import serve

    serve(port, on_ready=lambda url: click.echo(f"Seeyon stand-in at {url}, Ctrl-C ends it"))
