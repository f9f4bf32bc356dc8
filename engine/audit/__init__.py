"""Who did what to whose data, and when: an append-only log whose entries are chained by hash.

`Audit(workspace)` writes and reads it. Who carries an action out notes it there, so that the app
and the command line leave the same entries.
"""

from engine.audit.log import Audit as Audit
from engine.audit.log import Doing as Doing
