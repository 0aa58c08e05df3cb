"""What a component hands down to its children: protect, retainOnDelete, deletedWith, one provider or several."""

from pulumi import ResourceOptions
from things import Group, Provider, Thing, step

owner = Thing("owner", size=1)
east = Provider("east", region="east")
protected = Group("protected", ResourceOptions(protect=step() < 3))
Thing("inherits", ResourceOptions(parent=protected), size=1)
Thing("refuses", ResourceOptions(parent=protected, protect=False), size=1)
inner = Group("inner", ResourceOptions(parent=protected), kind="Inner")
Thing("grandchild", ResourceOptions(parent=inner), size=1)
if step() < 4:
    retained = Group("retained", ResourceOptions(retain_on_delete=True))
    Thing("stays", ResourceOptions(parent=retained), size=1)
    Thing("goes", ResourceOptions(parent=retained, retain_on_delete=False), size=1)
    owned = Group("owned", ResourceOptions(deleted_with=owner))
    Thing("property", ResourceOptions(parent=owned), size=1)
regional = Group("regional", ResourceOptions(providers=[east]))
Thing("eastern", ResourceOptions(parent=regional), size=1)
single = Group("single", ResourceOptions(provider=east))
Thing("also-eastern", ResourceOptions(parent=single), size=1)
