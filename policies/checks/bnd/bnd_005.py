"""BND-005: least privilege: what arrives at a host is exactly what is declared, and no rule is there for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.proved import judged, shown, standing
from policies.checks.shape import Check, Looked, Param, Params, Words, concluded
from policies.reach.filters import superfluous
from policies.reach.proof import Proof

CHECK = Check(
    id="BND-005",
    title_zh="放行的恰好是声明的",
    title_en="What is allowed is what is declared",
    clauses=("GB/T 22239-2019 8.1.3.2 b)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("compute.host",),
    fix_zh="把规则的对端收窄到声明的对象,补上缺的一侧规则或路由,删去多余的规则",
    fix_en="narrow the rule's peers to whom it means, add the rule or route that is missing, delete the rule for nothing",
    params={
        "hidden": Param(
            4,
            "一台主机允许有几条被遮蔽的规则",
            "how many rules of one host may be hidden by wider ones",
            least=0,
            most=1000,
        )
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a host."""
    for host, name, proof, open_ in judged(estate, "compute.host"):
        if open_:
            yield open_
            continue
        wrong = shown(proof.beyond(name), "{} 能到达它,没有人这样声明", "{} reaches it, which nobody declared")
        wrong += shown(proof.missing(name), "声明了 {} 的访问,报文却到不了", "{} is declared to reach it and does not")
        yield concluded(host, [*wrong, *_idle(proof, name, params["hidden"])], standing(proof))


def _idle(proof: Proof, name: str, hidden: int) -> Iterator[Words]:
    """Rules of its filter that decide nothing, where these are more than may be."""
    question = f"{CHECK.id} idle {hidden}"
    if not proof.asked(question, name, ("",)):
        proof.noted(question, name, ())
        return
    rules = proof.network.named[name].rules
    found = [each for chain in rules.chains for each in superfluous(proof.space, chain)]
    found = found if len(found) > hidden else []
    proof.noted(question, name, ("",) if found else ())
    for rule, against in found:
        what = rule.name or rule.text
        yield (
            f"第 {rule.line} 行的规则“{what}”{'被前面相反的规则挡住' if against else '前面已全部放行'},不起作用",
            f"the rule '{what}' on line {rule.line} decides nothing: earlier rules "
            + ("say the opposite" if against else "have said it all"),
        )
