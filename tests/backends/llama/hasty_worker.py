"""The real worker, which keeps what it has in memory after a tenth of a second of nothing to do, and not after seconds."""

from assistant.backends.llama import session, worker

vars(session)["IDLE_S"] = 0.1
worker.main()
