/** What an action did not do, and why. What was typed is never part of it. */
export interface ActionError {
  readonly status: 'error'
  readonly message: string
  /** By the name of the field; of one in a list `furtherKeys.0.typed`. */
  readonly fieldErrors?: Readonly<Record<string, string>>
}

/** What a page learns of an action that it asked for. */
export type ActionResult<Done extends object = object> = ({ readonly status: 'success' } & Done) | ActionError
