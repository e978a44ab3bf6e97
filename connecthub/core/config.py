"""Settings: one field per variable of the environment or of `.env`, and the two stacks that they can make."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from connecthub.core.redact import mask_url
from connecthub.errors import ConfigError

ENV_FILE = Path(".env")

_POSTGRESQL = ("postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg")
_REDIS = ("redis", "rediss", "unix")
_AFTER_SCHEME = re.compile(r"(?:[^:/?#@]*(?::[^/?#@]*)?@)?(?:\[[^\]/?#@]*\]|[^:/?#@\[\]]*)(?::\d{1,5})?(?:[/?].*)?")
_NO_ZONES = re.compile("(?:posix|right)/.*|localtime|posixrules|Factory")


def system_timezone(environ: Mapping[str, str] = os.environ, root: Path = Path("/")) -> str:
    """Return the IANA name of the system's zone, from TZ, `/etc/localtime` or `/etc/timezone`; UTC where none tells."""
    sources = [environ.get("TZ", "").removeprefix(":")]
    with suppress(OSError):
        sources.append(os.readlink(root / "etc/localtime"))
    with suppress(OSError, UnicodeDecodeError):
        sources.append((root / "etc/timezone").read_text(encoding="utf-8"))
    names = [source.strip().rpartition("zoneinfo/")[2] for source in sources]
    return next((name for name in names if _is_zone(name)), "UTC")


def _is_zone(name: str) -> bool:
    if not name or _NO_ZONES.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _zone(name: str) -> str:
    if not _is_zone(name):
        raise ValueError("no IANA time zone, write one such as Asia/Shanghai")
    return name


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))


def _database_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme in ("sqlite", "sqlite+pysqlite"):
        return f"sqlite:///{_sqlite_file(rest)}"
    if scheme in _POSTGRESQL and _AFTER_SCHEME.fullmatch(rest):
        return f"postgresql+psycopg://{rest}"
    raise ValueError(
        "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special characters of a password as %XX"
    )


def _sqlite_file(rest: str) -> str:
    path, mark, query = rest.removeprefix("/").partition("?")
    if not rest.startswith("/") or path in ("", ":memory:") or path.startswith("file:"):
        raise ValueError(
            "name a file, such as sqlite:///data/connecthub.sqlite3: processes share no database in memory"
        )
    return f"{_absolute(Path(path))}{mark}{query}"


def _redis_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme in _REDIS and _AFTER_SCHEME.fullmatch(rest):
        return url
    raise ValueError("write redis://USER:PASSWORD@HOST:PORT/NUMBER, special characters of a password as %XX")


def _packages(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError("write names of Python packages, separated by commas, such as extensions")
    return names


def _split(value: object) -> object:
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


_AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
_Upper = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
_Lower = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """What an installation is told. It holds what it is given and defaults; `load_settings` is what reads variables.

    A field kept out of the repr holds a secret: its value is in no error message either.
    """

    model_config = SettingsConfigDict(
        extra="ignore",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        env_ignore_empty=True,
    )

    data_dir: _AbsolutePath = Path("./data")
    """Folder of everything that ConnectHub writes."""

    fernet_key_path: _AbsolutePath = Field(default_factory=lambda data: data["data_dir"] / "fernet.key")
    """File of the key that encrypts secrets; unset, fernet.key in DATA_DIR."""

    db_url: Annotated[str, AfterValidator(_database_url)] | None = Field(default=None, repr=False)
    """Database, sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME; unset, connecthub.sqlite3 in DATA_DIR."""

    redis_url: Annotated[str, AfterValidator(_redis_url)] | None = Field(default=None, repr=False)
    """Redis of the queue, such as redis://127.0.0.1:6379/0, to go with PostgreSQL; unset, a SQLite file in DATA_DIR."""

    timezone: Annotated[str, AfterValidator(_zone)] = Field(default_factory=system_timezone)
    """IANA time zone of a job that names none; unset, the system's zone."""

    plugin_packages: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_packages)] = (
        "extensions",
    )
    """Python packages that plugins may come from, separated by commas."""

    extensions_dir: _AbsolutePath = Path(".")
    """Folder that holds those packages, first on the import path of plugins only."""

    instance_name: str = Field(default_factory=lambda: os.uname().nodename, min_length=1)
    """Name of this installation, in every header and every question that acts; unset, the host name."""

    instance_color: Annotated[Literal["", "red", "yellow", "green", "blue", "magenta", "cyan", "white"], _Lower] = ""
    """Colour of that name: red, yellow, green, blue, magenta, cyan or white; unset, none."""

    ui_lang: Annotated[Literal["", "en", "zh"], _Lower] = ""
    """Language of the control center: en or zh; unset, what LC_ALL or LANG asks for."""

    workers: int = Field(default=4, ge=1, le=64)
    """Runs that one worker process does at the same time, 1 to 64."""

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], _Upper] = "INFO"
    """Least level that the processes log: DEBUG, INFO, WARNING, ERROR or CRITICAL."""

    log_format: Annotated[Literal["text", "json"], _Lower] = "text"
    """Form of their log lines: text or json."""

    log_to_file: bool = False
    """Also log to a rotating file per process in DATA_DIR/logs: on or off."""

    log_max_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    """Bytes of a run's log that are kept; of a longer one, the first half and the newest."""

    log_retention_days: int = Field(default=30, ge=1, le=36_500)
    """Days after which a JobLog that has ended is deleted, unless its job says how many it keeps."""

    heartbeat_seconds: _Seconds = 3
    """Seconds between two signs of life of a worker, less than a quarter of LEASE_SECONDS."""

    lease_seconds: _Seconds = 60
    """Seconds without a sign of life after which a run's worker counts as dead."""

    sweep_seconds: _Seconds = 15
    """Seconds between two looks for runs whose worker is lost."""

    drain_seconds: float = Field(default=30, ge=0, allow_inf_nan=False)
    """Seconds that a stopping worker gives its runs to end by themselves."""

    run_memory_mb: int | None = Field(default=None, ge=128, le=1 << 30)
    """Megabytes of memory (address space) of one run, at least 128; unset, no limit but the machine's."""

    run_file_mb: int | None = Field(default=None, ge=1, le=1 << 30)
    """Megabytes of the largest file that a run may write; unset, no limit."""

    run_open_files: int = Field(default=1024, ge=32, le=1 << 20)
    """Files and connections that a run may have open at the same time, at least 32."""

    ssh_sessions: int = Field(default=5, ge=1, le=100)
    """Sessions over SSH that one operator may have open at the same time on a host, 1 to 100."""

    ssh_idle_minutes: float = Field(default=30, gt=0, allow_inf_nan=False)
    """Minutes without a key after which a control center over SSH is closed."""

    queue_signing_key: SecretStr | None = Field(default=None, repr=False)
    """Key that signs queue messages, the same on every host; unset, derived from the Fernet key."""

    db_migrate: bool = True
    """Let the processes that may create or migrate the database do so: on or off."""

    @field_validator("lease_seconds")
    @classmethod
    def _outlives_heartbeats(cls, lease: float, info: ValidationInfo) -> float:
        heartbeat = info.data.get("heartbeat_seconds", 0)
        if lease <= 4 * heartbeat:
            raise ValueError(f"write more than four times HEARTBEAT_SECONDS, which is {heartbeat:g}, or lower that one")
        return lease

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing by itself, so that `Settings(workers=2)` means the same on every machine."""
        return (init_settings,)

    @property
    def database_url(self) -> str:
        """The database as SQLAlchemy takes it, with driver and absolute path; it may hold a password."""
        return self.db_url or f"sqlite:///{self.data_dir}/connecthub.sqlite3"

    @property
    def run_log_level(self) -> str:
        """The least level of what a run says: INFO, whatever the processes log, or DEBUG where they do."""
        return "DEBUG" if self.log_level == "DEBUG" else "INFO"

    @property
    def queue(self) -> str:
        """What carries the queue, fit for printing: the Redis URL, password masked, or SqliteHuey and its folder."""
        return mask_url(self.redis_url) if self.redis_url else f"SqliteHuey in {self.data_dir}"

    @property
    def stack(self) -> Literal["embedded", "production"]:
        """The stack that the database belongs to; `check_stack` tells whether the queue belongs to it too."""
        return "embedded" if self.database_url.startswith("sqlite") else "production"

    def check_stack(self) -> None:
        """Raise ConfigError unless it is SQLite without Redis or PostgreSQL with it."""
        if (self.stack == "production") == (self.redis_url is not None):
            return
        if self.redis_url is None:
            remedy = "set REDIS_URL, or unset DB_URL to run on SQLite"
        else:
            remedy = "unset REDIS_URL, or point DB_URL to PostgreSQL"
        found = f"DB_URL is {mask_url(self.database_url)} and REDIS_URL is {mask_url(self.redis_url or 'unset')}"
        raise ConfigError(f"{found}: SQLite goes without Redis and PostgreSQL with it; {remedy}")


def load_settings(env_file: Path | None = ENV_FILE, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment (this process's unless given) and from the file if there is one.

    The environment wins. An empty value counts as unset. Raises ConfigError with one piece per mistake, joined by `; `.
    """
    variables = os.environ if environ is None else environ
    environment = EnvSettingsSource(Settings)
    environment.env_vars = {name.lower(): value for name, value in variables.items() if value.strip()}
    values: dict[str, Any] = {"timezone": system_timezone(variables), **_env_file(env_file)(), **environment()}
    try:
        return Settings(**values)
    except ValidationError as error:
        mistakes = "; ".join(_mistake(str(each["loc"][0]), each["msg"], each["input"]) for each in error.errors())
    raise ConfigError(mistakes)


def unknown_keys(env_file: Path = ENV_FILE) -> list[str]:
    """Return the keys of the file, as written there, that are no settings. Raises ConfigError."""
    return [name for name in _env_file(env_file, as_written=True).env_vars if name.lower() not in Settings.model_fields]


def _env_file(env_file: Path | None, *, as_written: bool = False) -> DotEnvSettingsSource:
    try:
        return DotEnvSettingsSource(
            Settings,
            env_file=env_file,
            env_file_encoding="utf-8",
            case_sensitive=as_written,
            env_ignore_empty=not as_written,
        )
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
    raise ConfigError(f"{env_file} cannot be read ({reason}); make it a text file that this user may read")


def _mistake(field: str, message: str, value: object) -> str:
    shown = f"={value!r}" if Settings.model_fields[field].repr else ""
    remedy = message.removeprefix("Value error, ")
    return f"{field.upper()}{shown}: {remedy[:1].lower()}{remedy[1:]}"
