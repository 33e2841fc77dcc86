"""What a first visit to a page costs: bytes, requests, first paint, interactive, long tasks, shifts. Drives Chromium by CDP."""

from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

QUIET_MS = 2_500
"""A page that has had no long task for this long after its first control is done with loading."""
WATCH = """
(() => {
  const seen = window.pageFigures = {tasks: [], shift: 0, control: null};
  new PerformanceObserver(list => list.getEntries().forEach(e => seen.tasks.push([e.startTime, e.duration])))
    .observe({type: "longtask", buffered: true});
  new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) seen.shift += e.value; }))
    .observe({type: "layout-shift", buffered: true});
  const look = () => {
    if (seen.control !== null || document.querySelector(%r) === null) return;
    seen.control = performance.now();
    watch.disconnect();
  };
  const watch = new MutationObserver(look);
  watch.observe(document, {childList: true, subtree: true, attributes: true});
})();
"""
READ = """() => ({
  ...window.pageFigures,
  paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
})"""


@dataclass(frozen=True, slots=True)
class Visit:
    """How a page is looked at: `cpu` times slower; the link in bits a second and milliseconds there and back, or as it is."""

    cpu: float = 1.0
    bps: float | None = None
    round_trip_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFigures:
    """One first visit with an empty cache. `interactive_ms`: the first control stands there and no long task runs."""

    bytes_over_wire: int
    requests: int
    first_paint_ms: float
    interactive_ms: float
    long_tasks: int
    blocked_ms: float
    shift: float


def visit(browser: Browser, url: str, control: str, how: Visit, *, width: int = 390, height: int = 844) -> PageFigures:
    """Open a page for the first time; `control` selects what shows that it can be used."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="ko-KR", service_workers="block")
    try:
        return _measured(context, url, control, how)
    finally:
        context.close()


def _measured(context: BrowserContext, url: str, control: str, how: Visit) -> PageFigures:
    page = context.new_page()
    page.add_init_script(WATCH % control)
    session = context.new_cdp_session(page)
    sizes = _count_bytes(session)
    if how.bps is not None:
        limits = {"offline": False, "latency": how.round_trip_ms}
        limits |= {"downloadThroughput": how.bps / 8, "uploadThroughput": how.bps / 8}
        session.send("Network.emulateNetworkConditions", limits)
    session.send("Emulation.setCPUThrottlingRate", {"rate": how.cpu})
    page.goto(url)
    page.wait_for_selector(control)
    page.wait_for_timeout(QUIET_MS)
    return _figures(page, sizes)


def _count_bytes(session: CDPSession) -> list[int]:
    """Bytes of each answer as they came over the wire, heads included; sockets are not counted."""
    sizes: list[int] = []
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": False})
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    return sizes


def _figures(page: Page, sizes: list[int]) -> PageFigures:
    seen = page.evaluate(READ)
    ends = [start + lasted for start, lasted in seen["tasks"]]
    return PageFigures(
        bytes_over_wire=sum(sizes),
        requests=len(sizes),
        first_paint_ms=seen["paint"],
        interactive_ms=max([seen["control"], seen["paint"], *ends]),
        long_tasks=len(ends),
        blocked_ms=sum(lasted - 50.0 for _, lasted in seen["tasks"]),
        shift=seen["shift"],
    )
