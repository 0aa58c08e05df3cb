"""Estate → configuration of hosts, routers and clouds. Pure: the same estate gives the same bytes.

In: an `Estate` whose addresses are known. Out: texts and plain data that the playbooks install, and the facts that
they come from, so that what is proved (`probes`) is what is deployed (`nftables`). `flows` answers who may speak to
whom and is the base of both; `patroni` makes a database's cluster; `digest` names a group's rules in one number.

Of the network: `nodes` has every node's addresses and routes (by `routes`), `frr`, `radvd`, `kea`, `unbound`, `zones` and
`tayga` what routers and name servers are told, `clouds` segments and rules as a cloud's API takes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml


class _Plain:
    """Text of several lines as a block, and never an alias: a person reads these files."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


class _Dumper(_Plain, yaml.SafeDumper):
    """The writer that all of them go by."""


_Fast: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml is not in every build of PyYAML


class _Quick(_Plain, _Fast):
    """Six times as fast, and of the same mind but for `_OTHERWISE`."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


for _one in (_Dumper, _Quick):
    _one.add_representer(str, _text)
    _one.add_multi_representer(str, lambda dumper, value: _text(dumper, str(value)))
    _one.add_representer(tuple, yaml.SafeDumper.represent_list)
_OTHERWISE = re.compile(r'(?:^|[:?-]) *"|^ *(?:- )*\?|\n\.\.\.\n\Z', re.MULTILINE)
"""what may begin a text in double quotes or a long key, which libyaml breaks at other places (letters beyond the basic plane,
an emoji in a name, it takes for control characters), and the end of a document, behind a text that ends in empty lines"""
_BREAKS = re.compile(r"[\x85\u2028\u2029]")
"""breaks of lines that are no line feed: behind such a one what follows stands elsewhere"""


def yaml_text(data: Any) -> str:
    """Plain data as YAML, keys in the order given; tuples are lists. The only writer of YAML."""
    return _written(data, _Dumper)


def yaml_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """A list of many as `yaml_text` writes it, six times as fast. Keys are words."""
    rows = list(rows)
    texts = list(map(_row, rows))
    if any(_BREAKS.search(one) for one in texts):
        return yaml_text(rows)
    # the document ends behind the last of them
    return "".join([*(re.sub(r"\n\.\.\.\n\Z", "\n", one) for one in texts[:-1]), *texts[-1:]]) or "[]\n"


def _row(row: Mapping[str, Any]) -> str:
    text = _written([row], _Quick)
    return _written([row], _Dumper) if _OTHERWISE.search(text) else text


def _written(data: Any, dumper: Any) -> str:
    return yaml.dump(data, Dumper=dumper, allow_unicode=True, sort_keys=False, width=120, default_flow_style=False)
