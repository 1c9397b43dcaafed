import { type KeyState, keyStates } from './schema.ts'

/** What the database says of a state. */
export const stateOf = (text: string): KeyState => keyStates.find((state) => state === text) ?? 'healthy'
