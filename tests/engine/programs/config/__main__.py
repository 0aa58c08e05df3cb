"""Configuration of every type, and secrets among it, reach the program and what it makes."""

import pulumi
from things import Thing, note

config = pulumi.Config()
note(
    "config",
    text=config.get("text"),
    number=config.get_int("number"),
    flag=config.get_bool("flag"),
    data=config.get_object("data"),
    missing=config.get("missing"),
    quoted=config.get("quoted"),
    other=pulumi.Config("other").get("key"),
    secret=pulumi.runtime.is_config_secret(f"{pulumi.get_project()}:password"),
    plain=pulumi.runtime.is_config_secret(f"{pulumi.get_project()}:text"),
)
Thing("a", text=config.get("text"), password=config.get_secret("password"), data=config.get_object("data"))
Thing("read-plainly", password=config.get("password"))
nested = config.get_secret_object("nested")
Thing("nested", data=nested)
pulumi.export("password", config.require_secret("password"))
pulumi.export("number", config.require_int("number"))
