"""A function that refuses its arguments or is not there ends the program; what was before it stays."""

from pulumi import InvokeOutputOptions
from pulumi.runtime import invoke, invoke_output
from things import Thing, note, step

a = Thing("a", size=1)
match step():
    case 1:
        invoke_output("test:index:refuse", {"word": "w"}, InvokeOutputOptions(depends_on=[a]))
    case 2:
        invoke_output("test:index:absent", {}, InvokeOutputOptions(depends_on=[a]))
    case 3:
        try:
            invoke("test:index:refuse", {"word": "w"})
        except Exception as error:
            note("caught", kind=type(error).__name__)
