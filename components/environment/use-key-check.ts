import { useRef, useState } from 'react'
import type { SaveEnvironmentResult, SaveRequest, TestKeyResult } from '#lib/environment/save-schema.ts'
import type { EnvironmentInput } from '#lib/environment/schema.ts'
import { type Check, type CheckReport, checkName } from '#lib/keys/schema.ts'

export interface KeyCheck {
  /** Proves these settings and keeps nothing. Never rejects: what goes wrong on the way is a result of status `error`. */
  test(settings: EnvironmentInput, restoredFrom?: number | null): Promise<TestKeyResult>
  /** Proves these settings and keeps them if nothing failed. Never rejects. */
  save(request: SaveRequest): Promise<SaveEnvironmentResult>
  readonly running: 'test' | 'save' | undefined
  /** Of the run under way: what is known so far, by `checkName`. */
  readonly checks: ReadonlyMap<string, Check>
  /** Of the last run that came to an end, or what the page came with. */
  readonly report: CheckReport | null
}

const none: ReadonlyMap<string, Check> = new Map()
const noAnswer = 'The console did not answer. Reload the page to see what is saved, then try again.'

/** Runs the key check on the server, and tells each check as soon as it is known. */
export function useKeyCheck(initial: CheckReport | null): KeyCheck {
  const [running, setRunning] = useState<KeyCheck['running']>()
  const [checks, setChecks] = useState(none)
  const [report, setReport] = useState(initial)
  // What an older run still says is not shown.
  const newest = useRef(0)

  async function run<R extends { status: string; report?: CheckReport }>(mode: 'test' | 'save', request: object) {
    newest.current += 1
    const mine = newest.current
    setRunning(mode)
    setChecks(none)
    const show = (check: Check) => {
      if (newest.current === mine) setChecks((before) => new Map(before).set(checkName(check), check))
    }
    const result = await ask<R>({ mode, ...request }, show).catch(() => ({
      status: 'error' as const,
      message: noAnswer,
      report: undefined,
    }))
    if (newest.current === mine) {
      setRunning(undefined)
      if (result.report) setReport(result.report)
    }
    return result
  }

  return {
    test: (settings, restoredFrom = null) => run<TestKeyResult>('test', { settings, restoredFrom }),
    save: (request) => run<SaveEnvironmentResult>('save', request),
    running,
    checks,
    report,
  }
}

/** One JSON value a line: `{ check }` for each check, `{ result }` at the end; an answer that refuses is one object. */
async function ask<R>(
  request: object,
  onCheck: (check: Check) => void,
): Promise<R | { status: 'error'; message: string; report?: undefined }> {
  const response = await fetch('/api/environment/check', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  if (!response.ok || !response.body) {
    const { message = noAnswer }: { message?: string } = await response.json()
    return { status: 'error', message }
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    rest += value ?? ''
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const event: { check?: Check; result?: R } = JSON.parse(line)
      if (event.check) onCheck(event.check)
      if (event.result) return event.result
    }
    if (done) throw new Error('The answer ended early.')
  }
}
