/**
 * One spelling for each address: `2001:DB8:0::2`, `[2001:db8::2]` and `2001:db8::2` are one machine, and so are
 * `cp-1.example.com.` and `CP-1.example.com`.
 */
export function canonicalAddress(address: string): string {
  const bare = address.replace(/^\[(.*)\]$/, "$1");
  if (!bare.includes(":")) return bare.toLowerCase().replace(/\.$/, "");
  const [host = "", zone] = bare.split("%");
  try {
    const { hostname } = new URL(`http://[${host}]/`);
    return hostname.slice(1, -1) + (zone === undefined ? "" : `%${zone}`);
  } catch {
    return bare.toLowerCase();
  }
}

/** What `talosctl --nodes` cannot take, and what to write instead. */
export function problemWithAddress(
  address: string,
): { readonly message: string; readonly suggestion: string } | null {
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1];
  if (bracketed !== undefined)
    return { message: "has brackets, which machines are not called by", suggestion: `write ${bracketed}` };
  if (address.includes("%"))
    return {
      message: "has a zone, which means another network on every machine",
      suggestion: "write an address that is the same from everywhere",
    };
  if (/^https?:\/\//.test(address))
    return { message: "is a URL", suggestion: "write the host name or the IP address alone" };
  const [, host = "", port] = /^([^:]+):(\d+)$/.exec(address) ?? [];
  if (port !== undefined)
    return { message: `has a port, and Talos' API has 50000 on every machine`, suggestion: `write ${host}` };
  return null;
}
