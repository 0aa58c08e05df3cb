"""How machines are made right.

Edited by operations: `site.yml` and `roles/`, with the templates that land on the hosts. In: the deployed estate, as
`inventory.hosts` tells it. Out: configured hosts (`conduct.site`), and the proof that they do what was declared
(`conduct.prove`). `library/` holds the two modules that the roles are written in. Imports only `inventory`.
"""
