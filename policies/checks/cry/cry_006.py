"""CRY-006: server certificates come from an approved issuer, are renewed in time, and are SM2 pairs for TLCP."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.estate import Estate, Resource
from policies.checks.mends import mend
from policies.checks.shape import (
    Check,
    Looked,
    Mends,
    Param,
    Params,
    Words,
    concluded,
    failed,
    missing,
    not_applicable,
    texts,
    unknown,
    unsure,
)
from policies.checks.told import garbled, unread

CHECK = Check(
    id="CRY-006",
    title_zh="服务器证书合规",
    title_en="Server certificates are in order",
    clauses=("GB/T 39786-2021 8.2 a)",),
    severity="medium",
    severity_basis="project",
    scope="estate",
    kinds=("sec.certificate", "net.listener"),
    fix_zh="由认可的机构签发证书,提前足够天数续期;国密监听(TLCP 或 SM4 套件)用 SM2 双证书",
    fix_en="have it issued by an approved authority and renewed early enough; listeners with TLCP or SM4 suites take an "
    "SM2 pair",
    params={
        "renew": Param(30, "到期前续期的天数下限", "fewest days before the end at which it is renewed", least=1),
        "longest": Param(825, "有效期上限(天)", "most days of validity", least=1),
        "issuers": Param((), "认可的签发机构,空为不限", "approved issuers; none: any that is named"),
    },
)


def judge(estate: Estate, params: Params) -> Iterator[Looked]:
    """One answer a certificate and a listener."""
    for one in estate.kind("sec.certificate"):
        yield unread(one, "valid_days", "renew_before_days", "issuer") or concluded(one, _certificate(one, params))
    for listener in estate.kind("net.listener"):
        if open_ := unsure(listener, "tls") or garbled(listener, "certificate", "suites"):
            yield open_
            continue
        if not listener.get("tls"):
            yield not_applicable(listener, "不使用 TLS", "does not speak TLS")
        elif not (name := listener.get("certificate")):
            yield failed(listener, "使用 TLS 却没有证书", "speaks TLS without a certificate")
        elif (certificate := estate.named("sec.certificate", str(name))) is None:
            yield unknown(listener, *missing(listener, "sec.certificate", name))
        elif unsure(certificate, "algorithm", "dual"):
            yield unknown(listener, f"证书 {name} 尚未确定", f"certificate {name} is not known yet")
        else:
            yield concluded(listener, _pair(listener, certificate))


def _certificate(one: Resource, params: Params) -> Iterator[Words]:
    valid, renew = one["valid_days"], one["renew_before_days"]
    if renew < params["renew"]:
        yield (
            f"到期前 {renew:g} 天才续期,下限 {params['renew']}",
            f"renewed {renew:g} d before its end < {params['renew']}",
        )
    if valid <= renew:
        yield f"有效期 {valid:g} 天不长于续期提前量", f"valid for {valid:g} d, not longer than the time to renew"
    if valid > params["longest"]:
        yield f"有效期 {valid:g} 天,上限 {params['longest']}", f"valid for {valid:g} d > {params['longest']}"
    if not one["issuer"]:
        yield "没有写签发机构", "names no issuer"
    elif params["issuers"] and one["issuer"] not in params["issuers"]:
        yield f"签发机构“{one['issuer']}”不在认可名单", f"issuer '{one['issuer']}' is not approved"


def _pair(listener: Resource, certificate: Resource) -> Iterator[Words]:
    national = listener.get("tls") == "TLCP" or any("SM4" in str(suite) for suite in texts(listener.get("suites")))
    if national and certificate.get("algorithm") != "SM2":
        yield (
            f"国密监听使用了 {certificate.get('algorithm')} 证书",
            f"an SM listener with a {certificate.get('algorithm')} certificate",
        )
    if listener.get("tls") == "TLCP" and not certificate.get("dual"):
        yield "TLCP 监听没有签名、加密双证书", "a TLCP listener without the pair of certificates"


def remedy(estate: Estate, one: Resource, params: Params) -> Mends | None:
    """The days of a certificate; who issues it, and which one a listener shows, is for people to say."""
    del estate
    if one.kind != "sec.certificate":
        return None
    valid, renew = min(one["valid_days"], params["longest"]), max(one["renew_before_days"], params["renew"])
    approved = one["issuer"] and (not params["issuers"] or one["issuer"] in params["issuers"])
    return mend(one, valid_days=valid, renew_before_days=renew) if approved and valid > renew else None
