"""Runs on a host (standard library only): tries TCP connections over IPv6, all at once.

In: argv[1], a JSON list of [address, port]. Out: a JSON list in the same order: "open", "refused" (answered with a
reset: the packet arrived and nobody listens), "timeout" (no answer in time: dropped), "error: …".
"""

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

SECONDS = 2.0


def attempt(pair):
    """One connection, closed at once."""
    address, port = pair
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as one:
            one.settimeout(SECONDS)
            one.connect((address, port))
        return "open"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "timeout"
    except OSError as error:
        return "error: " + str(error)


def main(text):
    """Answers as JSON."""
    pairs = json.loads(text)
    with ThreadPoolExecutor(max(1, len(pairs))) as pool:
        return json.dumps(list(pool.map(attempt, pairs)))


if __name__ == "__main__":
    print(main(sys.argv[1]))
