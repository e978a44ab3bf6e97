"""Plugins for tests: `EXTENSIONS_DIR=tests/plugins PLUGIN_PACKAGES=samples`."""
