"""What is seen and told.

Edited by operations and the security centre. In: the estate, and what Prometheus answers. Out: scrape targets, alert
rules and routes (`monitors.rules`), what is up and what is not (`monitors.watch`). May import every room below it.
Read next: `monitors.targets` (what is expected), then `monitors.rules`, then `monitors.watch`.
"""
