"""Every word in both languages, every key with its word."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import tui
from tui.keymap import KEYS
from tui.words import Words, keys, language_of, translations

TUI = Path(tui.__file__).parent


def test_every_word_is_there_in_both_languages_with_the_same_places():
    for key in keys():
        english, chinese = translations(key)
        assert english, key
        assert chinese, key
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", chinese)), key


def test_every_key_of_the_keymap_has_a_word_and_no_two_of_a_scope_are_the_same():
    known = set(keys())
    assert [key.id for key in KEYS if f"key.{key.id}" not in known] == []
    for scope in {key.id.partition(".")[0] for key in KEYS}:
        taken = [name for key in KEYS if key.id.startswith(f"{scope}.") for name in key.keys.split(",")]
        assert len(taken) == len(set(taken)), scope


def test_every_word_that_a_screen_asks_for_is_in_the_table():
    known, asked = set(keys()), set()
    for path in TUI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _name(node.func).endswith("words") and node.args:
                first = node.args[0]
                asked |= {first.value} if isinstance(first, ast.Constant) else set()
    assert asked
    assert asked - known == set()


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def test_acts_are_capital_letters_and_reads_are_not():
    for key in KEYS:
        if key.action == "edit":  # it leads to a form
            assert key.shown == "e"
        else:
            assert key.act == (key.shown.isalpha() and key.shown.isupper()), key.id


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"UI_LANG": "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_the_one_that_is_asked_for(environment: dict[str, str], language: str):
    assert language_of(environment) == language
    assert Words(language)("title.jobs") == translations("title.jobs")[("en", "zh").index(language)]
