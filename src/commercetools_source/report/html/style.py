"""The style of the page, for light and dark, and from narrow to wide."""

# In the page itself, which has nothing to load: it is sent by mail and opened years later. Colours are variables, so
# that light and dark differ in one place.
STYLE = """\
:root{color-scheme:light dark;--ink:#16202c;--soft:#526071;--line:#dfe4ea;--card:#f6f8fa;--page:#fff;--good:#12722f;
--bad:#b3261e;--warn:#8a5a00;--c0:#1a63d8;--c1:#1c7a45;--c2:#a05a00;--c3:#8a3fa8;--c4:#0b7285;--c5:#b02a5b}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9dabba;--line:#2d3743;--card:#19212b;--page:#0f151c;
--good:#5fd07f;--bad:#ff8a80;--warn:#f0b95a;--c0:#7ab2ff;--c1:#62cf8f;--c2:#f0aa58;--c3:#d59bef;--c4:#5fcbdc;
--c5:#ff8fb8}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:14px/1.5 system-ui,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:22px;margin:0 0 12px;overflow-wrap:anywhere}h1 small{font-size:13px;color:var(--soft);font-weight:600}
h2{font-size:16px;margin:32px 0 8px}
p{margin:6px 0}.soft{color:var(--soft)}
.verdict{border-left:5px solid var(--good);background:var(--card);padding:12px 16px;overflow-wrap:anywhere}
.verdict strong{color:var(--good)}
.verdict.bad{border-color:var(--bad)}.verdict.bad strong{color:var(--bad)}
.verdict.warn{border-color:var(--warn)}.verdict.warn strong{color:var(--warn)}
.verdict ul{margin:6px 0;padding-left:20px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;margin:14px 0;padding:0}
.figures div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px}
.figures dt{font-size:13px}.figures dd{margin:0;font-size:21px;font-weight:700;overflow-wrap:anywhere}
.figures div{display:flex;flex-direction:column-reverse;justify-content:flex-end}
.wide{overflow-x:auto;max-width:100%}.newest{direction:rtl}.newest svg{direction:ltr}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;padding:4px 8px;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:middle}
th{color:var(--soft);font-weight:600}.number{text-align:right;font-variant-numeric:tabular-nums}
td.text{white-space:normal;min-width:220px;overflow-wrap:anywhere}tr.same td{color:var(--soft)}
.bad-text{color:var(--bad);font-weight:600}.warn-text{color:var(--warn)}
body:has(#only:checked) tr.same{display:none}
label{color:var(--soft);font-size:14px;font-weight:400}
.plot{width:100%;min-width:860px;height:auto;font:12px ui-monospace,"DejaVu Sans Mono",monospace}
.plot text{fill:var(--soft)}.plot .grid{stroke:var(--line)}.plot g{fill:none;stroke-width:2;stroke-linejoin:round}
.plot .dots{stroke-width:6;stroke-linecap:round}.plot .dashed{stroke-dasharray:4 4}.plot text.name{font-weight:700}
.spark{display:block}.bar{fill:var(--c0)}.bar.open{fill:none;stroke:var(--c0)}.bar.failed{fill:var(--bad)}
.history{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(280px,100%),1fr));gap:16px 24px}
.history h3{font-size:14px;margin:0}.history .soft{font-size:13px}.history .plot{min-width:0;display:block}
g.c0{stroke:var(--c0)}g.c1{stroke:var(--c1)}g.c2{stroke:var(--c2)}g.c3{stroke:var(--c3)}g.c4{stroke:var(--c4)}
g.c5{stroke:var(--c5)}
.plot text.c0{fill:var(--c0)}.plot text.c1{fill:var(--c1)}.plot text.c2{fill:var(--c2)}.plot text.c3{fill:var(--c3)}
.plot text.c4{fill:var(--c4)}.plot text.c5{fill:var(--c5)}
details{margin:8px 0}summary{cursor:pointer;font-weight:600}
.model{border:1px solid var(--line);border-radius:8px}.model svg{display:block}
footer{margin-top:40px;color:var(--soft);font-size:13px;overflow-wrap:anywhere}
code{font:12px ui-monospace,"DejaVu Sans Mono",monospace}
@media print{.wide{overflow:visible}}
"""
