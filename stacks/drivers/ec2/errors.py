"""What the endpoint says, as a DriverError: error code → reason. Pure but for the types of botocore's exceptions."""

from __future__ import annotations

import re
from typing import Any

from stacks.drivers.base import DriverError, Reason

_THROTTLED = r"Throttl|RequestLimitExceeded|SlowDown|TooManyRequests|BandwidthLimit|PriorRequestNotComplete"
_TABLE: tuple[tuple[Reason, str, str, str], ...] = (
    ("unavailable", _THROTTLED, "云限流,已多次重试:稍后再运行", "the cloud throttles, after several tries: run this again later"),
    ("unavailable", r"Unavailable|Internal(Error|Failure|Exception)|Insufficient\w*Capacity|Timeout",
     "云暂时不能完成:稍后再运行", "the cloud cannot do this for now: run this again later"),
    ("quota", r"LimitExceeded|Quota|TooManyBuckets|InsufficientFreeAddresses",
     "超出配额:向云申请更多,或减少申请", "over the quota: ask the cloud for more, or request less"),
    ("denied", r"AuthFailure|Unauthorized|AccessDenied|OptInRequired|InvalidClientTokenId|SignatureDoesNotMatch|"
     r"InvalidAccessKeyId|ExpiredToken|UnrecognizedClient|Forbidden",
     "云拒绝了这个身份:检查凭据与权限", "the cloud denies this identity: check credentials and permissions"),
    ("conflict", r"DependencyViolation|InUse|Duplicate|Conflict|AlreadyExists|BucketNotEmpty|IncorrectState|"
     r"IncorrectInstanceState|OperationAborted|InvalidState|OwnedByYou",
     "与云中已有的冲突,或仍被使用:先处理那一个", "in conflict with what is there, or still used: deal with that first"),
    ("unsupported", r"Unsupported|InvalidAction|NotImplemented|UnknownOperation",
     "这个云不支持:为此类资源另选驱动", "this cloud does not support it: choose another driver for the kind"),
)  # fmt: skip
"""reason, codes, what to do; the first that matches"""


def reason(code: str, status: int = 400) -> tuple[Reason, str, str]:
    """Of an error code and HTTP status: the reason, and what to do."""
    for found, pattern, zh, en in _TABLE:
        if re.search(pattern, code):
            return found, zh, en
    if status in (401, 403):
        return next((found, zh, en) for found, _pattern, zh, en in _TABLE if found == "denied")
    if status >= 500 or status == 429:
        return _TABLE[1][0], _TABLE[1][2], _TABLE[1][3]
    return "invalid", "云不接受这个请求", "the cloud does not accept this request"


def code_of(error: Any) -> str:
    """Of a botocore ClientError; "" for the others."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def all_of_botocore() -> tuple[type[Exception], ...]:
    """What a call may raise. An answer that is no XML is not one of botocore's own base."""
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    return boto.ClientError, boto.BotoCoreError, ResponseParserError


def refusal(error: Exception, operation: str, where: str = "") -> DriverError:
    """A botocore exception as the driver's. The service's sentence is told, cut short; credentials never are."""
    from botocore import exceptions as boto

    if isinstance(error, boto.ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
        found, zh, en = reason(code_of(error), status)
        said = f"{operation}: {code_of(error)}: {str(error.response.get('Error', {}).get('Message', ''))[:300]}"
    elif isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)):
        found, said = "denied", f"{operation}: {type(error).__name__}"
        zh = "没有凭据:设置 AWS_ACCESS_KEY_ID 与 AWS_SECRET_ACCESS_KEY,或 AWS_PROFILE"
        en = "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    elif isinstance(error, boto.ParamValidationError):
        found, said = "invalid", f"{operation}: {str(error)[:300]}"
        zh, en = "请求的参数不合要求", "the request's parameters are not valid"
    else:
        found, said = "unavailable", f"{operation}: {type(error).__name__}"
        zh, en = "连不上云,或答复不可读:检查 endpoint 与网络", "no readable answer: check the endpoint and the network"
    return DriverError(found, f"{zh}({said})", f"{en} ({said})", where=where)
