"""DAT-002: keys, certificates and cipher suites use approved algorithms; level 3 takes the national ones."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate
from policies.checks.shape import Check, Looked, Param, Params, failed, listed, passed, texts
from policies.checks.told import garbled

CHECK = Check(
    id="DAT-002",
    title_zh="使用合规的密码算法",
    title_en="Approved algorithms only",
    clauses=("GB/T 22239-2019 8.1.10.9 a)", "GB/T 22239-2019 8.1.10.9 b)", "GB/T 39786-2021 通用要求"),
    severity="high",
    severity_basis="project",
    scope="resource",
    kinds=("kms.key", "sec.certificate", "net.listener"),
    fix_zh="三级及以上系统的密钥用 SM4(加密)或 SM2(签名);去掉弱密码套件",
    fix_en="keys of level 3 and above are SM4 (to encrypt) or SM2 (to sign); drop weak cipher suites",
    assurance="partial",
    params={
        "level": Param(3, "自该等级起须用国密算法", "national algorithms from this level on", least=1, most=5),
        "national": Param(("SM4", "SM2"), "国密算法", "national algorithms"),
        "approved": Param(
            ("SM4", "SM2", "AES_256", "RSA_2048", "RSA_4096", "ECDSA_P256"),
            "其他系统可用的算法",
            "allowed for all others",
        ),
        "weak": Param(("DES", "3DES", "RC4", "MD5", "SHA1", "NULL", "EXPORT", "ANON"), "弱算法", "weak algorithms"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a key, certificate and listener. Where a key comes from is judged by XC-003."""
    for one in estate.kind("kms.key"):
        if open_ := garbled(one, "spec", "level"):
            yield open_
            continue
        spec, level = one.get("spec"), one.get("level")
        important = level is None or level >= params["level"]
        if spec in (params["national"] if important else params["approved"]):
            yield passed(one)
        elif important:
            yield failed(one, f"密钥算法 {spec} 不是国密算法", f"its algorithm {spec} is not a national one")
        else:
            yield failed(one, f"密钥算法 {spec} 不在可用之列", f"its algorithm {spec} is not approved")
    for one in estate.kind("sec.certificate"):
        if open_ := garbled(one, "algorithm"):
            yield open_
        elif one.get("algorithm") in params["approved"]:
            yield passed(one)
        else:
            yield failed(
                one,
                f"证书算法 {one.get('algorithm')} 不在可用之列",
                f"its algorithm {one.get('algorithm')} is not approved",
            )
    for one in estate.kind("net.listener"):
        if open_ := garbled(one, "suites"):
            yield open_
            continue
        weak = [suite for suite in texts(one.get("suites")) if _words(suite) & set(params["weak"])]
        if weak:
            yield failed(one, f"密码套件 {listed(weak)} 含弱算法", f"weak cipher suites: {listed(weak)}")
        else:
            yield passed(one)


def _words(suite: str) -> set[str]:
    words = set(suite.upper().replace("-", "_").split("_"))
    if "SHA" in words:
        words.add("SHA1")  # TLS names write SHA-1 without its number
    return words
