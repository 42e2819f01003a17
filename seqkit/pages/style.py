"""The style of a page: for a projector, a phone and paper; colours are in ``colours.py``."""

STYLE = """
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 12px; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 18px/1.55 system-ui, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR",
    "Noto Sans CJK KR", NanumGothic, sans-serif;
  word-break: keep-all; overflow-wrap: anywhere;
}
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--raised); padding: 6px 12px; z-index: 2; }
header { padding: 22px 28px 14px; border-bottom: 1px solid var(--line); }
header > div { display: flex; gap: 16px; align-items: start; justify-content: space-between; }
h1 { font-size: 30px; line-height: 1.25; margin: 0; }
header p { margin: 6px 0 0; color: var(--soft); max-width: 75ch; }
h2 { font-size: 26px; line-height: 1.3; margin: 0 0 4px; }
h3 { font-size: 21px; line-height: 1.35; margin: 0 0 2px; }
h4 { font-size: 18px; margin: 0 0 4px; }
a { color: var(--c0); }
.layout { display: grid; grid-template-columns: 250px minmax(0, 1fr); gap: 30px;
  padding: 0 28px; max-width: 1440px; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto;
  padding: 20px 0; font-size: 16px; }
nav summary { font-weight: 600; cursor: pointer; }
nav ol { list-style: none; margin: 6px 0; padding: 0; }
nav li { margin: 4px 0; }
nav li li { padding-left: 14px; font-size: 15px; }
nav a { color: inherit; text-decoration: none; }
nav a:hover { text-decoration: underline; }
main { min-width: 0; padding: 20px 0 60px; }
section { margin: 0 0 44px; }
section > p, .fold > p, .about { margin: 0 0 12px; color: var(--soft); max-width: 78ch; }
figure { margin: 22px 0 34px; }
/* a shadow where there is more to scroll to */
.box { overflow-x: auto; overflow-y: hidden; max-width: 100%; padding: 2px;
  background: linear-gradient(to right, var(--paper) 40%, transparent) left / 48px 100%,
    linear-gradient(to left, var(--paper) 40%, transparent) right / 48px 100%,
    linear-gradient(to right, var(--line), transparent) left / 16px 100%,
    linear-gradient(to left, var(--line), transparent) right / 16px 100%;
  background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
svg { display: block; max-width: none; }
svg text { font-family: inherit; font-size: 15px; fill: var(--ink); }
svg.fluid { width: 100%; height: auto; min-width: 640px; max-width: 1200px; }
:focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; }
input, button, select {
  font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--soft);
  border-radius: 6px; padding: 4px 10px;
}
button { min-width: 38px; cursor: pointer; }
button:hover { border-color: var(--ink); }
select { max-width: 100%; }
.readout { margin: 6px 0; color: var(--soft); font-size: 16px; min-height: 1.6em;
  font-variant-numeric: tabular-nums; }
.readout.on { color: var(--ink); }
.readout:not(.on) { font-size: 14.5px; opacity: 0; }
.readout.told, figure:hover .readout, figure:focus-within .readout { opacity: 1; }
.note { color: var(--soft); font-size: 15px; margin: 6px 0; }
details { margin: 6px 0; }
details > summary { cursor: pointer; color: var(--soft); font-size: 16px; width: fit-content; }
details.fold > summary { width: auto; border-bottom: 1px solid var(--line); padding: 4px 0; }
.fold > summary h2 { display: inline; font-size: 22px; color: var(--ink); }
.fold > summary span { margin-left: 10px; }
.fold > p { margin-top: 10px; }
table { border-collapse: collapse; font-size: 16px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); }
th, td { padding: 3px 14px 3px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { white-space: nowrap; }
td { min-width: 3em; max-width: 60ch; overflow-wrap: break-word; }
td.n { text-align: right; white-space: nowrap; }
td.t { white-space: nowrap; }
details .box { max-height: 60vh; overflow-y: auto; }

.grid { stroke: var(--line); stroke-width: 1px; }
.axis { stroke: var(--soft); stroke-width: 1.4px; fill: none; }
.level { stroke: var(--ink); stroke-width: 1.6px; stroke-dasharray: 7 5; }
text.tick { fill: var(--soft); font-size: 15px; }
text.name { font-size: 16px; }
.curve { stroke: var(--colour); stroke-width: 2.6px; fill: none; stroke-linejoin: round; }
.line circle { fill: var(--colour); stroke: var(--paper); stroke-width: 1px; }
text.end { fill: var(--colour); font-weight: 600; }
.leader { stroke: var(--soft); stroke-width: 1px; fill: none; opacity: .6; }
path.cursor { stroke: var(--ink); stroke-width: 1.5px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 4px 0;
  padding: 0; font-size: 16px; }
.legend svg { display: inline-block; vertical-align: middle; }

.heat { display: flex; width: fit-content; }
.heat svg { flex: none; }
.heat .side { position: sticky; left: 0; background: var(--paper); z-index: 1; }
.heat .side text { text-anchor: end; }
.cells path { fill: var(--shade); shape-rendering: crispEdges; }
path.missing { --shade: var(--line); opacity: .5; }
.counts text { fill: var(--on); text-anchor: middle; font-size: 13.5px; pointer-events: none; }
rect.cursor { fill: none; stroke: var(--ink); stroke-width: 2.5px; pointer-events: none; }
.heat a rect { fill: transparent; stroke: var(--ink); stroke-width: 1px; opacity: .55;
  cursor: pointer; }
.heat a:hover rect, .heat a:focus rect { stroke-width: 3px; opacity: 1; }
.heat a:focus { outline: none; }
.scale { display: flex; gap: 10px; align-items: center; margin: 8px 0; font-size: 15px; }
.scale b { font-weight: 500; font-variant-numeric: tabular-nums; }
.steps { position: relative; display: flex; width: 250px; height: 16px; }
.steps span { flex: 1; background: var(--shade); }
.steps i { position: absolute; left: 0; right: 0; text-align: center; font-style: normal;
  line-height: 16px; font-size: 13px; }
.axes { margin: 0 0 4px; color: var(--soft); font-size: 16px; }
.examples > div { display: none; border-left: 4px solid var(--c0); padding: 4px 0 4px 16px;
  margin: 10px 0; }
.examples > div:target { display: block; }
.examples ol { margin: 6px 0; padding-left: 1.6em; }
.examples li { margin: 5px 0; unicode-bidi: isolate; max-height: 6.3em; overflow: auto; }
.close { font-size: 15px; font-weight: 400; margin-left: 8px; }

.bars rect { fill: var(--shade); }
text.value { font-size: 15px; }
.text { white-space: pre-wrap; font-size: 20px; line-height: 2; max-width: 70ch;
  margin: 8px 0 12px; }
.token { background: var(--shade); color: var(--on); border-radius: 4px; padding: 2px 4px;
  unicode-bidi: isolate; text-underline-offset: 4px; cursor: default; }
.token:hover { outline: 2px solid var(--ink); }
.joined .token { padding: 2px 0; border-radius: 0; }
.token.some { text-decoration: underline 1px; }
.token.strong { text-decoration: underline 3px; }
.token.some.below { text-decoration: underline dotted 2px; }
.token.strong.below { text-decoration: underline double 2px; }
.token.missing { --shade: transparent; --on: var(--ink); }

.edge { fill: none; stroke: var(--c0); stroke-width: 2.6px; }
.edge.dropped { stroke: var(--soft); stroke-width: 1.3px; stroke-dasharray: 5 4; }
.node rect { fill: var(--raised); stroke: var(--c0); stroke-width: 2px; }
.node.dropped rect { stroke: var(--soft); stroke-width: 1px; stroke-dasharray: 5 4; }
.node text { text-anchor: middle; font-weight: 600; }
.node.dropped text { fill: var(--soft); font-weight: 400; }
.node text.score { font-size: 12.5px; font-weight: 400; fill: var(--soft); }

svg.network { max-width: 100%; height: auto; }
.network text { text-anchor: middle; }
.network .cell { fill: var(--raised); stroke: var(--colour); stroke-width: 2.4px; }
.network .layers text { text-anchor: start; font-size: 14.5px; fill: var(--soft); }
.network .layers .layer { fill: var(--colour); font-weight: 700; }
.network .kind { font-weight: 400; fill: var(--ink); }
.network .answer { font-weight: 700; }
.network .gap { font-size: 22px; fill: var(--soft); }
path.arrow { stroke: var(--soft); stroke-width: 1.6px; fill: none; }
path.head.arrow { fill: var(--soft); }
path.handed { stroke: var(--c1); stroke-width: 2.6px; fill: none; }
path.head.handed { fill: var(--c1); }

.parallel path.trial { stroke: var(--shade); stroke-width: 2px; fill: none; opacity: .9; }
.parallel path.best { stroke: var(--c1); stroke-width: 4.5px; fill: none; }
.parallel path.on { stroke: var(--ink); stroke-width: 4px; opacity: 1; }
.parallel .lines path { cursor: pointer; }
.parallel .tick, .parallel .name { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }

.tools { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0; }
.found { color: var(--soft); min-width: 4em; }
.plane { position: relative; height: min(640px, 80vh, 120vw); border: 1px solid var(--line);
  border-radius: 8px; overflow: hidden; }
.plane svg.map { touch-action: pan-y; }
.plane .panel { font-size: 15px; }
.groups { margin: 8px 0; }

@media (max-width: 1050px) {
  .layout { grid-template-columns: minmax(0, 1fr); gap: 0; }
  nav { position: static; max-height: none; padding: 12px 0 0; }
}
@media (max-width: 640px) {
  body { font-size: 17px; }
  header { padding: 14px 14px 10px; }
  .layout { padding: 0 14px; }
  h1 { font-size: 24px; }
  h2 { font-size: 22px; }
  h3 { font-size: 19px; }
  .heat .long { position: static; }
  .steps { width: 150px; }
  .text { font-size: 19px; }
}
@media print {
  nav, .skip, button, .tools, .readout, .close { display: none !important; }
  .layout { display: block; padding: 0; }
  figure { break-inside: avoid; }
  svg.fluid { min-width: 0; }
  .box { overflow: visible; }
  body { font-size: 12pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
""".strip()
