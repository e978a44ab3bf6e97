"""What is taken for a command over SSH, and what is not."""

from __future__ import annotations

import click
import pytest

from connecthub.cli.main import connecthub
from connecthub.errors import NotOffered
from connecthub.ssh.arrival import Arrival
from connecthub.ssh.commands import COMMAND_MAX, OFFERED, VALUES, parse, usage
from connecthub.ssh.door import target

TAKEN = {
    "status": ["status"],
    "connecthub job list --json": ["job", "list", "--json"],
    "job show 'nightly; people'": ["job", "show", "nightly; people"],
    r"job show a\;b": ["job", "show", "a;b"],
    'job run nightly --params \'{"a": "$(x) `y`"}\'': ["job", "run", "nightly", "--params", '{"a": "$(x) `y`"}'],
    "log list --text @alice": ["log", "list", "--text", "@alice"],
    "job show 同步": ["job", "show", "同步"],
    "help": ["help"],
    "--help": ["help"],
    "connecthub": ["help"],
    "": ["help"],
    "help job": ["help"],
}
REFUSED = {
    "sh": "'sh' may not be given over SSH",
    "job delete nightly": "'job delete'",
    "job edit nightly --name x": "'job edit'",
    "job add x": "'job add'",
    "log prune --yes": "'log prune'",
    "operator list": "'operator list'",
    "ssh session 2": "'ssh session'",
    "key check": "'key check'",
    "tui": "'tui'",
    "connecthub connecthub status": "'connecthub status'",
    "job": "'job'",
    "job --help": "'job --help'",
    "JOB LIST": "'JOB LIST'",
    "--debug status": "--debug",
    "status --debug": "--debug",
    "status; id": "';' is for a shell",
    "job list && id": "'&' is for a shell",
    "job list | cat": "'|' is for a shell",
    "job list > /tmp/x": "'>' is for a shell",
    "job show $(id)": "'$(' is for a shell",
    "job show `id`": "'`' is for a shell",
    "status\nid": "one line",
    "status\x1b[2J": "one line",
    "status\r": "one line",
    "status\u2028id": "one line",
    "status \udcff": "one line",
    "job show 'x": "never closed",
    "job run x --params @/etc/passwd": "a file of the host",
    "job run x --params=@/etc/passwd": "a file of the host",
    "job run x --params -": "a file of the host",
    "job run x --params=-": "a file of the host",
    'job run x --secrets \'{"password": "hunter2"}\'': "--secrets is not taken over SSH",
    "job run x --secrets=@/etc/passwd": "--secrets is not taken over SSH",
    "scp -t /tmp": "'scp -t'",
    "/bin/false sftp": "'/bin/false sftp'",
    "internal-sftp": "'internal-sftp'",
    "rsync --server . /": "'rsync --server'",
    "git-upload-pack 'x'": "'git-upload-pack x'",
    "status" + " " * COMMAND_MAX: "too long",
    "状" * (COMMAND_MAX // 3 + 1): "too long",
}


@pytest.mark.parametrize("command", TAKEN)
def test_the_words_of_a_command_arrive_as_they_were_quoted(command: str):
    assert parse(command) == TAKEN[command]


@pytest.mark.parametrize("command", REFUSED, ids=lambda command: ascii(command[:40]))
def test_what_is_not_in_the_list_is_refused_with_a_reason(command: str):
    with pytest.raises(NotOffered) as refused:
        parse(command)
    assert REFUSED[command] in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def offered_commands() -> dict[str, click.Command]:
    """Each command of the list, as the command line has it."""
    found = {}
    for words in OFFERED:
        command: click.Command | None = connecthub
        for word in words:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word)
        if words != ("help",):
            assert command is not None, words
            found[" ".join(words)] = command
    return found


def test_no_command_of_the_list_takes_a_file_but_by_the_options_that_are_looked_at():
    for name, command in offered_commands().items():
        for parameter in command.params:
            text = f"{parameter.type} {getattr(parameter, 'help', '')}"
            assert not isinstance(parameter.type, click.File | click.Path), f"{name} {parameter.name}"
            assert "FILE" not in text or set(parameter.opts) <= set(VALUES), f"{name} {parameter.name}"


def test_the_list_is_told_with_a_line_for_each():
    told = usage()
    assert [words for words in OFFERED if not any(line.startswith("  " + " ".join(words)) for line in told)] == []


@pytest.mark.parametrize(
    "option", ['--secrets \'{"password": "hunter2"}\'', "--secrets={hunter2}", "--secrets hunter2"]
)
def test_a_secret_that_somebody_typed_is_in_no_audit_row(option: str):
    arrival = Arrival(7, f"job edit nightly {option}", None, None, terminal=False, term="")
    assert target(arrival) == "job edit nightly --secrets ***"
