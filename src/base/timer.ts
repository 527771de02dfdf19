/** A timer that never keeps the process alive by itself: only sockets do. Cleared by calling it. */
export function after(milliseconds: number, action: () => void): () => void {
  const timer: unknown = setTimeout(action, milliseconds);
  // Node's timer is an object that can be unref'ed, a browser's is a number.
  if (typeof timer === "object" && timer !== null && "unref" in timer) {
    (timer as { unref(): void }).unref();
  }
  return () => {
    clearTimeout(timer as number);
  };
}

/** Resolves after so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    after(milliseconds, resolve);
  });
}
