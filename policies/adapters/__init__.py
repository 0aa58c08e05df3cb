"""What others wrote down, as an estate: deployments that Pulumi exports, configurations of Terraform.

Edited by developers. In: a file. Out: `inventory.estate.Estate`, ready for the judge. What an adapter cannot say stays
unsaid (`None`): a check then answers "unknown". May import `inventory` and the room's own nouns.
"""
