// SPDX-License-Identifier: Apache-2.0
#include "reports/html_style.h"

namespace onceproof::reports {

namespace {

// e0..e7: the colours of checkpoints in turn, distinguishable in hue and in lightness, for each scheme.
constexpr std::string_view kCss = R"css(
:root{color-scheme:light dark;--paper:#fdfdfb;--raised:#fff;--ink:#1d2126;--soft:#59626d;--faint:#8a929c;
--rule:#dfe2e4;
--wash:#f3f4f2;--good:#176b3a;--good-wash:#e7f3ea;--bad:#b3261e;--bad-wash:#fbeae8;--unsure:#8a5a00;
--unsure-wash:#fbf2df;
--link:#22579d;--c0:#0b5cad;--c1:#b8560b;--c2:#1e7d46;--c3:#8b3fa8;--c4:#a1781a;--c5:#0f7f8c;--c6:#b0356f;
--c7:#4b5aa8}
@media (prefers-color-scheme:dark){:root{--paper:#15181b;--raised:#1b1f23;--ink:#e4e7ea;--soft:#a9b1ba;
--faint:#7d8792;
--rule:#31373d;--wash:#20252a;--good:#7fd09a;--good-wash:#1b3224;--bad:#ff9a8f;--bad-wash:#3b2220;--unsure:#f0c36a;
--unsure-wash:#372c17;--link:#8db8f2;--c0:#6fb1f7;--c1:#f5a35c;--c2:#76cf97;--c3:#d59bea;--c4:#e6c65c;--c5:#63cdd8;
--c6:#f792bf;--c7:#a6b2f7}}
*{box-sizing:border-box}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
background:var(--paper);color:var(--ink);
-webkit-text-size-adjust:100%}
body{margin:0}
.page{max-width:1200px;margin:0 auto;padding:3rem 2.5rem 5rem}
h1,h2,h3,h4{line-height:1.25;font-weight:600;margin:0;text-wrap:balance}
h1{font-size:2.1rem;letter-spacing:-.015em}
h2{font-size:1.45rem;letter-spacing:-.01em}
h3{font-size:1.08rem;margin:2.6rem 0 .7rem}
h4{font-size:.95rem;margin:1.8rem 0 .3rem}
p{margin:.5rem 0;max-width:72ch}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:var(--raised);padding:.5rem 1rem}
.kicker{color:var(--soft);font-size:.85rem;margin:0 0 .35rem}
.lead{font-size:1.08rem;color:var(--soft);margin-top:.7rem}
.quiet,figcaption,caption{color:var(--soft)}
code,pre,.word,.hash{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.88em}
.word{background:var(--wash);border-radius:3px;padding:.05em .35em;overflow-wrap:anywhere}
.hash{overflow-wrap:anywhere}
pre{background:var(--wash);border:1px solid var(--rule);border-radius:6px;padding:.9rem 1.1rem;overflow-x:auto;
margin:.6rem 0}
nav ul{list-style:none;margin:1.6rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;font-size:.92rem}
section.part{margin-top:3.2rem}
section.run{margin-top:4.5rem;padding-top:2rem;border-top:1px solid var(--rule)}
.run-head{display:flex;flex-wrap:wrap;align-items:baseline;gap:.4rem 1rem}
.badge{display:inline-block;font-size:.85rem;font-weight:600;border-radius:4px;padding:.12rem .6rem;
white-space:nowrap}
.badge.valid{color:var(--good);background:var(--good-wash)}
.badge.violated{color:var(--bad);background:var(--bad-wash)}
.badge.inconclusive{color:var(--unsure);background:var(--unsure-wash)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(290px,1fr));gap:1.2rem;margin:1.6rem 0}
.card{background:var(--raised);border:1px solid var(--rule);border-top:3px solid var(--faint);border-radius:6px;
padding:1.2rem 1.35rem 1.3rem;
display:flex;flex-direction:column}
.card.valid{border-top-color:var(--good)}.card.violated{border-top-color:var(--bad)}
.card.inconclusive{border-top-color:var(--unsure)}
.card h3{margin:0;font-size:1.15rem;display:flex;justify-content:space-between;align-items:baseline;gap:.8rem}
.card .observed{margin:.35rem 0 1rem;color:var(--soft);font-size:.95rem}
.card .observed b{color:var(--ink);font-weight:600;white-space:nowrap}
.counts{display:grid;grid-template-columns:1fr 1fr;gap:.8rem 1.2rem;margin:0 0 1rem}
.counts div{display:flex;flex-direction:column-reverse}
.counts dt{font-size:.82rem;color:var(--soft)}
.counts dd{margin:0;font-size:1.4rem;line-height:1.2;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.counts .zero dd{color:var(--soft)}.counts .wrong dd{color:var(--bad);font-weight:600}
.counts .allowed dd{color:var(--unsure);font-weight:600}
.card p{font-size:.93rem;margin:0 0 .8rem}
.card a{margin-top:auto;font-size:.9rem}
.control{border-left:3px solid var(--faint);padding:.15rem 0 .15rem 1.1rem;margin:1.6rem 0;max-width:80ch}
.control h3{margin:0 0 .2rem;font-size:.95rem}.control p{margin:0}
.scroll{overflow-x:auto;margin:.4rem 0}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;min-width:50%}
caption{text-align:left;padding:0 0 .5rem;font-size:.88rem;max-width:72ch}
th,td{text-align:left;vertical-align:top;padding:.38rem 1.2rem .38rem 0;border-bottom:1px solid var(--rule)}
thead th{font-weight:600;font-size:.82rem;color:var(--soft);border-bottom-color:var(--faint);white-space:nowrap}
tbody th{font-weight:500}.faults tbody th{white-space:nowrap}td .icon,th .icon{vertical-align:-.15em;
margin-right:.25rem}
.num{text-align:right;white-space:nowrap}
.nowrap{white-space:nowrap}
td ul{margin:0;padding:0;list-style:none}.ledger tbody th{min-width:9rem}
.yes{color:var(--ink)}.no{color:var(--soft)}.trouble{color:var(--bad);font-weight:500}
figure{margin:.8rem 0 0}
figcaption{font-size:.9rem;margin:0 0 .5rem;max-width:80ch}
.figure{overflow-x:auto;background:var(--raised);border:1px solid var(--rule);border-radius:6px;
padding:.7rem .9rem .5rem}
details{margin:.5rem 0}
summary{cursor:pointer;color:var(--link);font-size:.9rem;width:fit-content}
.bug{color:var(--bad);background:var(--bad-wash);border-radius:4px;padding:.3rem .7rem;width:fit-content}
.kept{color:var(--soft)}
.story{border-left:3px solid var(--rule);padding:0 0 .2rem 1.1rem;margin:1.2rem 0}.story h4{margin-top:.2rem}
.tag{font-size:.78rem;font-weight:600;color:var(--soft);background:var(--wash);border-radius:3px;padding:.1rem .45rem;
white-space:nowrap}
.tag.bad{color:var(--bad);background:var(--bad-wash)}
.steps{list-style:none;counter-reset:step;padding:0;margin:.4rem 0;font-size:.9rem;max-width:90ch}
.steps li{counter-increment:step;display:grid;grid-template-columns:1.6rem 6rem 1fr;gap:.4rem;margin:.15rem 0}
.steps li::before{content:counter(step);font-weight:600;text-align:right}
.steps .when{color:var(--soft);text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.findings{padding-left:1.2rem;max-width:82ch}.findings li{margin:.45rem 0}
.kind{font-weight:600}
.legend{columns:3 260px;column-gap:2rem;list-style:none;padding:0;margin:.6rem 0;font-size:.86rem;color:var(--soft)}
.legend li{break-inside:avoid;display:flex;gap:.5rem;align-items:flex-start;margin:.15rem 0}
.legend svg{flex:none;margin-top:.2rem}
.filter{font:inherit;font-size:.9rem;padding:.25rem .6rem;border:1px solid var(--faint);border-radius:4px;
background:var(--raised);color:var(--ink);
margin:0 0 .6rem .5rem}
footer{margin-top:5rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--soft);font-size:.85rem}
.definitions{position:absolute}
figure svg{display:block;font:11px system-ui,"Noto Sans","DejaVu Sans",sans-serif;max-width:none}
svg text{fill:var(--soft);font-variant-numeric:tabular-nums}
svg .lane-name{font-size:12.5px;fill:var(--ink)}svg .task-name{font-size:10.5px}
svg .axis{font-size:10.5px;fill:var(--soft)}svg .label{font-size:10.5px;fill:var(--ink);paint-order:stroke;
stroke:var(--raised);stroke-width:2.5px;stroke-linejoin:round}
svg .label.bad{fill:var(--bad)}svg .letter{font-size:12px;font-weight:600;fill:var(--ink)}
svg path{fill:none}svg .grid{stroke:var(--rule);stroke-width:1}
svg .lane{stroke:var(--faint);stroke-width:1.2}svg .lane.thin{stroke-width:.6;opacity:.75}
svg .group{fill:var(--wash);opacity:.55}
svg .window{fill:var(--wash)}svg .bracket{fill:var(--soft)}svg .gap{fill:var(--rule)}
svg .chip{fill:var(--raised);rx:3px}
.hollow{fill:var(--raised);stroke:currentColor;stroke-width:1.6}.stroke{stroke:currentColor;stroke-width:1.8;
fill:none}.heavy{stroke-width:2.6}
#g-right path,#g-up path,#g-diamond path,#g-star path{fill:currentColor}#g-gem path{fill:var(--raised)}
.hatch{stroke-width:2}.hatch.cut{stroke:var(--unsure)}.hatch.down{stroke:var(--bad)}.hatch.pause{stroke:var(--soft)}
.speck{fill:var(--soft)}
svg .cut-span{fill:url(#h-cut);fill-opacity:.55;stroke:var(--unsure);stroke-width:.8}
svg .down-span{fill:url(#h-down);fill-opacity:.5;stroke:var(--bad);stroke-width:.8}
svg .pause-span{fill:url(#h-pause);fill-opacity:.6;stroke:var(--soft);stroke-width:.8}
svg .undone{fill:url(#h-undone);stroke:var(--faint);stroke-width:.8}
svg .replay{fill:currentColor;fill-opacity:.35;stroke:currentColor;stroke-width:.8}
svg .fault-span{fill:var(--bad);opacity:.45}
svg .bar{fill:currentColor}svg .bar-open{fill:var(--raised);stroke:currentColor;stroke-width:1.4;stroke-dasharray:3 2}
svg .align{fill:currentColor;fill-opacity:.2;stroke:currentColor;stroke-width:.6;rx:2px}svg .effect{fill:currentColor;
fill-opacity:.55}
svg .message{stroke:currentColor;stroke-width:1}svg .control{stroke-dasharray:3 3;opacity:.55}
svg .barrier{stroke-width:1.9;opacity:.9}
svg .log{stroke-dasharray:1 2.5;stroke-width:1.4}
.before{opacity:.45}.bad{color:var(--bad)}.e-none{color:var(--soft)}
.e0{color:var(--c0)}.e1{color:var(--c1)}.e2{color:var(--c2)}.e3{color:var(--c3)}.e4{color:var(--c4)}
.e5{color:var(--c5)}.e6{color:var(--c6)}.e7{color:var(--c7)}
@media (max-width:640px){.page{padding:1.6rem 1.1rem 3rem}h1{font-size:1.6rem}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{:root{color-scheme:light;--paper:#fff;--raised:#fff;--ink:#000;--soft:#444;--faint:#888;--rule:#ccc;
--wash:#f4f4f4;--good:#176b3a;
--good-wash:#fff;--bad:#a31d15;--bad-wash:#fff;--unsure:#7a4f00;--unsure-wash:#fff;--link:#000;--c0:#0b5cad;
--c1:#b8560b;--c2:#1e7d46;--c3:#8b3fa8;
--c4:#a1781a;--c5:#0f7f8c;--c6:#b0356f;--c7:#4b5aa8}
html{font-size:10.5pt}.page{max-width:none;padding:0}nav,.skip,.filter,.filter-label,summary{display:none}
.cards{grid-template-columns:repeat(3,1fr);gap:.6rem}.card{padding:.7rem .8rem}.counts dd{font-size:1.1rem}
.badge,.tag{border:1px solid currentColor}.card,figure,tr,.control{break-inside:avoid}
.lesser{display:none}table{font-size:7.5pt}th,td{padding-top:.15rem;padding-bottom:.15rem}
.scroll.configuration{columns:2;font-size:7pt}.legend{font-size:7.5pt}.steps,.findings{font-size:8.5pt}
h2,h3,h4,caption,figcaption{break-after:avoid}
section.run{margin-top:1.5rem;padding-top:1rem}h3{margin-top:1.2rem}.figure{overflow:visible;padding:0;border:0}
figure svg{width:100%;height:auto;max-height:105mm}
.scroll{overflow:visible}details{display:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
@page{margin:16mm 14mm}}
)css";

constexpr std::string_view kScript = R"js(
for (const table of document.querySelectorAll('table.ledger')) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 12) continue;
  const label = document.createElement('label');
  label.className = 'filter-label';
  label.textContent = 'Filter by word, position or transaction';
  const input = document.createElement('input');
  input.type = 'search';
  input.className = 'filter';
  const status = document.createElement('span');
  status.className = 'quiet';
  status.setAttribute('role', 'status');
  label.append(input);
  table.parentNode.before(label, status);
  input.addEventListener('input', () => {
    const wanted = input.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = wanted !== '' && !row.textContent.toLowerCase().includes(wanted);
      if (!row.hidden) ++shown;
    }
    status.textContent = wanted === '' ? '' : ' ' + shown + ' of ' + rows.length;
  });
}
)js";

}  // namespace

std::string_view html_css() { return kCss; }
std::string_view html_script() { return kScript; }

}  // namespace onceproof::reports
