"""Estate → configuration of hosts, routers and clouds. Pure: the same estate gives the same bytes.

In: an `Estate` whose addresses are known. Out: texts and plain data that the playbooks install, and the facts that
they come from, so that what is proved (`probes`) is what is deployed (`nftables`). `flows` answers who may speak to
whom and is the base of both; `patroni` makes a database's cluster; `digest` names a group's rules in one number.

Of the network: `nodes` has every node's addresses and routes (by `routes`), `frr`, `radvd`, `kea`, `unbound`, `zones` and
`tayga` what routers and name servers are told, `clouds` segments and rules as a cloud's API takes them.
"""

from __future__ import annotations

from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block, and never an alias: a person reads these files."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(str, lambda dumper, value: _text(dumper, str(value)))
_Dumper.add_representer(tuple, yaml.SafeDumper.represent_list)


def yaml_text(data: Any) -> str:
    """Plain data as YAML, keys in the order given; tuples are lists. The only writer of YAML."""
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120, default_flow_style=False)
