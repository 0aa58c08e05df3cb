"""Values at the edges: nothing, empty, large, small, fractions, unicode, odd keys, deep."""

import pulumi
from things import Thing, step

Thing(
    "a",
    none=None,
    empty="",
    blank={},
    list=[],
    nulls=[None, 1, None],
    inner={"none": None, "empty": "", "deep": {"deeper": {"deepest": [[[]], {}]}}},
    zero=0,
    no=False,
    large=2**53,
    larger=1e300,
    small=-1.5e-7,
    third=1 / 3,
    negative=-0.0,
    text='梁柱 \U0001f3db " \\ \n\t\u0000 </script>',
    number_text="007",
    true_text="true",
)
Thing(
    "keys", **{"with-dash": 1, "with.dot": 2, "with space": 3, "键": 4, "__hidden": 5, "camelCase": 6, "snake_case": 7}
)
Thing(
    "changes",
    value={1: 0, 2: "", 3: None, 4: [], 5: False}[step()],
    other={1: [1], 2: [1, None], 3: [], 4: {}, 5: 1.0}[step()],
)
Thing("big", text="x" * 100_000 if step() == 1 else "y")
pulumi.export("large", 2**53)
