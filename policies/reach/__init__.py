"""Reachability: what can reach what, exactly, proved over the rendered configuration and never over the intent.

In: packet filters as text, routes, security groups, translations, load balancers. Out: for every node the exact set of
headers that arrive, on which ways, what is lost where, and for any packet its hops and the rule that decided. Imports only
`inventory`. Read next: `fields` and `headers` (the sets), `filters`, `nft` and `matches` (rules and their text), `network`
and `routing` (nodes and routes), `spreading` (`reach`), `connections` and `returning` (what begins, what answers), `walking`
(witnesses); `clouds` makes the same nouns of what clouds have. `city` makes a network of the estate, `meaning` says what
was declared, `proof` holds the one against the other for the checks. What a change cannot reach is not proved again:
`arriving` (what arrives, from what was kept), `differing` (what may fare otherwise), `keeping` (the file), `installed` (filters
that were read before), `alike` (one end of each kind, for losses).
"""
