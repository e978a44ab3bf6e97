"""ConnectHub: scheduled integration jobs, run by workers, watched from the terminal."""

__version__ = "0.1.0"
