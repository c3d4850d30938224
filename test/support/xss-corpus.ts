/** Texts that run in a page which takes them for markup, a link or a template (after OWASP's filter evasion sheet). */

/** Sets what `HAS_RUN` reads, or loads what a policy forbids: a page that is clean shows neither. */
const RUN = 'window.xssHasRun=1';

export const XSS_CORPUS: readonly string[] = [
  `<script>${RUN}</script>`,
  `"><script>${RUN}</script>`,
  `'-${RUN}-'`,
  `</title><script>${RUN}</script>`,
  `</textarea><script>${RUN}</script>`,
  `<img src=x onerror=${RUN}>`,
  `<img src="x:x" onerror="${RUN}">`,
  `<svg onload=${RUN}>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<body onload=${RUN}>`,
  `<iframe srcdoc="<script>parent.xssHasRun=1</script>"></iframe>`,
  `<iframe src="javascript:parent.xssHasRun=1"></iframe>`,
  `<details open ontoggle=${RUN}>`,
  `<input autofocus onfocus=${RUN}>`,
  `<video><source onerror=${RUN}></video>`,
  `<a href="javascript:${RUN}">click</a>`,
  `javascript:${RUN}`,
  `[click](javascript:${RUN})`,
  `![x](x" onerror="${RUN})`,
  `<math><mtext><table><mglyph><style><img src onerror=${RUN}>`,
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>">`,
  `<style>@import'http://evil.example/x.css'</style>`,
  `<link rel=stylesheet href=http://evil.example/x.css>`,
  `<base href=http://evil.example/>`,
  `<meta http-equiv=refresh content="0;url=http://evil.example/">`,
  `<form action=http://evil.example/><button>go`,
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  `<xss style="behavior:url(x.htc)" onmouseover=${RUN}>`,
];

/** Evaluated in the page: true when one of them did what it says. */
export const HAS_RUN = 'window.xssHasRun === 1';
/** Evaluated in the page: elements that only markup out of these texts could have made. */
export const FOREIGN_ELEMENTS = `document.querySelectorAll(
  '#root :is(img, iframe, video, details, math, base, xss, animate, noscript, meta, link, style, script, form[action], [onload], [onerror], [href^="javascript"])',
).length`;
