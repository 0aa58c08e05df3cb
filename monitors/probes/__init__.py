"""Looks at a site from outside as the national IPv6 monitoring platform does: in, a site, resolvers, limits; out, figures.

`dns` asks, `pages` fetches over one family, `ipv6` measures the eight indicators and the consistency of both families,
`findings` says what falls short. Time, the numbers of questions, resolvers and ports are arguments; nothing takes
longer than it is given.
"""
