"""`connecthub alert channel | test`: where alerts go."""

from __future__ import annotations

import sys
from pathlib import Path

import click

URL_MAX = 4096
"""Characters."""


@click.group()
def channel() -> None:
    """Channels: chat robots, mail, webhooks. An alert goes to all of them, or to those that a policy names."""


@channel.command()
@click.argument("name")
@click.option("--url", required=True, help="@FILE, or - to type it without echo or to pipe it.")
def add(name: str, url: str) -> None:
    """Add a channel. Its URL, as apprise writes it, holds a token or a password and is stored encrypted.

    \b
    WeCom      wecombot://KEY
    DingTalk   dingtalk://SECRET@TOKEN/   or dingtalk://TOKEN/
    Feishu     feishu://TOKEN
    Slack      slack://TOKEN_A/TOKEN_B/TOKEN_C
    mail       mailtos://USER:PASSWORD@smtp.example.com?to=ops@example.com
    webhook    jsons://HOST/PATH          a POST of JSON with title, message and type
    \b
    Examples:
      connecthub alert channel add ops --url -
      connecthub alert channel add mail --url @/root/mail-url
    """
    from connecthub.cli.output import say
    from connecthub.cli.session import session

    given = _read_url(url)
    with session() as opened:
        from connecthub.control.alert_channels import add_channel

        service = add_channel(opened.database, opened.keys, opened.actor, name, given)
        say(f"channel {name} is added ({service}); `connecthub alert test {name}` sends it a message")


@channel.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def list_(as_json: bool) -> None:
    """List the channels, and how the last message to each went.

    \b
    Example:
      connecthub alert channel list
    """
    from connecthub.cli.output import as_dict, local, print_json, print_table
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.alert_channels import list_channels

        rows = list_channels(opened.database)
        if as_json:
            print_json([{**as_dict(row), "sealed_url": None} for row in rows])
            return
        if not rows:
            click.echo("no channel yet; `connecthub alert channel add` makes one")
            return
        zone = opened.settings.timezone
        print_table(
            ["NAME", "SERVICE", "WAITING", f"LAST SENT ({zone})", f"LAST ERROR ({zone})", "ERROR"],
            [
                (
                    row.name,
                    row.service,
                    row.waiting,
                    local(row.last_sent_at, zone),
                    local(row.last_error_at, zone),
                    row.last_error,
                )
                for row in rows
            ],
            widest={"ERROR": 200},
        )


@channel.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, yes: bool) -> None:
    """Remove a channel, with its URL and what waits for it. It cannot be undone.

    \b
    Example:
      connecthub alert channel remove ops
    """
    from connecthub.cli.output import say
    from connecthub.cli.questions import ask
    from connecthub.cli.session import session

    with session() as opened:
        from connecthub.control.alert_channels import remove_channel

        if not yes:
            ask(f"remove channel {name} of {opened.settings.instance_name} for good?")
        remove_channel(opened.database, opened.actor, name)
        say(f"channel {name} is removed")


@click.command("test")
@click.argument("channel", required=False)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def trial(channel: str | None, as_json: bool) -> None:
    """Send a test message now, through one channel or all.

    Exit 1 where one did not take it.

    \b
    Examples:
      connecthub alert test
      connecthub alert test ops
    """
    from dataclasses import asdict

    from connecthub.cli.output import print_json, say
    from connecthub.cli.session import session
    from connecthub.core.clock import SystemClock
    from connecthub.errors import NotSent

    with session() as opened:
        from connecthub.control.alert_channels import try_channels

        now = SystemClock().now()
        tried = try_channels(opened.database, opened.keys, opened.actor, opened.settings, channel, now)
    if as_json:
        print_json([asdict(each) for each in tried])
    else:
        for each in tried:
            say(f"{each.channel}: {each.error or 'sent'}")
    if failed := [each.channel for each in tried if each.error]:
        mend = "a wrong URL is mended by `alert channel remove` and `add`"
        raise NotSent(f"{', '.join(failed)} did not take the test message; {mend}")


def _read_url(value: str) -> str:
    """A URL from `@file`, or `-`: standard input, typed without echo at a terminal. No message repeats it."""
    from connecthub.errors import ConfigError

    if value == "-":
        given = click.prompt("URL", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read(URL_MAX + 1)
    elif value.startswith("@"):
        try:
            with Path(value[1:]).open(encoding="utf-8") as file:
                given = file.read(URL_MAX + 1)
        except OSError as error:
            raise ConfigError(f"--url: {value!r} cannot be read: {error.strerror}; name another file") from None
        except UnicodeDecodeError:
            raise ConfigError(f"--url: {value!r} is no UTF-8 text; save it as UTF-8") from None
    else:
        raise ConfigError("--url takes no literal, which other users could read; write @FILE, or - to type or pipe it")
    if len(given) > URL_MAX or len(given.split()) != 1:
        raise ConfigError(f"--url holds no single URL of up to {URL_MAX} characters; write one, such as wecombot://KEY")
    return given.strip()
