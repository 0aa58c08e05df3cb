"""The verbs of this room: exchange and release `addresses`, generate the `schema`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from inventory import addressing, places, reading, schema
from inventory.allotting.nouns import REST
from inventory.problems import nearest, refuse


def addresses(tell: Any, options: argparse.Namespace) -> None:
    """`./lz addresses check [FILE]`, `import FILE`, `export FILE`: other people's plans in, our own out; `release [SYSTEM …]`.

    `import` keeps the inventory of the present extranet in the environment; `check` without a file looks at what is
    kept. Findings end with code 1 in `check`; in `import` they are told, since the network is as it is."""
    from inventory.exchange import own, report, store

    words = ("check", "import", "export", "release")
    verb, *files = options.what or [""]
    if verb == "release":
        _release(tell, reading.read(options.environment), files)
        return
    if verb not in words or len(files) > 1 or (verb != "check" and not files):
        near = nearest(verb, words) if verb not in words else None
        raise refuse(
            "asset.verb", "写成 ./lz addresses import|export|check 文件,或 release [系统…]" + (f";是不是 {near}?" if near else ""),
            "write ./lz addresses import|export|check FILE, or release [SYSTEM …]" + (f"; did you mean {near}?" if near else ""),
        )  # fmt: skip
    read = reading.read(options.environment)
    ours = own.book(read, addressing.load(read.places.addresses))
    if verb == "export":
        store.save(Path(files[0]), ours, options.language)
        tell.say(f"✓ 已写出 {files[0]}:{len(ours.prefixes)} 个前缀,{len(ours.addresses)} 个地址",
                 f"✓ {files[0]} written: {len(ours.prefixes)} prefixes, {len(ours.addresses)} addresses")  # fmt: skip
        return
    book = store.load(Path(files[0]) if files else store.kept(read.places))
    stock = report.stocktaking(book, read.city, ours)
    if verb == "import":
        read.places.folder.mkdir(parents=True, exist_ok=True)
        store.save(store.kept(read.places), book)
    if options.json:
        tell.console.print_json(data=stock.data())
    else:
        tell.problems(stock.findings)
        for zh, en in report.lines(stock):
            tell.say(zh, en)
    if verb == "check" and stock.findings:
        tell.code = 1


def _release(tell: Any, read: reading.Read, systems: list[str]) -> None:
    """Without names, what has addresses and is asked for by nobody; with names, let go of it. The addresses rest before
    anybody else gets them, and are the system's own again if it comes back meanwhile."""
    tell.enter(places.held(read.places, "release", tell.clock()))
    if not systems:
        gone = addressing.idle(read, addressing.load(read.places.addresses))
        for name in gone:
            tell.say(f"- {name}", f"- {name}")
        tell.say(f"{len(gone)} 个名字占有地址而无人申请;释放:./lz addresses release 单位.系统",
                 f"{len(gone)} names have addresses and nobody asks for them; to let go: ./lz addresses release bureau.system")  # fmt: skip
        return
    names = addressing.release(read, systems, tell.clock())
    days = int(REST // 86400)
    tell.say(f"释放了 {len(names)} 个名字的地址,静置 {days} 天后才会另行分配",
             f"let go of the addresses of {len(names)} names; nobody else gets them for {days} days")  # fmt: skip


def schema_(tell: Any, options: argparse.Namespace) -> None:
    """`./lz schema`: bring inventory/schemas/ up to date with the model."""
    changed = schema.write()
    tell.say(f"更新了 {len(changed)} 个文件 {' '.join(changed)}", f"{len(changed)} files updated {' '.join(changed)}")
