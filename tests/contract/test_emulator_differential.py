"""The local Cloudflare Images against a real account: the same requests, and every deviation printed.

Only with CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID set; it makes some hundred images there and deletes them.
Without an account the comparison is at least proved to see what differs.
"""

import os

import pytest

from tests.support.differential import Side, compare
from tests.support.emulator import ACCOUNT_ID, TOKEN, RunningEmulator

_TOKEN, _ACCOUNT = os.environ.get("CLOUDFLARE_API_TOKEN"), os.environ.get("CLOUDFLARE_ACCOUNT_ID")
_BASE = os.environ.get("CLOUDFLARE_BASE_URL", "https://api.cloudflare.com/client/v4")


def side(emulator: RunningEmulator) -> Side:
    return Side(emulator.api_base, ACCOUNT_ID, TOKEN)


@pytest.mark.skipif(not (_TOKEN and _ACCOUNT), reason="no real account: CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID")
def test_a_real_account_answers_the_same(emulator):
    with side(emulator) as ours, Side(_BASE, _ACCOUNT or "", _TOKEN or "") as real:
        try:
            deviations = list(compare(ours, real))
        finally:
            real.clean()
    print("\n".join(deviations))
    assert not deviations, f"{len(deviations)} deviations:\n" + "\n".join(deviations)


def test_the_comparison_finds_no_difference_between_equals_and_names_each_other_one(emulator, tmp_path):
    with RunningEmulator(tmp_path) as other, side(emulator) as ours, side(other) as theirs:
        assert list(compare(ours, theirs)) == []
        theirs.clean()
        assert not theirs.call("GET", "v2").json()["result"]["images"]
        other.http.patch(f"{other.account}/v1/config", json={"flexible_variants": False, "browser_ttl": 3600})
        found = list(compare(ours, theirs))
        ours.clean()
    named = {line.partition(":")[0] for line in found}
    assert "deliver w=500,h=500 for */*" in named
    assert any("max-age=3600" in line for line in found if line.startswith("deliver public for"))
    assert not named & {"create", "edit", "custom id", "list v2", "keys"}
