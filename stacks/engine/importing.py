"""What the stock CLI exported, as records: pure, and thorough, because what is wrong here shows much later.

In: a deployment document of version 3 or 4, its secrets sealed with a passphrase or in clear. Out: records in the
document's order and pending operations, secrets in clear and marked. Everything that is wrong is told at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inventory import urns
from inventory.problems import Problem, Refused, refuse
from stacks.engine.records import Pending, Record
from stacks.engine.sealing import Sealer
from stacks.engine.values import SECRET, SIGNATURE, contains, is_secret, mapped, secret

READS = frozenset({"hooks", "taint", "replaceWith", "refreshBeforeUpdate"})
"""features of a document that this engine knows what to do with"""
_OPERATIONS = frozenset({"creating", "updating", "deleting", "reading", "importing"})


@dataclass(frozen=True, slots=True)
class Imported:
    """A document's content. `sealer` has opened its secrets and knows their ciphertexts; None where it seals none."""

    records: tuple[Record, ...]
    pending: tuple[Pending, ...]
    sealer: Sealer | None


def imported(document: Any, stack: str, project: str, passphrase: str) -> Imported:
    """Refused, with everything at once: a document of another version, stack, project or with unknown features;
    secrets of another keeper or passphrase; resources that stand twice or name what is not there."""
    deployment = _deployment(document)
    resources = [dict(body) for body in deployment.get("resources") or () if isinstance(body, Mapping)]
    operations = [dict(one) for one in deployment.get("pending_operations") or () if isinstance(one, Mapping)]
    problems = [*_features(document, deployment), *_named(resources, stack, project)]
    sealer, locked = _sealer(deployment, [*resources, *operations], passphrase)
    problems += locked
    if not problems:
        problems += [*_related(resources), *_operated(operations)]
    if problems:
        raise Refused(problems)
    try:
        records = tuple(Record(_opened(body, sealer)) for body in resources)
        pending = tuple(Pending(0, one["type"], _opened(dict(one["resource"]), sealer), 0) for one in operations)
    except ValueError:
        raise _damaged() from None
    return Imported(records, pending, sealer)


def _deployment(document: Any) -> Mapping[str, Any]:
    """The part with the resources. Refused where this is no deployment, or none that can be read."""
    deployment = document.get("deployment") if isinstance(document, Mapping) else None
    if not isinstance(deployment, Mapping) or not isinstance(document.get("version"), int):
        raise refuse(
            "exchange.document",
            "这不是 Pulumi 的部署文档:请用 pulumi stack export 导出",
            "this is no deployment document of Pulumi: export one with `pulumi stack export`",
        )
    if document["version"] not in (3, 4):
        raise refuse(
            "exchange.version",
            f"部署文档的版本是 {document['version']},这里只读版本 3 和 4:请用较新的 pulumi 重新导出",
            f"the document is of version {document['version']}, and versions 3 and 4 can be read here: export it with "
            "a pulumi of that time",
        )
    return deployment


def _features(document: Mapping[str, Any], deployment: Mapping[str, Any]) -> Iterator[Problem]:
    wanted = set(document.get("features") or ()) | ({"snippets-prototype"} if deployment.get("snippets") else set())
    if unknown := sorted(wanted - READS):
        names = ", ".join(unknown)
        yield Problem(
            "exchange.features",
            f"部署文档用到内嵌引擎不支持的功能:{names};请用原版 pulumi 管理该栈,或先去掉这些功能",
            f"the document needs what the embedded engine does not do: {names}; keep the stack under the stock pulumi, "
            "or take these features away first",
        )


def _named(resources: list[dict[str, Any]], stack: str, project: str) -> Iterator[Problem]:
    others: Counter[tuple[str, str]] = Counter()
    for index, body in enumerate(resources):
        urn, type_ = body.get("urn"), body.get("type")
        if not isinstance(urn, str) or not urn.startswith("urn:pulumi:") or urn.count("::") < 3:
            yield _wrong(f"resources[{index}]", "没有合法的 urn", "it has no valid urn")
        elif not isinstance(type_, str) or not type_:
            yield _wrong(urn, "缺少 type", "its type is missing")
        elif not body.get("custom") and body.get("id"):
            yield _wrong(urn, "组件不应有 id", "a component has no id")
        else:
            of_stack, of_project = urn.removeprefix("urn:pulumi:").split("::")[:2]
            if (of_stack, of_project) != (stack, project):
                others[of_stack, of_project] += 1
    for (of_stack, of_project), count in others.items():
        yield Problem(
            "exchange.other-stack",
            f"{count} 个资源属于栈 {of_stack}(项目 {of_project}),而不是栈 {stack}(项目 {project}):请核对文档与栈名",
            f"{count} resources are of the stack {of_stack} (project {of_project}), not of {stack} (project {project}): "
            "check the document and the stack's name",
        )


def _related(resources: list[dict[str, Any]]) -> Iterator[Problem]:
    there = {body["urn"] for body in resources}
    providers = {
        urns.reference(body["urn"], body.get("id") or "") for body in resources if urns.is_provider(body["type"])
    }
    living = Counter(body["urn"] for body in resources if not body.get("delete"))
    for urn, count in living.items():
        if count > 1:
            yield _wrong(urn, f"出现了 {count} 次:只留一个", f"it stands there {count} times: keep one")
    for body in resources:
        urn, provider = body["urn"], body.get("provider")
        if provider and provider not in providers and not body.get("pendingReplacement"):
            yield _wrong(urn, f"其提供者 {provider} 不在文档中", f"its provider {provider} is not in the document")
        for what, needed in _needs(body):
            if needed and needed not in there:
                yield _wrong(urn, f"{what} 指向的 {needed} 不在文档中", f"its {what} {needed} is not in the document")


def _needs(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "parent", body.get("parent") or ""
    yield "deletedWith", body.get("deletedWith") or ""
    for urn in body.get("dependencies") or ():
        yield "dependency", urn
    for urn in body.get("replaceWith") or ():
        yield "replaceWith", urn
    for key, needed in (body.get("propertyDependencies") or {}).items():
        for urn in needed or ():
            yield f"property dependency ({key})", urn


def _operated(operations: list[dict[str, Any]]) -> Iterator[Problem]:
    for index, one in enumerate(operations):
        body = one.get("resource")
        if one.get("type") not in _OPERATIONS or not isinstance(body, Mapping) or not body.get("urn"):
            yield _wrong(f"pending_operations[{index}]", "不是未完成的操作", "it is no pending operation")


def _sealer(deployment: Mapping[str, Any], parts: Any, passphrase: str) -> tuple[Sealer | None, list[Problem]]:
    """Who opens the secrets, None where none are sealed; or what is wrong with that."""
    if not contains(parts, lambda part: is_secret(part) and bool(part.get("ciphertext"))):
        return None, []
    keeper = deployment.get("secrets_providers") or {}
    salt = (keeper.get("state") or {}).get("salt")
    if keeper.get("type") != "passphrase" or not salt:
        kind = keeper.get("type") or "?"
        return None, [
            Problem(
                "exchange.secrets",
                f"文档中的密文由 {kind} 保管,这里只能打开口令加密的密文:请用 pulumi stack export --show-secrets 重新导出",
                f"the secrets of the document are kept by {kind}, and only those under a passphrase can be opened here: "
                "export it again with `pulumi stack export --show-secrets`",
            )
        ]
    sealer = Sealer(passphrase, salt)
    try:
        sealer.unlock()
    except Refused as refused:
        return None, list(refused.problems)
    return sealer, []


def _opened(body: dict[str, Any], sealer: Sealer | None) -> dict[str, Any]:
    def in_clear(special: dict[str, Any]) -> Any:
        if special[SIGNATURE] != SECRET or "value" in special:
            return special
        if not isinstance(special.get("plaintext"), str):
            raise ValueError("neither sealed nor in clear")
        return secret(json.loads(special["plaintext"]))

    return mapped(sealer.open(body, body["urn"]) if sealer else body, in_clear)


def _wrong(where: str, zh: str, en: str) -> Problem:
    return Problem("exchange.resource", zh, en, where)


def _damaged() -> Refused:
    return refuse(
        "exchange.secret",
        "文档中有既无密文也无明文的机密值:请重新导出",
        "the document has a secret that is neither sealed nor in clear: export it again",
    )
