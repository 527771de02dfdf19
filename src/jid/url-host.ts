/**
 * The host name that the runtime's own URL makes of a name, in A-labels (UTS 46), or `undefined`
 * where it accepts none. (`URL.canParse` would be shorter. On Node 20 it refuses some names in
 * Latin-1, such as `é`, after a few thousand calls.)
 */
export function urlHost(name: string): string | undefined {
  try {
    return new URL(`http://${name}`).hostname;
  } catch {
    return undefined;
  }
}
