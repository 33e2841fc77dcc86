"""A rider with the app on the street of the browser tests, and what a server says to people of other roles."""

import json
import urllib.request

from playwright.sync_api import Page

from tests.e2e.conftest import NewPage
from tests.e2e.real_server import LON0, Bus, RealServer, lat_at

FEEL_AND_HEAR = """
window.felt = [];
window.heard = [];
navigator.vibrate = pattern => window.felt.push(pattern);
addEventListener("DOMContentLoaded", () => {
  const spoken = document.getElementById("spoken");
  if (spoken) new MutationObserver(() => window.heard.push(spoken.textContent)).observe(spoken, { childList: true });
});
"""
"""Notes how the phone shakes and what its reader of the screen is given to say."""


def app(
    new_page: NewPage, server: RealServer, *, at_m: float, place: str = "", lang: str = "ko", **options: object
) -> Page:
    """The rider app on a phone that stands at this place of the street."""
    page = new_page(permissions=["geolocation", "clipboard-read", "clipboard-write"], lang=f"{lang}-KR", **options)
    stand(page, at_m)
    page.add_init_script(FEEL_AND_HEAR)
    page.goto(f"{server.url}/ride?lang={lang}#/{place}")
    return page


def stand(page: Page, at_m: float) -> None:
    page.context.set_geolocation({"latitude": lat_at(at_m), "longitude": LON0, "accuracy": 10.0})


def get_on(rider: Page, bus: Bus, vehicle_id: str = "V1") -> None:
    """Choose the bus that is here."""
    rider.click("a.tab[href='#/aboard']")
    rider.click("[data-act=locate]")
    rider.click(f"[data-vehicle={vehicle_id}]")
    bus.stand_while(lambda: rider.locator(".strip-stop").count() == 0, within_s=20)


def get(server: RealServer, path: str, role: str, **more: str) -> object:
    """Ask the demo server something as somebody of a role."""
    asked = json.dumps({"role": role, "subject": "test"} | more).encode()
    request = urllib.request.Request(f"{server.url}/v1/token", asked, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        token = json.load(answer)["token"]
    request = urllib.request.Request(f"{server.url}{path}", headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
