/** A browser of a few lines: it keeps cookies by origin, and goes one navigation at a time. */
export class CookieBrowser {
  private readonly jars = new Map<string, Map<string, string>>();

  /** One navigation; redirects are answers. */
  async go(url: string): Promise<Response> {
    const response = await fetch(url, { redirect: 'manual', headers: { cookie: this.cookies(url) } });
    const jar = this.jar(url);
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split(/=(.*)/s, 2);
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects until an answer is none, or until one leads to where `until` says: it is not gone to. */
  async follow(
    url: string,
    until: (next: string) => boolean,
  ): Promise<{ readonly last: Response; readonly next: string }> {
    let next = url;
    for (let hops = 0; hops < 12; hops++) {
      const last = await this.go(next);
      const location = last.headers.get('location');
      if (location === null) return { last, next };
      next = new URL(location, next).href;
      if (until(next)) return { last, next };
    }
    throw new Error(`the redirects do not end: ${next}`);
  }

  cookie(url: string, name: string): string | null {
    return this.jar(url).get(name) ?? null;
  }

  set(url: string, name: string, value: string): void {
    this.jar(url).set(name, value);
  }

  private cookies(url: string): string {
    return [...this.jar(url)].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  private jar(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.jars.get(host) ?? new Map<string, string>();
    this.jars.set(host, jar);
    return jar;
  }
}
