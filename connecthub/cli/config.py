"""`connecthub config`: the settings."""

from __future__ import annotations

import click


@click.group()
def config() -> None:
    """The settings, from the environment and `.env`."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def check(as_json: bool) -> None:
    """Show the settings in force and say what is wrong or ignored; secrets are masked.

    \b
    Example:
      connecthub config check
    """
    from connecthub.cli.output import print_facts, print_json
    from connecthub.core.config import Settings, load_settings, unknown_keys
    from connecthub.core.redact import mask_url

    settings = load_settings()
    settings.check_stack()
    shown = {name.upper(): value for name, value in settings.model_dump(mode="json").items()}
    shown |= {"DB_URL": mask_url(settings.database_url), "REDIS_URL": settings.redis_url and settings.queue}
    ignored = unknown_keys()
    if as_json:
        print_json({"stack": settings.stack, "settings": shown, "ignored": ignored})
        return
    assert set(shown) == {name.upper() for name in Settings.model_fields}
    print_facts({name: ", ".join(value) if isinstance(value, list) else value for name, value in shown.items()})
    click.echo(f"\nthe settings are valid: the {settings.stack} stack")
    if ignored:
        click.echo(f"ignored in .env, no settings of ours: {', '.join(ignored)}")
