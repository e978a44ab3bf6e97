"""`connecthub plugin check`: what a plugin must keep to."""

from __future__ import annotations

import click

CHECK_WIDTH = len("boundaries")
STATE_WIDTH = len("warning")


@click.command()
@click.argument("plugin")
@click.option("--params", help="What the drill runs it with: JSON, @FILE, or -; else its first example.")
@click.option("--secrets", help="Secrets that the drill looks for: @FILE, or -; else made up.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds until the drill's run is stopped.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def check(
    context: click.Context, plugin: str, params: str | None, secrets: str | None, timeout: float, as_json: bool
) -> None:
    """Check a plugin: a package with its modules, one module, or one class.

    Four checks: its imports keep to what a plugin may use; being imported does nothing but define; defaults and
    examples fit its models, and secrets are marked as such; and a leak drill, a dry run with secrets that must show
    nowhere. Give the drill params and secrets of a stand-in, and it gets further than a refused sign-in.

    A secret that a JobLog masks, and a plugin that did not work in the drill, are warnings: the exit code stays 0.

    \b
    Examples:
      connecthub plugin check extensions.sync_oa_to_didi
      connecthub plugin check extensions.sync_oa_to_didi.job:SyncOAToDidiTokenJob \\
        --secrets @secrets.json --json
    """
    from connecthub.cli.output import print_json, say
    from connecthub.cli.values import read_params, read_secrets
    from connecthub.core.config import load_settings
    from connecthub.runner.launcher_process import LauncherProcess
    from connecthub.testing.check import Drilling, PluginCheck

    given = None if params is None else read_params(params)
    drilling = Drilling(given, read_secrets(secrets), timeout)
    found = []
    with LauncherProcess(owns_children=True) as launcher:
        for finding in PluginCheck(load_settings(), launcher, plugin).findings(drilling):
            found.append(finding)
            if not as_json:
                where = f"{finding.where}: " if finding.where else ""
                say(f"{finding.state:<{STATE_WIDTH}}  {finding.check:<{CHECK_WIDTH}}  {where}{finding.text}")
    failed = any(finding.state == "failed" for finding in found)
    if as_json:
        print_json({"ok": not failed, "findings": [vars(finding) for finding in found]})
    context.exit(1 if failed else 0)
