/** The parts of a browser's window, worker or document that are listened to. Some runtimes have none. */
interface EventSource {
  readonly addEventListener?: (event: string, action: (event: PageEvent) => void) => void;
  readonly removeEventListener?: (event: string, action: (event: PageEvent) => void) => void;
}

interface PageEvent {
  /** True if the page comes out of the back-forward cache. */
  readonly persisted?: boolean;
}

/**
 * Tells when the network of a browser comes back (`true`) and goes (`false`). A page that was frozen, or kept in the
 * back-forward cache, is told as a network that is back, since its connections may be gone. Returns how to stop that.
 */
export function watchPageNetwork(action: (isOnline: boolean) => void): () => void {
  const back = (): void => {
    action(true);
  };
  const gone = (): void => {
    action(false);
  };
  const shown = ({ persisted }: PageEvent): void => {
    if (persisted === true) action(true);
  };
  const { document } = globalThis as { readonly document?: EventSource };
  const listeners: [EventSource | undefined, string, (event: PageEvent) => void][] = [
    [globalThis as EventSource, "online", back],
    [globalThis as EventSource, "offline", gone],
    [globalThis as EventSource, "pageshow", shown],
    [document, "resume", back],
  ];
  for (const [source, event, listener] of listeners) source?.addEventListener?.(event, listener);
  return () => {
    for (const [source, event, listener] of listeners) {
      source?.removeEventListener?.(event, listener);
    }
  };
}
