"""The verbs about the record itself: history, export, import, rollback, check, compact, cancel. None asks a provider
but the import of a resource.

In: a session and its ground. Out: lines, or with --json one object a line; the exit code in `tell.code`.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from inventory import estate as nouns
from inventory.estate import Estate
from inventory.problems import refuse
from stacks import engine
from stacks.console.ground import Ground
from stacks.console.hands import ground as stock_ground
from stacks.console.words import counted
from stacks.engine import exchanging
from stacks.engine.estate import resources
from stacks.engine.options import Import

if TYPE_CHECKING:
    from stacks.console.session import Session

_RESULTS = {"succeeded": ("成功", "green"), "failed": ("失败", "red"), "interrupted": ("已中断", "yellow")}


def carry_out(run: Session, on: Ground) -> None:
    """The verb that was typed."""
    verb = {
        "history": _history, "export": _export, "import": _import, "rollback": _rollback, "check": _check,
        "compact": _compact, "cancel": _cancel,
    }[run.typed.verb]  # fmt: skip
    verb(run, on)


def _history(run: Session, on: Ground) -> None:
    updates = on.state.history(on.name)
    back = {version.update for version in on.state.versions(on.name)}
    if run.json:
        for update in updates:
            run.data({**update, "rollback": update["number"] in back})
        return
    zh = run.language == "zh"
    table = Table(show_edge=True)
    titles = ("序号", "做什么", "何时", "秒", "何人", "结果", "版本", "改动", "说明") if zh else (
        "no.", "what", "when", "s", "who", "result", "version", "changes", "message")  # fmt: skip
    for position, title in enumerate(titles):
        table.add_column(title, overflow="fold", no_wrap=position < 7)
    for update in updates:
        word, style = _RESULTS.get(update["result"] or "", ("未结束", "yellow"))
        counts = counted(_counts(update["counts"]))[0 if zh else 1]
        table.add_row(
            str(update["number"]), update["kind"], _local(update["started"]), _seconds(update), update["who"],
            f"[{style}]{word if zh else update['result'] or 'not ended'}[/]",
            f"{update['version'] or ''}{' ↩' if update['number'] in back else ''}", counts, update.get("note") or "",
        )  # fmt: skip
    run.tell.console.print(table)
    run.tell.say("↩ 可用 rollback --to 版本 退回", "↩ can be gone back to with rollback --to VERSION")


def _export(run: Session, on: Ground) -> None:
    show = run.typed.show_secrets
    if run.typed.engine == "pulumi":
        from stacks.engine import stock

        document = stock.export(stock_ground(on), show_secrets=show)
    else:
        document = exchanging.export(on.name, on.state, on.key, show_secrets=show)
    text = json.dumps(document, ensure_ascii=False, indent=4) + "\n"
    if not run.typed.file:
        print(text, end="")
        return
    try:
        with open(os.open(run.typed.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise refuse(
            "exchange.file", f"文档写不进去({error.strerror})", f"the document cannot be written ({error.strerror})",
            file=run.typed.file,
        ) from None  # fmt: skip
    count = len(document["deployment"].get("resources") or ())
    run.tell.say(f"{count} 个资源已写入 {run.typed.file}", f"{count} resources are in {run.typed.file}")


def _import(run: Session, on: Ground) -> None:
    if run.typed.resource:
        _adopt(run, on)
        return
    path = Path(run.typed.file)
    if run.typed.engine == "pulumi":
        from stacks.engine import stock

        stock.import_(stock_ground(on), path)
        run.tell.say("已导入原版引擎的状态", "the stock engine's state has taken it")
        return
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise refuse(
            "exchange.file", f"文档读不了({why})", f"the document cannot be read ({why})", file=str(path)
        ) from None
    found = exchanging.import_(
        on.program, on.name, document, on.state, on.key, publish=on.publish, note=run.typed.message
    )
    count = len(found.records)
    run.tell.say(
        f"记录中现有 {count} 个资源;云上没有改动", f"the record has {count} resources now; the cloud is untouched"
    )


def _adopt(run: Session, on: Ground) -> None:
    typed = run.typed
    asked = Import(*typed.resource, parent=typed.parent, provider=typed.provider, protect=typed.protect)
    with run.watching("provision") as observe:
        done = engine.import_resources(on.program, on.name, (asked,), on.state, on.key, observe, publish=on.publish,
                                       message=typed.message, stopping=run.tell.stopping)  # fmt: skip
    run.ended(done)
    if not done.problems:
        run.tell.say(
            "请在程序中照实声明它,preview 应无改动", "declare it in the program as it is: preview shows no change then"
        )


def _rollback(run: Session, on: Ground) -> None:
    known = [str(each.version) for each in on.state.versions(on.name)]
    if str(run.typed.to) not in known:
        raise refuse(
            "state.no-version",
            f"没有可退回的版本 {run.typed.to}:可用 {'、'.join(known) or '(无)'}(见 history)",
            f"there is no version {run.typed.to} to go back to: there are {', '.join(known) or 'none'} (see history)",
            where=on.name,
        )
    version = on.state.rollback(on.name, run.typed.to, force=run.typed.force, note=run.typed.message)
    found = resources(on.name, on.state.snapshot(on.name, on.key).records)
    if on.publish:
        nouns.publish(on.publish, on.name, Estate(found))
    if run.json:
        run.data({"stack": on.name, "to": run.typed.to, "version": version})
        return
    run.tell.say(
        f"记录已回到版本 {run.typed.to}(现为版本 {version});云上没有改动,refresh 可核对",
        f"the record is as it was at version {run.typed.to} (now version {version}); the cloud is untouched, refresh "
        "compares them",
    )


def _check(run: Session, on: Ground) -> None:
    problems = on.state.check(on.name)
    if problems and run.typed.repair:
        mended = on.state.repair(on.name)
        run.tell.say(f"已修复;原样副本在 {mended.aside}", f"mended; as it was it lies in {mended.aside}")
        for urn in mended.lost:
            run.tell.say(f"已无法读出:{urn}", f"can be read no more: {urn}")
        problems = on.state.check(on.name)
    if run.json:
        run.data({"stack": on.name, "problems": [problem.data() for problem in problems]})
    elif not problems:
        run.tell.say("记录完好", "the record is sound")
    else:
        run.tell.problems(problems)
    run.tell.code = 1 if problems else run.tell.code


def _compact(run: Session, on: Ground) -> None:
    oldest = on.state.compact(on.name, run.typed.keep)
    if run.json:
        run.data({"stack": on.name, "oldest": oldest})
        return
    run.tell.say(f"已压缩;最早可退回到版本 {oldest}", f"compacted; the oldest version to go back to is {oldest}")


def _cancel(run: Session, on: Ground) -> None:
    word, lease = on.state.cancel(on.name, run.typed.holder or "")
    holder = lease.holder.name if lease else ""
    if run.json:
        run.data({"stack": on.name, "cancelled": word, "holder": holder})
        return
    run.tell.say(*{
        "free": ("该栈没有人占用", "nobody holds the stack"),
        "freed": (f"已解除 {holder} 的占用", f"{holder} holds it no more"),
        "asked": (f"已请 {holder} 收尾停止;若其已无响应,再运行一次并加 --holder {holder}",
                  f"{holder} has been asked to finish and stop; where nothing answers any more, run this again with --holder {holder}"),
    }[word])  # fmt: skip


def _counts(value: Any) -> dict[str, int]:
    return json.loads(value) if isinstance(value, str) else dict(value or {})


def _local(text: str) -> str:
    return datetime.fromisoformat(text).astimezone().strftime("%m-%d %H:%M")


def _seconds(update: dict[str, Any]) -> str:
    if not update["ended"]:
        return ""
    took = datetime.fromisoformat(update["ended"]) - datetime.fromisoformat(update["started"])
    return f"{took.total_seconds():.1f}"
