/** The page at `/` until there is a dashboard: it names the endpoints and loads nothing. */
export function welcomePage(publicApiUrl: string, publicProxyUrl: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Tollgate</title></head>
<body>
<h1>Tollgate</h1>
<p>A self-hosted gateway to AI providers: change the base URL, see, limit and price every call.</p>
<ul>
<li>Management, GraphQL (POST application/json): <code>${escapeHtml(publicApiUrl)}/graphql</code></li>
<li>Proxy, base URL of a client: <code>${escapeHtml(publicProxyUrl)}/v1/{account}/{gateway}/{provider}</code></li>
<li>Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a></li>
</ul>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
