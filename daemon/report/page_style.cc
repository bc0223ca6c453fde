#include "daemon/report/overview.h"

namespace ucaas_sync::report {

std::string_view PageStyle() {
  return R"css(:root { color-scheme: light dark; --ink: #1b1f24; --faint: #57606a; --line: #d5dae0; --paper: #ffffff;
  --panel: #f4f6f8; --good: #176639; --careful: #7a5200; --bad: #a4201d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --faint: #9aa4b0; --line: #363d46; --paper: #14171b;
  --panel: #1d2127; --good: #6fcf97; --careful: #e5b94e; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: .75rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 1.25rem 0 .35rem; }
p { margin: .2rem 0 .5rem; }
a { color: inherit; }
.faint { color: var(--faint); }
.good { color: var(--good); } .careful { color: var(--careful); } .bad { color: var(--bad); }
.standing { border-left: 6px solid var(--line); background: var(--panel); padding: .5rem 1rem .25rem; }
.standing.good { border-color: var(--good); } .standing.careful { border-color: var(--careful); }
.standing.bad { border-color: var(--bad); }
.standing p, .standing li { color: var(--ink); }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 0 2rem; }
section.standing { margin-top: .75rem; } section.standing h2 { margin-top: 0; }
li, p { overflow-wrap: anywhere; }
summary { cursor: pointer; }
:target { scroll-margin-top: 1rem; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
ul { margin: .2rem 0 .5rem; padding-left: 1.2rem; }
.scroll { overflow-x: auto; }
#quarantine .scroll { max-height: 36rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
td { min-width: 7rem; }
td.number, td.time { min-width: 0; }
th { font-weight: 600; white-space: nowrap; }
td.time { white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; background: var(--panel);
  padding: .1rem .3rem; }
@media (max-width: 40rem) { h1 { font-size: 1.3rem; } table { font-size: .9rem; } }
svg { display: block; width: 100%; height: 6rem; background: var(--panel); }
svg .done { fill: var(--good); } svg .none { fill: var(--line); } svg .held { fill: var(--careful); }
svg .failed { fill: var(--bad); }
svg .took { fill: none; stroke: var(--faint); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
)css";
}

}  // namespace ucaas_sync::report
