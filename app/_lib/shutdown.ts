// Next waits for open requests before it stops, and an event stream goes on for seconds.
const kept: { vaultShutdown?: AbortController } & typeof globalThis = globalThis
kept.vaultShutdown ??= new AbortController()
const controller = kept.vaultShutdown

export const shuttingDown: AbortSignal = controller.signal
export const endStreams = (): void => controller.abort()
