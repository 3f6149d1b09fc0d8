"""The closed network's addresses: they exist inside the two namespaces alone, and no machine outside ever sees them."""

from typing import Final

NEAR: Final = "192.0.2.2"
"""The program's own address (RFC 5737: nobody's)."""
FAR: Final = "192.0.2.1"
"""The far end: the program's only way out, and its DNS server."""
NEAR6: Final = "fd00:7e57::2"
FAR6: Final = "fd00:7e57::1"
CLOUD: Final = "192.88.99.1"
"""What every name leads to. A public address, so that a check for one passes, but one that is retired (RFC 7526)."""

LINK_FAR: Final = "far0"
LINK_NEAR: Final = "near0"

# Without ARP and with the same hardware address at both ends, neither end ever asks who the other is: before the program
# sends something, exactly nothing crosses. For the same reason no end has a link-local address or looks for a double.
_HARDWARE: Final = "02:00:5e:00:53:01"

FAR_LINKS: Final = f"""
link set dev {LINK_FAR} address {_HARDWARE} arp off addrgenmode none up
link set dev lo up
address add {FAR} peer {NEAR} dev {LINK_FAR}
route add local default dev lo
"""
"""For `ip -batch` at the far end: every address there is leads to the far end itself."""
FAR_LINKS6: Final = f"""
address add {FAR6} peer {NEAR6} dev {LINK_FAR} nodad
route add local ::/0 dev lo table main
"""
NEAR_LINKS: Final = f"""
link set dev lo up
link set dev {LINK_NEAR} address {_HARDWARE} arp off addrgenmode none up
address add {NEAR} peer {FAR} dev {LINK_NEAR}
route add default dev {LINK_NEAR}
"""
"""For `ip -batch` at the near end: all but loopback goes to the far end."""
NEAR_LINKS6: Final = f"""
address add {NEAR6} peer {FAR6} dev {LINK_NEAR} nodad
route add ::/0 dev {LINK_NEAR}
"""

RESOLVER: Final = f"nameserver {FAR}\noptions timeout:1 attempts:1\n"
SWITCH: Final = "hosts: files dns\n"
"""Names are looked up in the hosts file and over the network: no daemon outside the namespace is asked."""
