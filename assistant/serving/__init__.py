"""The same screen in a browser of this machine: who may look is settled here, what is shown is the chat's own."""
