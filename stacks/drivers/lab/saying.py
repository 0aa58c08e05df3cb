"""Whatever this machine says, said as a DriverError. In: an exception of any kind. Out: the sentence that it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from inventory.problems import Refused
from stacks.drivers.base import DriverError


@contextmanager
def said(where: str) -> Iterator[None]:
    """Around what is done to the machine; `where` is the thing that it is done for."""
    try:
        yield
    except Refused as error:
        problem = error.problems[0]
        raise DriverError("unavailable", problem.zh, problem.en, where=where) from error
    except ValidationError as error:
        raise DriverError(
            "unavailable",
            f"旧版本的记录读不懂({error.error_count()} 处):用 ./lz destroy 清理后重建",
            f"a record of another version is not understood ({error}): clear the lab with ./lz destroy",
            where=where,
        ) from error
    except PermissionError as error:
        raise DriverError(
            "denied", f"权限不足({error}):请用 root 运行", f"not permitted ({error}): run as root", where=where
        ) from error
    except OSError as error:
        raise DriverError(
            "unavailable",
            f"本机出错({error}):排除后重试",
            f"this machine said {error}: put it right, try again",
            where=where,
        ) from error
