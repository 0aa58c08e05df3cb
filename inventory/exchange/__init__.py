"""Address plans of others → findings and a migration list; our own plan → files that others read. Pure but for `store`.

In: CSV as people keep it (`table`) or NetBox's JSON (`netbox`), the city, its allocations. Out: a `Book` of prefixes,
addresses and VLANs; what is wrong in it (`audit`); which private networks move into the extranet, whither and in which
order (`migration`). `own` makes the book of our plan; `store` reads and writes files. The verb is
`inventory.verbs:addresses`.
"""
