"""Smart plugs: where one may be, and what those of several makers answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.domain.errors import UsageError
from assistant.domain.places import Address
from assistant.domain.plug import MOST_W, plug_address, plug_watts

SHELLY_GEN1 = b"""{"wifi_sta":{"connected":true,"ssid":"home","ip":"192.168.1.20","rssi":-58},
"relays":[{"ison":true,"has_timer":false,"overpower":false,"source":"http"}],
"meters":[{"power":6.42,"overpower":0.00,"is_valid":true,"timestamp":1764243193,"counters":[6.41,6.38,6.44],"total":52341}],
"temperature":27.3,"uptime":81237}"""
SHELLY_GEN2 = b"""{"id":0,"source":"init","output":true,"apower":6.4,"voltage":231.2,"current":0.058,"pf":0.48,
"freq":50.0,"aenergy":{"total":871.227,"by_minute":[102.3,106.1,104.7],"minute_ts":1764243180},"temperature":{"tC":31.2,"tF":88.2}}"""
TASMOTA = b"""{"StatusSNS":{"Time":"2026-11-27T12:33:13","ENERGY":{"TotalStartTime":"2026-01-02T08:11:20","Total":17.832,
"Yesterday":0.151,"Today":0.080,"Power":7,"ApparentPower":14,"ReactivePower":12,"Factor":0.50,"Voltage":230,"Current":0.061}}}"""


@pytest.mark.parametrize(
    ("body", "where", "watts"),
    [
        (SHELLY_GEN1, "meters.0.power", 6.42),
        (SHELLY_GEN2, "apower", 6.4),
        (TASMOTA, "StatusSNS.ENERGY.Power", 7.0),
        (b'[{"watts": 0}]', "0.watts", 0.0),
    ],
    ids=["shelly-gen1", "shelly-gen2", "tasmota", "list"],
)
def test_the_watts_stand_where_the_setting_says(body: bytes, where: str, watts: float) -> None:
    assert plug_watts(body, where) == watts


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (SHELLY_GEN1, "apower"),
        (SHELLY_GEN1, "meters.1.power"),
        (SHELLY_GEN1, "meters.-1.power"),
        (SHELLY_GEN1, "meters"),
        (SHELLY_GEN2, "apower.0"),
        (SHELLY_GEN2, "output"),
        (SHELLY_GEN2, "source"),
        (b'{"apower": null}', "apower"),
        (b'{"apower": -3.0}', "apower"),
        (b'{"apower": NaN}', "apower"),
        (b'{"apower": Infinity}', "apower"),
        (b'{"apower": 1' + b"0" * 400 + b"}", "apower"),
        (b"<html>401 Unauthorized</html>", "apower"),
        (b"\xff\xfe", "apower"),
        (b"[" * 100_000, "0"),
        (b"", "apower"),
    ],
)
def test_everything_else_is_unknown(body: bytes, where: str) -> None:
    assert plug_watts(body, where) is None


@given(st.binary(max_size=300), st.text(max_size=20))
def test_no_answer_breaks_it(body: bytes, where: str) -> None:
    found = plug_watts(body, where)
    assert found is None or 0 <= found <= MOST_W


@given(st.floats(0, MOST_W))
def test_a_number_is_read_as_it_is(watts: float) -> None:
    assert plug_watts(json.dumps({"apower": watts}).encode(), "apower") == watts


@pytest.mark.parametrize(
    ("url", "address", "target"),
    [
        (
            "http://192.168.1.20/rpc/Switch.GetStatus?id=0",
            Address("192.168.1.20", 80),
            "/rpc/Switch.GetStatus?id=0",
        ),
        (
            "http://tasmota.local/cm?cmnd=Status%208",
            Address("tasmota.local", 80),
            "/cm?cmnd=Status%208",
        ),
        ("http://shelly:8080", Address("shelly", 8080), "/"),
        ("https://10.0.0.9/status", Address("10.0.0.9", 443, secure=True), "/status"),
        ("http://[fd00::9]/status", Address("fd00::9", 80), "/status"),
        ("http://127.0.0.1:1234/x", Address("127.0.0.1", 1234), "/x"),
    ],
)
def test_a_plug_of_this_network_may_be_asked(url: str, address: Address, target: str) -> None:
    assert plug_address(url) == (address, target)


@pytest.mark.parametrize(
    "url",
    [
        "https://plug.example.com/status",
        "http://plug.example.com/status",
        "http://93.184.215.14/status",
        "https://[2a00:1450::1]/status",
        "http://2130706433/status",
        "http://me:secret@192.168.1.20/status",
        "http://192.168.1.20:99999/",
        "http://192.168.1.20:0/",
        "http://192.168.1.20/#watts",
        "ftp://192.168.1.20/",
        "192.168.1.20",
        "http://192.168.1.20/a b",
        "http://192.168.1.20/\u00e4",
        "http://0.0.0.0/",
        "",
    ],
)
def test_a_plug_elsewhere_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        plug_address(url)
