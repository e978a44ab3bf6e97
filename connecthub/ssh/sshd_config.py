"""The configuration of an sshd that serves ConnectHub alone, beside the host's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TEMPLATE = """\
# An sshd for ConnectHub alone, beside the host's own. `connecthub ssh install` prints this file.
Port {port}
HostKey {host_key}
PidFile {pid_file}
AllowUsers {account}
AuthorizedKeysFile {authorized_keys}

# A key and nothing else; the file above pins for each the one command that it opens. ForceCommand would override that.
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
PermitRootLogin no
UsePAM no
StrictModes {strict_modes}
ExposeAuthInfo yes
MaxAuthTries 6
MaxSessions 5
MaxStartups 10:30:60
LoginGraceTime 30

# A terminal, and nothing besides: no tunnel, no agent, no files, no environment but what a terminal needs.
PermitTTY yes
DisableForwarding yes
PermitTunnel no
PermitUserEnvironment no
PermitUserRC no
AcceptEnv COLORTERM NO_COLOR LC_ALL LC_CTYPE
# Not a file server: it lets sftp and scp come as far as the gate, which refuses and records them.
Subsystem sftp /bin/false sftp

# A client that is gone is noticed within 45 s.
ClientAliveInterval 15
ClientAliveCountMax 3
UseDNS no
PrintMotd no
PrintLastLog no
LogLevel VERBOSE
# Whose connection asked for what is refused above; `connecthub ssh sync` leaves it in the audit trail.
LogVerbose {log_verbose}
"""

LOGGED = (
    "auth_log",
    "privsep_postauth",
    "server_input_global_request",
    "server_input_channel_open",
    "server_request_direct_*",
    "session_auth_agent_req",
    "session_input_channel_req",
)
"""Functions of sshd of which every line is logged, with its process (OpenSSH 8.5); `sshd_log.py` reads them."""


@dataclass(frozen=True)
class Instance:
    """An sshd: where it listens, who comes in, and its files."""

    port: int
    account: str
    authorized_keys: Path
    host_key: Path
    pid_file: Path
    strict_modes: bool = True

    def config(self) -> str:
        """The text of its sshd_config."""
        return TEMPLATE.format(
            port=self.port,
            account=self.account,
            authorized_keys=_word(str(self.authorized_keys).replace("%", "%%")),
            host_key=_word(str(self.host_key)),
            pid_file=_word(str(self.pid_file)),
            strict_modes="yes" if self.strict_modes else "no",
            log_verbose=",".join(f"*:{function}():*" for function in LOGGED),
        )


DEFAULT = Instance(
    port=2222,
    account="connecthub",
    authorized_keys=Path("/srv/connecthub/data/ssh/authorized_keys"),
    host_key=Path("/etc/connecthub/ssh_host_ed25519_key"),
    pid_file=Path("/run/connecthub-sshd.pid"),
)
"""What `deploy/sshd_config` is made for."""


def _word(text: str) -> str:
    return f'"{text}"' if any(char.isspace() or char == "#" for char in text) else text
