"""What was typed after `./lz stack` and `./lz engine`: the stock CLI's words and flags. Pure; loads no Pulumi.

`stack` works on one stack of ours (environment by -e), `engine` on any Pulumi program. `-e`, `-l` and `--json` are the
door's and have been taken out before.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacks.engine import Options

VERBS = {
    "preview": "会改动什么;不改动任何东西 / what an update would change; changes nothing",
    "up": "预览、确认、执行 / preview, ask, then make it so",
    "refresh": "把实际状态读入记录 / read what is there into the record",
    "destroy": "预览、确认、删除该栈的全部资源 / preview, ask, then delete everything of the stack",
    "cancel": "解除别人留下的占用,须指名 / free a stack from who left it held, by name",
    "history": "每次更新:何时、何人、结果 / every update: when, who, what became of it",
    "export": "写出部署文档,原版 CLI 可导入 / write the deployment document, which the stock CLI imports",
    "import": "导入部署文档,或收管一个已有资源 / take in a deployment document, or adopt one resource that exists",
    "rollback": "把记录退回到以前的版本 / take the record back to an earlier version",
    "check": "检查记录是否完好 / check the record's integrity",
    "compact": "压缩记录中的旧版本 / drop from the record what no version needs any more",
}
ALSO = "另有 / also: -e ENVIRONMENT, -l zh|en, --json"
EPILOG = "退出码 / exit codes: 0, 1 有问题 / problems, 2 用法不对 / wrong usage, 130 已中断 / interrupted"

Parser = argparse.ArgumentParser


def read(door: str, words: Sequence[str]) -> argparse.Namespace:
    """The words as options; `door` is `stack` or `engine`. Exits 0 after help, 2 with a sentence where they make no
    sense."""
    about = "一个栈 / one stack of ours" if door == "stack" else "任意 Pulumi Python 程序 / any Pulumi Python program"
    parser = Parser(f"lz {door}", description=f"{about}。{ALSO}", epilog=EPILOG)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", title="动词 / verbs")
    for name, words_ in VERBS.items():
        verb = verbs.add_parser(name, help=words_, description=words_, epilog=f"{ALSO}。{EPILOG}")
        if door == "stack":
            verb.add_argument("name", metavar="NAME", help="栈名,如 city-network、ecology.air / name of the stack")
        else:
            _program(verb)
        _flags(name, verb)
    typed = parser.parse_args(words)
    _sense(parser, typed)
    return typed


def options(typed: argparse.Namespace) -> Options:
    """The engine's options of what was typed."""
    from stacks.engine import Options

    targeted = tuple(getattr(typed, "target_replace", ()))
    return Options(
        targets=(*getattr(typed, "target", ()), *targeted),
        target_dependents=getattr(typed, "target_dependents", False),
        excludes=tuple(getattr(typed, "exclude", ())),
        exclude_dependents=getattr(typed, "exclude_dependents", False),
        replace=(*getattr(typed, "replace", ()), *targeted),
        continue_on_error=getattr(typed, "continue_on_error", False),
        refresh=getattr(typed, "refresh", False),
        all=getattr(typed, "all", False),
        run_program=getattr(typed, "run_program", False),
        slots=getattr(typed, "parallel", None) or Options().slots,
    )


def _program(verb: Parser) -> None:
    verb.add_argument(
        "--program", default=".", metavar="DIR", help="Pulumi.yaml 所在文件夹 / folder of Pulumi.yaml (.)"
    )
    verb.add_argument("-s", "--stack", required=True, dest="name", metavar="NAME", help="栈名 / name of the stack")
    verb.add_argument(
        "--state", required=True, metavar="FILE|DIR|postgresql://…", help="状态在哪里 / where the state is"
    )


def _flags(name: str, verb: Parser) -> None:
    if name in ("preview", "up", "refresh", "destroy"):
        _change(name, verb)
    if name in ("preview", "up", "refresh", "destroy", "export", "import"):
        verb.add_argument("--engine", choices=("embedded", "pulumi"), default="embedded",
                          help="pulumi:用 PATH 上的原版 CLI / the stock CLI found on PATH")  # fmt: skip
    if name == "cancel":
        verb.add_argument("--holder", metavar="NAME", help="占用者,见报错信息 / who holds it, as the refusal named it")
    if name == "export":
        verb.add_argument("--file", metavar="FILE", help="写到这里而不是标准输出 / write here, not to standard output")
        verb.add_argument("--show-secrets", action="store_true", help="秘密写成明文 / secrets in clear")
    if name == "import":
        _import(verb)
    if name == "check":
        verb.add_argument("--repair", action="store_true", help="先留副本再修复 / mend it, after copying it aside")
    if name == "compact":
        verb.add_argument("--keep", type=_positive, default=20, metavar="N",
                          help="保留最近几次更新可退回 / updates that can still be gone back to (%(default)s)")  # fmt: skip
    if name == "rollback":
        verb.add_argument("-m", "--message", default="", help="记入历史的说明 / goes into the history")
        verb.add_argument("--force", action="store_true", help="有未完成的操作也退回 / even with operations pending")
        verb.add_argument(
            "--to", required=True, type=int, metavar="VERSION", help="版本,见 history / a version of history"
        )


def _change(name: str, verb: Parser) -> None:
    many = {"action": "append", "default": [], "metavar": "URN"}
    verb.add_argument("-t", "--target", help="只动这些(可重复,* 与 ** 通配)/ only these (repeatable; * and **)", **many)
    verb.add_argument("--target-dependents", action="store_true", help="连同依赖它们的 / and what depends on them")
    verb.add_argument("--exclude", help="不动这些 / leave these alone", **many)
    verb.add_argument("--exclude-dependents", action="store_true", help="连同依赖它们的 / and what depends on them")
    verb.add_argument("-p", "--parallel", type=_positive, metavar="N",
                      help="同时进行的操作数 / operations at once (10)")  # fmt: skip
    verb.add_argument("-c", "--config", action="append", default=[], type=_pair, metavar="KEY=VALUE",
                      help="仅本次的配置,不保存 / configuration for this run; not saved")  # fmt: skip
    verb.add_argument("-m", "--message", default="", help="记入历史的说明 / goes into the history")
    verb.add_argument(
        "--expect-no-changes", action="store_true", help="有改动则失败 / fail where anything would change"
    )
    if name in ("preview", "up"):
        verb.add_argument("--all", action="store_true",
                          help="没有被改动波及的也重新求值 / evaluate also what no change has reached")  # fmt: skip
        verb.add_argument("--replace", help="替换这些 / replace these", **many)
        verb.add_argument("--target-replace", help="只动并替换这些 / only these, and replace them", **many)
    if name in ("preview", "up", "destroy"):
        verb.add_argument("-r", "--refresh", action="store_true", help="先读实际状态 / read what is there first")
        verb.add_argument("--diff", action="store_true", help="显示全部属性 / show every property")
    if name in ("up", "destroy"):
        verb.add_argument("--continue-on-error", action="store_true",
                          help="失败只挡住依赖它的 / a failure stops only what depends on it")  # fmt: skip
    if name == "destroy":
        verb.add_argument("--run-program", action="store_true", help="先运行程序,供钩子等使用 / run the program first")
    if name in ("up", "refresh", "destroy"):
        verb.add_argument("-y", "--yes", action="store_true", help="不再确认 / do not ask")
    if name == "preview":
        verb.add_argument("--save-plan", metavar="FILE", help="保存计划 / save the plan")
    if name == "up":
        verb.add_argument("--show-secrets", action="store_true", help="输出中的秘密显示明文 / outputs in clear")
        verb.add_argument("--plan", metavar="FILE", help="只做该计划里的事 / do what this plan holds, nothing else")


def _import(verb: Parser) -> None:
    verb.add_argument("--file", metavar="FILE", help="部署文档 / a deployment document")
    verb.add_argument(
        "resource", nargs="*", metavar="TYPE NAME ID", help="收管一个已有资源 / adopt one resource that exists"
    )
    verb.add_argument("--parent", default="", metavar="URN", help="它的父资源 / its parent")
    verb.add_argument("--provider", default="", metavar="URN", help="用哪个提供者 / the provider to use")
    verb.add_argument("--protect", action=argparse.BooleanOptionalAction, default=True,
                      help="收管后受保护 / protect what is adopted (%(default)s)")  # fmt: skip
    verb.add_argument("-m", "--message", default="", help="记入历史的说明 / goes into the history")


def _sense(parser: Parser, typed: argparse.Namespace) -> None:
    if typed.verb == "import":
        if bool(typed.file) == bool(typed.resource) or len(typed.resource) not in (0, 3):
            parser.error("import 要么 --file FILE,要么 TYPE NAME ID / import takes --file FILE, or TYPE NAME ID")
    elif getattr(typed, "target", ()) and typed.exclude:
        parser.error("--target 与 --exclude 不能同用 / --target and --exclude exclude one another")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("至少为 1 / at least 1")
    return number


def _pair(text: str) -> str:
    key, equals, _ = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"“{text}”不是 键=值 / '{text}' is not key=value")
    return text
