"""Where the browser journeys take place on the street, and the bus that takes part in them."""

from tests.e2e.conftest import NewPage
from tests.e2e.real_server import ROUTE_ID, SIGN_ON, SPACING_M, Bus, RealServer

STOP = 2
AT_STOP_M = STOP * SPACING_M
JUST_PAST_THE_STOP_BEFORE_M = AT_STOP_M - SPACING_M + 60
RING = f"[data-act=ring][data-route={ROUTE_ID}]"
COUNT_CHIMES = """
document.addEventListener("ridebell:chime", (event) => {
  const heard = JSON.parse(localStorage.getItem("test.chimes") ?? "[]");
  localStorage.setItem("test.chimes", JSON.stringify([...heard, event.detail]));
});
"""


def bus_of(new_page: NewPage, server: RealServer, vehicle_id: str, *, at_m: float, token: str | None = None) -> Bus:
    """A driver's screen in a standing bus, signed on. `token`: of its terminal, where the server is no demo."""
    page = new_page(width=1280, height=800, permissions=["geolocation"])
    page.add_init_script(COUNT_CHIMES)
    bus = Bus(page, at_m=at_m)
    page.goto(f"{server.url}/drive?vehicle_id={vehicle_id}&lang=ko&theme=day")
    if token is not None:
        page.fill("#token", token)
        page.keyboard.press("Enter")
    bus.stand(until=SIGN_ON)
    bus.sign_on()
    bus.stand(until=".next")
    return bus
