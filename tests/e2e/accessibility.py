"""What a page must never do: break an accessibility rule, clip or overlap its texts, offer small targets."""

from typing import Any

from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page, axe_source: str) -> list[str]:
    """What axe-core finds. Injected past the page's own security policy, as a browser's developer tools do."""
    page.evaluate(axe_source + "\n0")
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(result => result.violations)", RULES
    )
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:300]}" for one in found for node in one["nodes"]
    ]


def clipped(page: Page) -> list[str]:
    """Texts that stick out of the window or of their own box."""
    texts: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("h1,h2,p,b,span,button,li,label")]
        .filter(e => !e.closest(".spoken") && e.children.length === 0 && e.textContent.trim() !== "")
        .filter(e => { const r = e.getBoundingClientRect();
          return r.width > 0 && (r.left < -1 || r.right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
            && getComputedStyle(e).textOverflow !== "ellipsis"); })
        .map(e => e.textContent)"""
    )
    return texts


def overlapping(page: Page) -> list[str]:
    """Parts of one line of the board that cover each other."""
    pairs: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".row")].flatMap(row => {
          const parts = [...row.querySelectorAll(".route, .eta, .here, .away, .chips, .ring-face, .why-not, .problem")]
            .map(e => { const range = document.createRange(); range.selectNodeContents(e);
              return [e, e.matches(".ring-face") ? e.getBoundingClientRect() : range.getBoundingClientRect()]; })
            .filter(([, r]) => r.width > 0);
          return parts.flatMap(([a, p], i) => parts.slice(i + 1)
            .filter(([, q]) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 8 && q.top < p.bottom - 8)
            .map(([b]) => `${a.textContent} / ${b.textContent}`)); })"""
    )
    return pairs


def small_targets(page: Page, least: int) -> list[str]:
    boxes: list[str] = page.evaluate(
        """least => [...document.querySelectorAll("button,summary,input,select")]
        .map(e => [e, e.getBoundingClientRect()]).filter(([e, r]) => r.width > 0 && (r.width < least || r.height < least))
        .map(([e, r]) => `${e.textContent} ${r.width}x${r.height}`)""",
        least,
    )
    return boxes
