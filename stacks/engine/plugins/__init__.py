"""Provider plugins: found, started and asked, wherever they run.

Edited by developers. In: the plugin folders of a program, a package and a version. Out: a servicer, which has the
methods of Pulumi's ResourceProvider service whether the provider runs in this process (`inside`) or in one of its own
(`process`, watched over by `launcher`). `places` decides where a plugin lies, `answering` is the engine that a plugin
process may call back, `host` holds what one run has started. gRPC begins in a forked worker only, never before.
"""

from stacks.engine.plugins.errors import ProviderError, Servicer
from stacks.engine.plugins.host import Plugins
from stacks.engine.plugins.inside import load

__all__ = ["Plugins", "ProviderError", "Servicer", "load"]
