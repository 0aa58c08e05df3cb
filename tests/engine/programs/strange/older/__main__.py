"""A plugin in the SDK's older way: it serves itself, and nothing in it could be taken over."""

import sys

from pulumi.provider import Provider, main

main(Provider("0.1.0", '{"name": "strange"}'), sys.argv[1:])
