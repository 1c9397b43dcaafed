// Apart from schema.ts, so that a browser that needs only this gets no zod.

/** Of a backup, restore or verification that has not ended: nobody is at it yet, somebody is, or it is tried again later. */
export const underWayStates = ['queued', 'running', 'waiting'] as const

export function isUnderWay({ state }: { readonly state: string }): boolean {
  return underWayStates.some((one) => one === state)
}
