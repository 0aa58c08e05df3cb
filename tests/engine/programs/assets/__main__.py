"""Files and texts as properties: what they contain decides whether anything changes."""

from pulumi import FileAsset, StringAsset
from things import Thing, step

Thing("file", source=FileAsset("./greeting.txt"))
Thing("text", source=StringAsset("hello" if step() < 2 else "goodbye"))
Thing("nested", spec={"list": [FileAsset("greeting.txt"), StringAsset("same")]})
Thing("becomes", source=StringAsset("good morning\n") if step() > 2 else FileAsset("greeting.txt"))
