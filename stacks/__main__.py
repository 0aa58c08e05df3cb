"""The Pulumi program: the stack's name chooses what is built, LIANGZHU_ENVIRONMENT for which environment.

In: `inventory/` as files. Out: registered resources and the stack's exports. Runs under the stock CLI and under the
embedded engine alike. Read next: `layers`, then `system`.
"""

import os

import pulumi

from inventory import addressing, reading
from stacks import layers
from stacks.registering import register

read = reading.read(os.environ.get("LIANGZHU_ENVIRONMENT", "demo"))
register(layers.draft(pulumi.get_stack(), read, addressing.load(read.places.addresses)))
