import { ensureBuilt, nextBuild } from '#lib/supervisor/build.ts'

/** Before the first test, and not in its time: on a slow machine the build alone takes minutes. */
export default async function buildPages(): Promise<void> {
  const environment = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' } as const
  await ensureBuilt(nextBuild(environment), new AbortController().signal, (build) => build)
}
