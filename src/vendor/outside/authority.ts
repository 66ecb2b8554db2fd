/** `host:port` in lower case, with brackets where the host is an IPv6 address. */
export function authorityOf(host: string, port: number): string {
  const name = host.toLowerCase().replace(/^\[|\]$|\.$/g, "");
  return `${name.includes(":") ? `[${name}]` : name}:${port}`;
}

/** The `host:port` of a URL. */
export function authorityOfUrl({ hostname, port, protocol }: URL): string {
  return authorityOf(hostname, Number(port || (protocol === "http:" ? 80 : 443)));
}
