"""What was typed after `./lz` → options. Imports nothing heavy: `./lz --help` goes through here."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

OWN_WORDS = ("stack", "engine", "judge", "waivers")
"""verbs with words and flags of their own, which their room reads"""
FLAGS = {"test": ("--quick", "--long"), "explain": ("--coverage",)}
"""switches of single verbs"""


def arguments(known: Mapping[str, tuple[str, ...]], typed: list[str]) -> argparse.Namespace:
    """What was typed, as options; exits with a sentence where it makes no sense. `known`: verb → where, what for …"""
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("-e", "--environment", default=os.environ.get("LIANGZHU_ENVIRONMENT", "demo"),
                        help="inventory/environments.yaml 中的环境 / which environment (demo)")  # fmt: skip
    shared.add_argument("-l", "--language", choices=("zh", "en"), default=os.environ.get("LIANGZHU_LANGUAGE", "zh"))
    shared.add_argument("--json", action="store_true", help="机器可读的结果 / the result for machines")
    parser = argparse.ArgumentParser("lz", description="梁柱:城市政务云即代码 / a city's government cloud as code")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", title="动词 / verbs")
    for name, (_, words, *_) in known.items():
        if name in OWN_WORDS:
            verb = verbs.add_parser(name, help=words, add_help=False, prefix_chars="+")
            verb.add_argument("what", nargs=argparse.REMAINDER)
            continue
        verb = verbs.add_parser(name, help=words, description=words, parents=[shared])
        verb.add_argument("what", nargs="*", help="文件、检查、条款或测试 / files, checks, clauses or tests")
        for flag in FLAGS.get(name, ()):
            verb.add_argument(flag, action="store_true")
    options, rest = parser.parse_known_args(typed)
    if options.verb in OWN_WORDS:
        options, options.what = shared.parse_known_args(options.what, options)
    if rest and options.verb != "test":
        parser.error(f"不认识 / not known: {' '.join(rest)}")
    options.what += rest
    return options
