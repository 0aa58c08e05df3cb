"""Kubernetes: namespaces, quotas and network policies of a pool that is a cluster, by server-side apply.

`driver` is the driver, `objects` the translation (pure), `api` the official client behind one call. The only package
that imports `kubernetes`, and only once a cluster is opened.
"""

from stacks.drivers.cluster.driver import Cluster

__all__ = ["Cluster"]
