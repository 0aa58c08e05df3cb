"""The door: verb → function, and the one main flow, `up`.

Edited by developers. Comes in: what was typed. Goes out: an exit code. May import every room, by name, when used:
`./lz --help` loads none of them. Read `up` first, then follow any line of it into its room.
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import sys

VERBS: dict[str, tuple[str, ...]] = {
    "up": ("liangzhu:up", "建成:读取 → 编址 → 计划 → 判定 → 供给 → 配置 → 监测 → 报告 / bring the environment up"),
    "plan": ("liangzhu:plan", "计划和判定,不建任何资源 / what would change, and the verdict; builds nothing"),
    "check": (
        "policies.linting:check",
        "检查申请:写法和判定,一次列出全部,不建任何东西 / requests: every error, and the verdict",
        "stacks.drafting:proposed",
    ),
    "addresses": ("inventory.verbs:addresses", "地址:import export check 文件,release 系统 / address plans"),
    "watch": ("monitors.verbs:watch", "看一眼:目标、告警、判定、证明 / targets, alerts, verdict, attestations"),
    "facts": ("liangzhu:facts", "采集主机事实,供判定使用;不改动主机 / read what the hosts are, for the next verdict"),
    "refresh": ("stacks.verbs:refresh", "核对实际状态,找出漂移 / compare the record with what is there"),
    "destroy": ("stacks.verbs:destroy", "拆除环境,不留痕迹 / take the environment down, nothing stays"),
    "stack": (
        "stacks.console:stack",
        "一个栈:preview up destroy … / one stack, with the stock Pulumi CLI's words",
        "policies.judging:later",
    ),
    "engine": ("stacks.console:engine", "任意 Pulumi 程序:同样的动词 / any Pulumi program, the same verbs"),
    "judge": (
        "policies.verbs:judge",
        "判定:环境、申请、导出文件或 Terraform 配置 / a verdict on an environment, requests or a file",
        "stacks.drafting:proposed",
    ),
    "waivers": ("policies.verbs:waivers", "豁免:各项是否有效,新建,签名 / how waivers stand, new ones, signatures"),
    "report": ("policies.verbs:report", "按上次结果重写报告 / write the report of the last run again"),
    "explain": ("policies.verbs:explain", "解释一项检查或条款 / explain a check or a clause"),
    "ipv6": ("monitors.verbs:ipv6", "IPv6 八项监测指标:网址 / the IPv6 indicators of sites, [@resolver] [URL …]"),
    "doctor": ("monitors.doctor:main", "本机具备什么、缺什么、各有何用 / what is here, what is missing, what for"),
    "schema": ("inventory.verbs:schema_", "生成编辑器用的 JSON Schema / generate the JSON Schemas for editors"),
    "test": ("tests.run:main", "运行测试 / run the tests (--quick, --long)"),
}
"""verb → (its function, words, functions of other rooms that it is handed)"""


def up(tell, options: argparse.Namespace, *, build: bool = True) -> None:
    """The main flow: each line is an arrow of the picture in docs/house.md. `build=False` stops after the verdict."""
    from inventory import addressing, places, reading
    from monitors import rules, watch
    from playbooks import conduct
    from policies import judging, report
    from stacks import provisioning
    from stacks.drivers import readiness

    os.environ["LIANGZHU_SYSTEMS"] = ",".join(options.what)  # beside the environment's own; workers inherit it
    environment = reading.environment(options.environment)
    judge = judging.at(environment, tell.clock())
    tell.enter(places.held(places.places(environment.state), "up" if build else "plan", tell.clock()))
    chosen = tell.step("prepare", readiness.ready, environment, tell.observe)
    read = tell.step("read", reading.read, options.environment)
    addresses = tell.step("address", addressing.settle, read, tell.clock())
    work = provisioning.work(read.places, read, tell.observe, tell.stopping)
    tell.problems(provisioning.unattested(work))
    plan = tell.step("plan", provisioning.plan, work)
    verdict = tell.step("judge", judge, plan.estate, planned=True)
    if not tell.may_go_on(plan, verdict) or not build:
        return
    estate = (done := tell.step("provision", provisioning.apply, work, plan, judge.vouch(plan.estate, verdict))).estate
    rules.write(estate, read.places)
    netns, real = readiness.vantage(estate)
    conducted = tell.step("configure", conduct.site, estate, read.places, netns=netns, secrets=provisioning.secrets(work),
                          observe=tell.observe, unless=tell.blocked(done, real))  # fmt: skip
    proofs = tell.step("prove", conduct.prove, estate, read.places, netns=netns, unless=tell.blocked(done, real))
    seen = tell.step("watch", watch.look, estate, netns=netns, clock=tell.clock, unless=tell.blocked(done, real))
    final = judging.at(environment, tell.clock())(estate, planned=False)
    data = report.build(read, addresses, estate, final, steps=tell.steps, driver=chosen, conducted=conducted,
                        proofs=proofs, seen=seen, when=tell.clock())  # fmt: skip
    tell.step("report", report.write, read.places.report, data, (options.language,))
    tell.summary(data, read.places)


def plan(tell, options: argparse.Namespace) -> None:
    """`up` without building."""
    up(tell, options, build=False)


def facts(tell, options: argparse.Namespace) -> None:
    """What the hosts are now, for whoever judges next; `up` reads it too."""
    from inventory import estate, places, reading
    from playbooks import conduct
    from stacks.drivers import readiness

    where = places.places(reading.environment(options.environment).state)
    tell.enter(places.held(where, "facts", tell.clock()))
    deployed = estate.published(where.estate)
    tell.step("gather", conduct.gather, deployed, where, netns=readiness.vantage(deployed)[0])


def main(typed: list[str] | None = None) -> int:
    """Open the door: problems come out as sentences, Ctrl-C as a word, and nothing of ours as a traceback."""
    from monitors.arguments import arguments

    options = arguments(VERBS, sys.argv[1:] if typed is None else typed)
    os.environ["LIANGZHU_ENVIRONMENT"] = options.environment
    from monitors.narrator import Narrator

    with Narrator(options.verb, options.environment, options.language) as tell:
        place, _, *handed = VERBS[options.verb]
        pkgutil.resolve_name(place)(tell, options, *map(pkgutil.resolve_name, handed))
    return tell.code


if __name__ == "__main__":
    sys.exit(main())
