"""Any EC2-, S3- and KMS-compatible endpoint: networks, security groups, hosts, disks, buckets, keys, through boto3.

`driver` is the driver; each kind has its keeper in `subnets` (over `network`), `groups`, `hosts`, `volumes`, `buckets`, `keys`; `cloud`
is boto3 behind one call with its errors, `tags` what the cloud has no field for, `locks` one writer a thing. The only
package that imports boto3, and only once an endpoint is talked to.
"""

from stacks.drivers.ec2.driver import Ec2

__all__ = ["Ec2"]
