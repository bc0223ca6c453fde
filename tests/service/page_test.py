#!/usr/bin/env python3
"""The status page in a real browser, at its worst: a plan that is held, ten thousand people set aside, removals to come,
and names that try to be markup. Each function below is a promise.

Usage: page_test.py PROGRAM FOLDER-FOR-SCREENSHOTS"""
import html
import pathlib
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from service.serving import Service, fetch, wait_for  # noqa: E402
from support.devtools import Browser  # noqa: E402

CONFIG = """
state_dir: state
target: { sandbox: account.db }
sources:
  hr: { csv: people.csv, key: employee_id, max_age: 2d }
  contractors: { csv: contractors.csv, key: employee_id, required: false }
users:
  - from: hr
    left: "(status=terminated)"
    delete_after: 30d
    fields: { first_name: "{first_name}", last_name: "{last_name}", email: "{email|lower}", user_type: moderator, status: A }
    create_only: [user_type]
  - from: contractors
    fields: { first_name: "{first_name}", last_name: "{last_name}", email: "{email|lower}", user_type: moderator, status: A }
schedule: { every: 1h }
listen: 127.0.0.1:PORT
"""
HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
HEADING = "employee_id,first_name,last_name,email,status\n"
SET_ASIDE = 10_000
WELL = 400


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def company(leavers=(), absent=()):
    rows = [f"E{i},<b>Ada{i}</b>,\"O'Neil & Sons\",p{i}@example.com,{'terminated' if i in leavers else 'active'}\n"
            for i in range(WELL) if i not in absent]
    rows += [f"{quoted(f'X{i}{HOSTILE}' if i < 3 else f'X{i}')},Nomail,Person{i},,active\n" for i in range(SET_ASIDE)]
    return HEADING + "".join(rows)


def make_history(service):
    """Something of everything: joiners, leavers, absences, a failed source, quarantine, and a held plan."""
    wait_for("the first run", lambda: fetch(service.base + "/readyz") == "partial\n")
    service.write("people.csv", company(leavers={1, 2, 3}))
    service.run_now("three leavers")
    for number in range(12):
        service.write("contractors.csv", HEADING + "".join(
            f"C{i},Con,Tractor{i},c{i}@example.com,active\n" for i in range(1 + number * (number % 3))))
        service.run_now("contractors")
    service.write("people.csv", company(leavers={1, 2, 3})[:-7])
    before = service.runs()
    wait_for("half a file", lambda: service.runs() > before)
    service.write("people.csv", company(leavers={1, 2, 3}, absent=range(10, 18)))
    service.run_now("absences")
    service.write("people.csv", company(leavers={1, 2, 3} | set(range(100, 160)), absent=range(10, 18)))
    service.run_now("a mass leaving")
    wait_for("it is held", lambda: "ucaas_sync_held 1" in fetch(service.base + "/metrics"))


def the_browser_has_no_complaint_and_loads_nothing_from_elsewhere(browser, base):
    browser.open(base + "/")
    assert not browser.complaints, browser.complaints
    assert browser.asked, "requests are not seen"
    foreign = [url for url in browser.asked if not url.startswith(base + "/")]
    assert not foreign, foreign


def the_policy_forbids_everything_that_the_page_does_not_need(browser, base):
    browser.open(base + "/")
    browser.complaints.clear()
    ran = browser.ask("""(() => { const s = document.createElement('script'); s.textContent = 'window.ran = true';
        document.body.append(s); return window.ran === true; })()""")
    assert ran is False, "a script ran"
    browser.ask("document.body.insertAdjacentHTML('beforeend', '<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\">')")
    browser.ask("document.body.insertAdjacentHTML('beforeend', '<p style=\"position:fixed\" id=styled>x</p>')")
    assert browser.ask("getComputedStyle(document.getElementById('styled')).position") == "static", "a style was taken"
    browser.ask("1")
    assert any("Content Security Policy" in text for text in browser.complaints), browser.complaints
    browser.complaints.clear()


FIRST_SCREEN = {
    "is it up to date": "document.querySelector('h1')",
    "since when": "document.querySelector('#standing time')",
    "what a guard holds": "document.querySelector('#held li')",
    "the command that approves": "[...document.querySelectorAll('#held code')].find(e => e.textContent.includes('approve'))",
    "what changed last": "document.querySelector('#changed a')",
    "the first source's age": "document.querySelectorAll('#sources li')[0]",
    "the second source's age": "document.querySelectorAll('#sources li')[1]",
    "is the target well": "document.querySelector('#target p')",
    "coming removals with their dates": "document.querySelector('#due time')",
    "whom they are about": "document.querySelector('#due li')",
    "how many are set aside": "document.querySelector('#quarantine h2')",
    "who, and why": "document.querySelector('#quarantine tbody tr')",
}


def the_first_screen_answers_what_an_administrator_asks(browser, base):
    browser.size(1280, 800)
    browser.open(base + "/")
    assert browser.ask("scrollY") == 0
    for question, where in FIRST_SCREEN.items():
        box = browser.ask(f"(() => {{ const e = {where}; if (!e) return null; const b = e.getBoundingClientRect();"
                          " return [b.top, b.bottom, b.width]; })()")
        assert box, f"{question}: not on the page"
        assert box[0] >= 0 and box[1] <= 800 and box[2] > 0, f"{question}: at {box}"
    text = browser.ask("document.body.innerText")
    assert re.search(r"ucaas-sync approve \d{8}T\d{6}-", text), text[:2000]
    assert "e-mail" in browser.ask("document.querySelector('#quarantine tbody tr').innerText")


def it_fits_a_phone(browser, base, path):
    for width in (320, 390):
        browser.size(width, 800, mobile=True)
        browser.open(base + path)
        wide = browser.ask("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} wide on {width}"


def the_runs_are_not_far_below_many_who_are_set_aside(browser, base):
    for width, height in ((1280, 800), (390, 844)):
        browser.size(width, height, mobile=width < 500)
        browser.open(base + "/")
        assert browser.ask("document.querySelectorAll('#quarantine tbody tr').length") >= 50
        top = browser.ask("document.querySelector('#runs').getBoundingClientRect().top")
        assert top < 3 * height, f"on a screen of {height} the runs begin at {top}"


def text_can_be_read_in_light_and_dark(browser, base, path):
    """WCAG 2.1, contrast of text at least 4.5 to 1 against what is behind it."""
    script = pathlib.Path(__file__).with_name("contrast.js").read_text()
    browser.size(1280, 800)
    for scheme in ("light", "dark"):
        browser.colours(scheme)
        browser.open(base + path)
        found = browser.ask(script)
        assert found["checked"] > 20, found
        assert not found["weak"], (scheme, found["weak"])
        dark = found["paper"] < 0.2
        assert dark == (scheme == "dark"), (scheme, found)
    browser.colours("light")


def a_screen_reader_finds_its_way(browser, base, path):
    browser.open(base + path)
    assert browser.ask("document.documentElement.lang") == "en"
    assert browser.ask("document.title").startswith("ucaas-sync")
    assert browser.ask("document.querySelectorAll('main').length") == 1
    levels = browser.ask("[...document.querySelectorAll('h1,h2,h3,h4')].map(e => Number(e.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1, levels
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels
    assert browser.ask("""[...document.querySelectorAll('table')].every(t => t.querySelectorAll('thead th[scope=col]').length
        && (t.caption || t.getAttribute('aria-labelledby') || t.getAttribute('aria-label')))"""), "a table without headers or name"
    assert browser.ask("[...document.querySelectorAll('section,nav')].every(e => "
                       "(document.getElementById(e.getAttribute('aria-labelledby')) || e.getAttribute('aria-label')))")
    assert browser.ask("[...document.querySelectorAll('svg')].every(e => e.getAttribute('role') && e.getAttribute('aria-label'))")
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    nameless = [node["role"]["value"] for node in tree
                if not node.get("ignored") and node["role"]["value"] in ("link", "heading", "table", "navigation", "region", "img")
                and not node.get("name", {}).get("value")]
    assert not nameless, nameless
    # What scrolls by itself must be reachable without a mouse.
    assert browser.ask("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0 && e.getAttribute('aria-label'))")


def ten_thousand_set_aside_come_in_pages(browser, base):
    browser.size(1280, 800)
    browser.open(base + "/")
    assert f"{SET_ASIDE:,}" in browser.ask("document.querySelector('#quarantine h2').innerText")
    seen = set()
    for _ in range(3):
        rows = browser.ask("[...document.querySelectorAll('#quarantine tbody tr td:first-child')].map(e => e.innerText)")
        assert 10 <= len(rows) <= 100 and not seen & set(rows), (len(rows), rows[:3])
        seen |= set(rows)
        browser.open(browser.ask("[...document.querySelectorAll('#quarantine nav a')].find(e => e.innerText == 'next').href"))
        assert browser.ask("document.querySelector('#quarantine').getBoundingClientRect().top") < 800, "it jumps to its table"
    last = browser.ask("[...document.querySelectorAll('#quarantine nav a')].find(e => e.innerText == 'last').href")
    browser.open(last)
    assert browser.ask("document.querySelectorAll('#quarantine tbody tr').length") > 0
    assert len(fetch(base + "/")) < 200_000


def what_comes_from_a_source_is_shown_and_never_obeyed(browser, base, run):
    browser.complaints.clear()
    for path in ("/", run):
        browser.open(base + path)
        assert browser.ask("document.querySelectorAll('script, img, b').length") == 0
    browser.open(base + "/")
    assert HOSTILE in browser.ask("document.querySelector('#quarantine').innerText")
    assert html.escape(HOSTILE).replace("&#x27;", "&#39;") in fetch(base + "/")
    assert not browser.complaints, browser.complaints


def every_link_leads_somewhere(browser, base):
    browser.open(base + "/")
    links = set(browser.ask("[...document.querySelectorAll('a')].map(e => new URL(e.getAttribute('href'), document.baseURI).href)"))
    links = {link if link.startswith("http") else base + link for link in links}
    assert len(links) > 10, links
    for link in sorted(links):
        assert "<h1>" in fetch(link), link


def keep_screenshots(browser, base, run, shots):
    for name, path, width, height, scheme in [
            ("desk", "/", 1280, 800, "light"), ("dark", "/", 1280, 800, "dark"), ("phone", "/", 390, 844, "light"),
            ("run", run, 1280, 800, "light"), ("run-phone", run, 390, 844, "dark")]:
        browser.size(width, height, mobile=width < 500)
        browser.colours(scheme)
        browser.open(base + path)
        browser.screenshot(shots / f"{name}.png")
        if path == "/":
            whole = browser.ask("document.documentElement.scrollHeight")
            browser.size(width, min(whole, 4000), mobile=width < 500)
            browser.screenshot(shots / f"{name}-whole.png")
    browser.colours("light")


def main():
    program, shots = sys.argv[1], pathlib.Path(sys.argv[2])
    shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # the browser tidies up late
        service = Service(program, folder, CONFIG)
        service.write("people.csv", company())
        service.write("contractors.csv", HEADING + "C0,Con,Tractor,c0@example.com,active\n")
        with service, Browser(folder) as browser:
            make_history(service)
            base = service.base
            run = re.search(r'id="changed".*?href="(/runs/[^"]+)"', fetch(base + "/"), re.S).group(1)
            keep_screenshots(browser, base, run, shots)
            the_browser_has_no_complaint_and_loads_nothing_from_elsewhere(browser, base)
            the_first_screen_answers_what_an_administrator_asks(browser, base)
            what_comes_from_a_source_is_shown_and_never_obeyed(browser, base, run)
            for path in ("/", run):
                it_fits_a_phone(browser, base, path)
                text_can_be_read_in_light_and_dark(browser, base, path)
                a_screen_reader_finds_its_way(browser, base, path)
            ten_thousand_set_aside_come_in_pages(browser, base)
            the_runs_are_not_far_below_many_who_are_set_aside(browser, base)
            every_link_leads_somewhere(browser, base)
            the_policy_forbids_everything_that_the_page_does_not_need(browser, base)
    print(f"the page holds its promises; screenshots in {shots}")


main()
