"""The ec2 driver on moto's server: the suite, then what is the driver's own: drift, containment, architectures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from inventory.model import Environment
from stacks.drivers.base import Driver, DriverError, Thing
from stacks.drivers.ec2 import Ec2
from tests.drivers.conformance import Opener, Suite, a_sentence, empty, same, sample
from tests.drivers.servers import moto

pytestmark = pytest.mark.slow

REGION = "cn-north-1"
KINDS = ("net.subnet", "net.sg", "net.sg_rule", "kms.key", "compute.host", "storage.volume", "storage.bucket")
SECRET = "a-key-that-must-not-be-shown"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():  # fmt: skip
        monkeypatch.setenv(key, value)
    for key in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(key, raising=False)


def environment(name: str, endpoint: str | None) -> Environment:
    return Environment.model_validate(
        {
            "name": name, "title": name, "en": name, "drivers": [{"*": "ec2"}], "requests": "r", "state": name,
            "endpoint": endpoint,
        }
    )  # fmt: skip


def hand(service: str, endpoint: str, region: str = REGION) -> Any:
    """The cloud's console, as it were."""
    return boto3.client(service, endpoint_url=endpoint, region_name=region)


@pytest.fixture(scope="module")
def images(endpoint: str) -> None:
    """moto's `register_image` forgets the architecture, so images that it has get the tag."""
    ec2 = boto3.client(
        "ec2", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="t", aws_secret_access_key="t"
    )
    every = ec2.describe_images()["Images"]
    for name, architecture in (("debian-12", "arm64"), ("debian-12", "x86_64"), ("only-x86", "x86_64")):
        image = next(one for one in every if one["Architecture"] == architecture)
        if name == "only-x86":
            image = [one for one in every if one["Architecture"] == architecture][1]
        ec2.create_tags(Resources=[image["ImageId"]], Tags=[{"Key": "liangzhu:image", "Value": name}])


@pytest.mark.usefixtures("images")
class TestEc2(Suite):
    kinds = KINDS

    @pytest.fixture
    def opener(self, endpoint: str, tmp_path: Path) -> Opener:
        return lambda name: Ec2(environment(name, endpoint), tmp_path / name)

    def foreign(self, opener: Opener, kind: str) -> None:
        driver = opener("foreign")
        assert isinstance(driver, Ec2)
        cloud = driver._cloud
        vpc = cloud.ec2("create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = cloud.ec2("create_subnet", VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]
        cloud.ec2("create_security_group", VpcId=vpc, GroupName="foreign", Description="d")
        cloud.ec2("create_volume", AvailabilityZone=subnet["AvailabilityZone"], Size=1)
        cloud.kms("create_key")
        driver.close()


@pytest.fixture
def driver(endpoint: str, tmp_path: Path, images: None) -> Iterator[Ec2]:
    made = Ec2(environment(f"t{tmp_path.name[-30:].strip('_-').replace('_', '-').lower()}", endpoint), tmp_path)
    yield made
    empty(made)


def ready(driver: Driver, kind: str, **overlay: Any) -> Thing:
    """The kind's sample with all that it needs."""
    for need in sample(kind).needs:
        ready(driver, need)
    return driver.create(sample(kind, **overlay).want)


def seen(driver: Driver, thing: Thing) -> dict[str, Any]:
    there = driver.read(thing.kind, thing.id)
    assert there is not None
    return dict(there.properties)


# --- drift ---------------------------------------------------------------------------------------------------------


def test_a_rule_added_by_hand_is_seen_and_revoked(driver: Ec2, endpoint: str) -> None:
    group = ready(driver, "net.sg")
    everybody = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    hand("ec2", endpoint).authorize_security_group_ingress(GroupId=group.id, IpPermissions=everybody)
    assert seen(driver, group)["rules_digest"] == "undeclared: ingress tcp 22-22 ::/0"
    same(driver.update(group.id, sample("net.sg").want), sample("net.sg").want)


def test_a_rule_removed_or_changed_by_hand_is_seen_and_mended(driver: Ec2, endpoint: str) -> None:
    rule = ready(driver, "net.sg_rule")
    console = hand("ec2", endpoint)
    group = driver.find("net.sg", "civil-affairs-welfare-web")
    assert group is not None
    block = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    console.revoke_security_group_ingress(
        GroupId=group.id, IpPermissions=[{**block, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}]
    )
    assert seen(driver, rule)["peers6"] == ["3fff:0:0:b000::/64"]
    same(driver.update(rule.id, sample("net.sg_rule").want), sample("net.sg_rule").want)


def test_a_new_group_lets_nothing_out(driver: Ec2, endpoint: str) -> None:
    group = ready(driver, "net.sg")
    wanted = [{"Name": "group-id", "Values": [group.id]}]
    assert hand("ec2", endpoint).describe_security_group_rules(Filters=wanted)["SecurityGroupRules"] == []


def test_a_group_that_allows_everything_says_so(driver: Ec2) -> None:
    group = ready(driver, "net.sg", default="allow")
    assert seen(driver, group)["default"] == "allow"
    closed = driver.update(group.id, sample("net.sg").want)
    same(closed, sample("net.sg").want)


def test_a_bucket_changed_by_hand_is_seen_and_mended(driver: Ec2, endpoint: str) -> None:
    bucket, console = ready(driver, "storage.bucket"), hand("s3", endpoint)
    console.put_bucket_versioning(Bucket=bucket.id, VersioningConfiguration={"Status": "Suspended"})
    console.delete_bucket_policy(Bucket=bucket.id)
    console.delete_public_access_block(Bucket=bucket.id)
    console.delete_bucket_encryption(Bucket=bucket.id)
    there = seen(driver, bucket)
    assert (there["versioning"], there["tls_only"], there["public"]) == (False, False, True)
    assert there["encryption_key"] == "unencrypted"
    same(driver.update(bucket.id, sample("storage.bucket").want), sample("storage.bucket").want)


def test_a_tag_removed_by_hand_is_seen(driver: Ec2, endpoint: str) -> None:
    subnet = ready(driver, "net.subnet")
    hand("ec2", endpoint).delete_tags(Resources=[subnet.id], Tags=[{"Key": "liangzhu:level"}])
    assert seen(driver, subnet)["level"] is None


def test_a_route_to_the_internet_made_by_hand_is_seen_and_removed(driver: Ec2, endpoint: str) -> None:
    subnet, console = ready(driver, "net.subnet"), hand("ec2", endpoint)
    vpc = console.describe_subnets(SubnetIds=[subnet.id])["Subnets"][0]["VpcId"]
    gateway = console.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    console.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = console.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    console.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    console.associate_route_table(RouteTableId=table, SubnetId=subnet.id)
    assert seen(driver, subnet)["internet_route"] is True
    same(driver.update(subnet.id, sample("net.subnet").want), sample("net.subnet").want)
    console.delete_route_table(RouteTableId=table)
    console.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def test_another_instance_type_and_a_stop_by_hand_are_seen_and_mended(driver: Ec2, endpoint: str) -> None:
    host, console = ready(driver, "compute.host"), hand("ec2", endpoint)
    console.stop_instances(InstanceIds=[host.id])
    console.modify_instance_attribute(InstanceId=host.id, InstanceType={"Value": "m6g.4xlarge"})
    there = seen(driver, host)
    assert (there["cpu"], there["memory_mib"], there["status"]) == (16, 65536, "stopped")
    mended = driver.update(host.id, sample("compute.host").want)
    same(mended, sample("compute.host").want)
    assert mended.properties["status"] == "running"


def test_a_group_taken_off_a_host_is_seen_and_put_back(driver: Ec2, endpoint: str) -> None:
    host, console = ready(driver, "compute.host"), hand("ec2", endpoint)
    card = console.describe_instances(InstanceIds=[host.id])["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]
    other = console.create_security_group(GroupName="other", Description="d", VpcId=card["VpcId"])["GroupId"]
    console.modify_network_interface_attribute(NetworkInterfaceId=card["NetworkInterfaceId"], Groups=[other])
    assert seen(driver, host)["security_groups"] == ["other"]
    same(driver.update(host.id, sample("compute.host").want), sample("compute.host").want)
    console.delete_security_group(GroupId=other)


def test_a_detached_volume_is_seen_and_attached_again(driver: Ec2, endpoint: str) -> None:
    volume = ready(driver, "storage.volume")
    console = hand("ec2", endpoint)
    attached = console.describe_volumes(VolumeIds=[volume.id])["Volumes"][0]["Attachments"][0]
    console.detach_volume(VolumeId=volume.id, InstanceId=attached["InstanceId"], Device=attached["Device"])
    assert seen(driver, volume)["host"] is None
    same(driver.update(volume.id, sample("storage.volume").want), sample("storage.volume").want)


def test_a_key_disabled_by_hand_is_seen_and_enabled(driver: Ec2, endpoint: str) -> None:
    key, console = ready(driver, "kms.key"), hand("kms", endpoint)
    console.disable_key(KeyId=key.id)
    console.disable_key_rotation(KeyId=key.id)
    there = seen(driver, key)
    assert (there["usage"], there["rotation_days"]) == ("encrypt (disabled)", 0)
    same(driver.update(key.id, sample("kms.key").want), sample("kms.key").want)


# --- what an endpoint may let through, and the driver does not ------------------------------------------------------


def refused(driver: Ec2, want: Thing, reason: str) -> str:
    with pytest.raises(DriverError) as error:
        driver.create(want)
    a_sentence(error.value)
    assert error.value.reason == reason
    return error.value.problem.en


def test_a_subnet_outside_the_vpc_is_refused(driver: Ec2, endpoint: str) -> None:
    subnet, console = ready(driver, "net.subnet"), hand("ec2", endpoint)
    vpc = console.describe_subnets(SubnetIds=[subnet.id])["Subnets"][0]["VpcId"]
    console.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    other = sample("net.subnet", name="other", cidr6="3fff:0:0:a002::/64", cidr4="198.18.2.0/24").want
    assert "outside the VPC" in refused(driver, other, "invalid")


@pytest.mark.parametrize(
    "overlay",
    [
        {"cidr6": "3fff:0:0:a001::/64", "cidr4": "198.18.2.0/24"},
        {"cidr6": "3fff:0:0:a000::/60", "cidr4": None},
        {"cidr6": "3fff:0:0:b001::/64", "cidr4": "198.18.0.0/20"},
    ],
)
def test_a_subnet_on_top_of_another_is_refused(driver: Ec2, overlay: dict[str, Any]) -> None:
    ready(driver, "net.subnet")
    assert "overlaps" in refused(driver, sample("net.subnet", name="other", **overlay).want, "conflict")


def test_subnets_of_other_blocks_widen_the_vpc(driver: Ec2) -> None:
    ready(driver, "net.subnet")
    other = sample("net.subnet", name="other", cidr6="3fff:fff:0:a001::/64", cidr4="198.19.7.0/24").want
    same(driver.create(other), other)
    six = sample("net.subnet", name="six", cidr6="3fff:fff:0:a002::/64", cidr4=None).want
    same(driver.create(six), six)


@pytest.mark.parametrize("overlay", [{"address6": "3fff:0:0:a002::10"}, {"address4": "198.18.2.10"}])
def test_an_address_outside_the_subnet_is_refused(driver: Ec2, overlay: dict[str, Any]) -> None:
    for need in sample("compute.host").needs:
        ready(driver, need)
    assert "is not in subnet" in refused(driver, sample("compute.host", **overlay).want, "invalid")


def test_an_image_of_another_architecture_is_refused(driver: Ec2) -> None:
    for need in sample("compute.host").needs:
        ready(driver, need)
    assert "x86_64" in refused(driver, sample("compute.host", image="only-x86").want, "invalid")
    assert "there is: none" in refused(driver, sample("compute.host", image="nothing").want, "invalid")


def test_an_architecture_that_the_cloud_has_not_is_refused(driver: Ec2, endpoint: str) -> None:
    from stacks.drivers.ec2.machines import Machines

    fields = dict(sample("compute.host", architecture="loongarch64").want.properties)
    with pytest.raises(DriverError) as error:
        Machines(driver._cloud).type(fields, f"{REGION}a")
    assert error.value.reason == "unsupported"
    assert list(driver.list()) == []


def test_the_machine_is_of_the_wanted_architecture(driver: Ec2, endpoint: str) -> None:
    console = hand("ec2", endpoint)
    for need in sample("compute.host").needs:
        ready(driver, need)
    for number, architecture in enumerate(("aarch64", "x86_64")):
        address = f"3fff:0:0:a001::2{number}"
        want = sample(
            "compute.host", name=f"h{number}", architecture=architecture, address6=address, address4=None
        ).want
        made = driver.create(want)
        same(made, want)
        raw = console.describe_instances(InstanceIds=[made.id])["Reservations"][0]["Instances"][0]
        type_ = console.describe_instance_types(InstanceTypes=[raw["InstanceType"]])["InstanceTypes"][0]
        there = {"aarch64": "arm64"}.get(architecture, architecture)
        assert there in type_["ProcessorInfo"]["SupportedArchitectures"]
        image = console.describe_images(ImageIds=[raw["ImageId"]])["Images"][0]
        assert image["Architecture"] == there
        assert [one["Ipv6Address"] for one in raw["NetworkInterfaces"][0]["Ipv6Addresses"]] == [address]


def test_a_host_without_a_group_is_refused(driver: Ec2) -> None:
    for need in sample("compute.host").needs:
        ready(driver, need)
    refused(driver, sample("compute.host", security_groups=()).want, "invalid")
    assert "unguarded" not in refused(driver, sample("compute.host", security_groups=()).want, "invalid")
    assert "unguarded" in refused(driver, sample("compute.host", security_groups=("missing",)).want, "invalid")


def test_a_site_that_the_region_has_not_is_refused(driver: Ec2) -> None:
    assert "no zone for site d" in refused(driver, sample("net.subnet", site="d").want, "unsupported")


def test_what_is_used_is_not_deleted(driver: Ec2) -> None:
    ready(driver, "compute.host")
    for kind, name in (("net.subnet", "civil-affairs-a-web"), ("net.sg", "civil-affairs-welfare-web")):
        thing = driver.find(kind, name)
        assert thing is not None
        with pytest.raises(DriverError) as error:
            driver.delete(kind, thing.id)
        a_sentence(error.value)
        assert error.value.reason == "conflict"


def test_a_bucket_with_objects_is_not_deleted(driver: Ec2, endpoint: str) -> None:
    # (the endpoint is plain HTTP: with tls_only it lets nobody write, which is the next test)
    bucket, console = ready(driver, "storage.bucket", tls_only=False), hand("s3", endpoint)
    console.put_object(Bucket=bucket.id, Key="k", Body=b"x")
    console.delete_object(Bucket=bucket.id, Key="k")
    with pytest.raises(DriverError) as error:
        driver.delete("storage.bucket", bucket.id)
    assert error.value.reason == "conflict", "an old version is data too"
    versions = console.list_object_versions(Bucket=bucket.id)
    for one in [*versions["Versions"], *versions["DeleteMarkers"]]:
        console.delete_object(Bucket=bucket.id, Key="k", VersionId=one["VersionId"])


def test_a_bucket_refuses_clear_text(driver: Ec2, endpoint: str) -> None:
    bucket = ready(driver, "storage.bucket")
    with pytest.raises(ClientError, match=r"Forbidden|AccessDenied"):
        hand("s3", endpoint).put_object(Bucket=bucket.id, Key="k", Body=b"x")


def test_locked_objects_cannot_be_deleted_by_anybody(driver: Ec2, endpoint: str) -> None:
    bucket, console = ready(driver, "storage.bucket", tls_only=False, locked_days=30), hand("s3", endpoint)
    lock = console.get_object_lock_configuration(Bucket=bucket.id)["ObjectLockConfiguration"]
    retention = lock["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("COMPLIANCE", 30)
    message = refused(
        driver, sample("storage.bucket", name="unversioned", versioning=False, locked_days=1).want, "invalid"
    )
    assert "versioning must be true" in message


def test_disks_only_grow(driver: Ec2) -> None:
    volume = ready(driver, "storage.volume")
    with pytest.raises(DriverError) as error:
        driver.update(volume.id, sample("storage.volume", size_gib=5).want)
    assert error.value.reason == "invalid"
    assert seen(driver, volume)["size_gib"] == 10


def test_two_declarations_of_one_rule_are_refused(driver: Ec2) -> None:
    ready(driver, "net.sg_rule")
    message = refused(driver, sample("net.sg_rule", name="again").want, "conflict")
    assert "civil-affairs-welfare-web-https" in message


def test_too_many_rules_are_a_quota(driver: Ec2) -> None:
    ready(driver, "net.sg")
    peers = [f"3fff:0:1:{number:x}::/64" for number in range(1, 90)]
    refused(driver, sample("net.sg_rule", peers6=peers, peers4=()).want, "quota")


# --- keys: never another algorithm than the one asked for ------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "spec", "usage", "made"),
    [
        ("cn-north-1", "SM4", "encrypt", "SYMMETRIC_DEFAULT"),
        ("cn-north-1", "SM2", "sign", "SM2"),
        ("cn-north-1", "AES_256", "encrypt", None),
        ("us-east-1", "AES_256", "encrypt", "SYMMETRIC_DEFAULT"),
        ("us-east-1", "RSA_2048", "sign", "RSA_2048"),
        ("us-east-1", "SM4", "encrypt", None),
        ("us-east-1", "SM2", "sign", None),
    ],
)
def test_keys_by_region(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, region: str, spec: str, usage: str, made: str | None
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    driver = Ec2(environment("keys", endpoint), tmp_path)
    want = sample("kms.key", name=f"k-{spec}", spec=spec, usage=usage, rotation_days=0).want
    if made is None:
        assert f"has no {spec}" in refused(driver, want, "unsupported")
    else:
        key = driver.create(want)
        same(key, want)
        there = hand("kms", endpoint, region).describe_key(KeyId=key.id)["KeyMetadata"]
        assert there["KeySpec"] == made
    empty(driver)


def test_a_rotation_that_the_service_cannot_do_is_refused(driver: Ec2) -> None:
    want = sample("kms.key", name="signing", spec="SM2", usage="sign", rotation_days=365).want
    assert "cannot rotate" in refused(driver, want, "unsupported")


def test_a_key_left_by_a_broken_off_creation_is_found_again(driver: Ec2, endpoint: str) -> None:
    key, console = ready(driver, "kms.key"), hand("kms", endpoint)
    alias = next(one for one in console.list_aliases()["Aliases"] if one.get("TargetKeyId") == key.id)
    console.delete_alias(AliasName=alias["AliasName"])
    assert driver.find("kms.key", key.name) is None
    assert driver.create(sample("kms.key").want).id == key.id


def test_an_interface_left_by_a_broken_off_creation_is_used_again(driver: Ec2, endpoint: str) -> None:
    for need in sample("compute.host").needs:
        ready(driver, need)
    refused(driver, sample("compute.host", cpu=100_000).want, "invalid")
    console = hand("ec2", endpoint)
    subnet = driver.find("net.subnet", "civil-affairs-a-web")
    group = driver.find("net.sg", "civil-affairs-welfare-web")
    assert subnet is not None
    assert group is not None
    from stacks.drivers.ec2 import tags

    owned = tags.owner(driver._cloud.environment, "compute.host", "welfare-web-1")
    card = console.create_network_interface(
        SubnetId=subnet.id, Ipv6Addresses=[{"Ipv6Address": "3fff:0:0:a001::10"}], PrivateIpAddress="198.18.1.10",
        Groups=[group.id], TagSpecifications=tags.specification("network-interface", owned),
    )["NetworkInterface"]["NetworkInterfaceId"]  # fmt: skip
    host = driver.create(sample("compute.host").want)
    raw = console.describe_instances(InstanceIds=[host.id])["Reservations"][0]["Instances"][0]
    assert raw["NetworkInterfaces"][0]["NetworkInterfaceId"] == card


def test_nothing_is_left_of_an_environment(driver: Ec2, endpoint: str) -> None:
    ready(driver, "storage.volume")
    ready(driver, "net.subnet", internet_route=True)
    empty(driver)
    mine = [{"Name": "tag:liangzhu:environment", "Values": [driver._cloud.environment]}]
    console = hand("ec2", endpoint)
    for operation, key in (
        ("describe_vpcs", "Vpcs"), ("describe_subnets", "Subnets"), ("describe_security_groups", "SecurityGroups"),
        ("describe_network_interfaces", "NetworkInterfaces"), ("describe_internet_gateways", "InternetGateways"),
        ("describe_route_tables", "RouteTables"), ("describe_volumes", "Volumes"),
    ):  # fmt: skip
        assert getattr(console, operation)(Filters=mine)[key] == [], operation


def test_credentials_are_not_shown(driver: Ec2) -> None:
    assert SECRET not in repr(driver) + repr(driver._cloud) + repr(list(driver.list()))
