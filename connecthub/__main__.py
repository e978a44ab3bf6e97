"""`python -m connecthub` is the command `connecthub`."""

from connecthub.cli.main import main

if __name__ == "__main__":
    main()
